/** What is wrong with one pool of a spec: by the JSON Schema, and by rules that a schema cannot express. */
import { relationProblems, type ShapedPool } from './pool-spec-relations.ts'
import { joined, POOL_SCHEMA, resolved, type Schema, type SpecProblem, schemaProblems } from './pool-spec-schema.ts'

/** All problems at once, but only one of them for the same place. */
export function problemsOf(pool: unknown): readonly SpecProblem[] {
  const expressions = expressionProblems(pool)
  const bySchema = schemaProblems(pool).filter(({ path }) => !expressions.some((one) => one.path === path))
  const isReported = ({ path }: SpecProblem) =>
    bySchema.some((one) => path === one.path || isWithin(path, one.path) || isMemberOf(one.path, path))
  const byRelation = relationProblems((shaped(pool, POOL_SCHEMA) ?? {}) as ShapedPool)
  return [...bySchema, ...byRelation.filter((one) => !isReported(one)), ...expressions]
}

const isWithin = (path: string, outer: string): boolean => path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`)

const isMemberOf = (path: string, object: string): boolean => isWithin(path, object) && /^\.\w+$/.test(path.slice(object.length))

/** The value without what is not of the shape that the schema demands: objects and lists are where the schema has them. */
function shaped(value: unknown, schema: Schema): unknown {
  const { type, properties, items, additionalProperties } = resolved(schema)
  if (type === 'array') return Array.isArray(value) && items ? value.map((item) => shaped(item, items) ?? {}) : undefined
  if (type !== 'object') return typeof value === 'object' ? undefined : value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  if (!properties) return additionalProperties === undefined ? value : { ...value }
  const entries = Object.entries(value).map(([name, inner]) => [name, properties[name] && shaped(inner, properties[name])] as const)
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined))
}

/** Text that another tool should have replaced: an expression of an ARM template or of GitHub. */
const EXPRESSIONS: readonly (readonly [RegExp, string])[] = [
  [
    /^\[(?!\[)[A-Za-z][\w.]*\(.*\][^\]]*\]$|^\[(?!\[)[A-Za-z][\w.]*\(.*\)[^)]*\]$/s,
    'is an expression of an ARM template; write its value instead',
  ],
  [/\$\{\{.*\}\}/s, 'is a GitHub expression, which is not evaluated in a file; write its value instead'],
]

/** Values that are programs, in which brackets and braces mean something else. */
const PROGRAMS = new Set(['commandLine', 'formula'])

function expressionProblems(value: unknown, path = ''): readonly SpecProblem[] {
  if (typeof value === 'string') {
    const found = EXPRESSIONS.find(([pattern]) => pattern.test(value))
    return found ? [{ path, problem: found[1] }] : []
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => (PROGRAMS.has(name) ? [] : expressionProblems(inner, joined(path, name))))
}
