/** The JSON Schema of a pool, and what is wrong with a pool by it alone. */
import { type OutputUnit, Validator } from '@cfworker/json-schema'
import SCHEMA from './pool-spec.schema.json' with { type: 'json' }
import { adviceForName, nearest } from './pool-spec-names.ts'
import { SECRET_MEMBERS } from './secrets.ts'

export interface SpecProblem {
  /** E.g. `startTask.resourceFiles[0].fileMode`; empty for the pool itself. */
  readonly path: string
  /** Quotes the value, but never a secret. */
  readonly problem: string
  readonly allowed?: string
}

/** The part of JSON Schema that the schema of a pool uses. */
export interface Schema {
  readonly $ref?: string
  readonly definitions?: Readonly<Record<string, Schema>>
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly propertyNames?: Schema
  readonly items?: Schema
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
  readonly maxLength?: number
}

const DEFINITIONS = SCHEMA.definitions as unknown as Readonly<Record<string, Schema>>

export const POOL_SCHEMA: Schema = { $ref: '#/definitions/Pool' }

/** The definition behind a reference. */
export function resolved(schema: Schema): Schema {
  const name = schema.$ref?.slice(schema.$ref.lastIndexOf('/') + 1)
  return name === undefined ? schema : (DEFINITIONS[name] ?? {})
}

const validatorOf = (schema: Schema): Validator => new Validator({ definitions: DEFINITIONS, ...schema } as object, '7', false)

const POOL_VALIDATOR = validatorOf(POOL_SCHEMA)

/** Members whose values never appear in a message: secrets, and members that often contain secrets. */
const QUIET = [
  ...SECRET_MEMBERS,
  ...['azureFileUrl', 'commandLine', 'containerRunOptions', 'environmentSettings', 'formula', 'httpUrl', 'keyUrl'],
  ...['settings', 'source', 'storageContainerUrl'],
]
const IS_QUIET = new RegExp(`(?:^|[.\\]])(?:${QUIET.join('|')})\\b`)

/** What is wrong with a value by its schema. @param schema of the value: a pool, or a part of one. Default: a pool */
export function schemaProblems(value: unknown, schema: Schema = POOL_SCHEMA): readonly SpecProblem[] {
  const { errors } = (schema === POOL_SCHEMA ? POOL_VALIDATOR : validatorOf(schema)).validate(value)
  const mistyped = new Set(errors.filter(({ keyword }) => keyword === 'type').map(({ instanceLocation }) => instanceLocation))
  return errors
    .filter(({ keyword, instanceLocation }) => keyword === 'type' || !mistyped.has(instanceLocation))
    .flatMap((error) => explained(error, value, schema))
}

function explained({ keyword, keywordLocation, instanceLocation, error }: OutputUnit, pool: unknown, root: Schema): readonly SpecProblem[] {
  const at = segmentsOf(instanceLocation)
  const path = pathOf(at)
  const schema = schemaAt(segmentsOf(keywordLocation).slice(0, -1), root)
  const value = at.reduce<unknown>((bag, name) => (bag as Record<string, unknown> | undefined)?.[name], pool)
  const name = /^[^"]*"(.*)"/s.exec(error)?.[1] ?? ''
  const child = path ? `${path}.${name}` : name
  const say = (problem: string, allowed?: string) => [{ path, problem, ...(allowed && { allowed }) }]
  switch (keyword) {
    case 'type':
      return say(found(value, path), typeAllowed(schema))
    case 'enum': {
      if (value === 'RetainedData') return say('is "RetainedData", which Azure Batch retired', schema.enum?.join(', '))
      const near = nearest(String(value), schema.enum ?? [])
      return say(`${found(value, path)}${near ? `; did you mean "${near}"?` : ''}`, schema.enum?.join(', '))
    }
    case 'minimum':
    case 'maximum':
      return say(found(value, path), rangeOf(schema))
    case 'pattern':
      if (keywordLocation.includes('/propertyNames/')) return say('is not the resource id of a user-assigned identity', schema.description)
      return say(found(value, path), schema.description)
    case 'required':
      return [{ path: child, problem: SECRET_MEMBERS.includes(name) ? 'is missing; Azure never returns it, so add it' : 'is missing' }]
    case 'additionalProperties': {
      const known = Object.keys(schema.properties ?? {})
      if (!schema.properties || known.includes(name)) return []
      const problem = adviceForName(name, { known, isTop: path === '' && root === POOL_SCHEMA, value: undefined })
      return [{ path: child, problem, ...(problem === 'is not a known property' && { allowed: known.join(', ') }) }]
    }
    case 'maxItems':
      return say(`has more than ${schema.maxItems} entries`)
    case 'maxLength':
      return say(`is longer than ${schema.maxLength} letters`)
    case 'minProperties':
    case 'maxProperties':
      return say(
        keyword === 'minProperties' ? 'is empty' : 'has more than one of them',
        `one of ${Object.keys(schema.properties ?? {}).join(', ')}`,
      )
    default:
      return []
  }
}

function typeAllowed({ type, items, enum: values, ...schema }: Schema): string {
  if (type === 'array') {
    const names = Object.keys(resolved(items ?? {}).properties ?? {})
    return names.join() === 'name,value' ? 'a list of `name` and `value`' : 'a list'
  }
  if (type === 'object') return 'a mapping'
  if (type === 'boolean') return 'true, false'
  if (type === 'integer') return rangeOf(schema)
  return values?.join(', ') ?? 'a text, in quotes where it looks like a number'
}

const LARGEST_INT32 = 2_147_483_647

function rangeOf({ minimum = 0, maximum = LARGEST_INT32 }: Schema): string {
  return maximum === LARGEST_INT32 ? `a whole number, at least ${minimum}` : `a whole number, ${minimum} to ${maximum}`
}

/** `ConvertTo-Json` writes the name of a type, or `@{…}`, in place of values that are deeper than its `-Depth`. */
const CUT_OFF = /^(?:@\{|System\.|Microsoft\.Azure\.)/

function found(value: unknown, path: string): string {
  if (value === null) return 'is empty'
  if (Array.isArray(value)) return 'is a list'
  if (typeof value === 'object') return 'is a mapping'
  if (typeof value === 'string' && CUT_OFF.test(value)) return 'was cut off by PowerShell; use `ConvertTo-Json -Depth 100`'
  if (IS_QUIET.test(path)) return `is a ${typeof value === 'string' ? 'text' : typeof value} that is not allowed (not shown)`
  if (typeof value === 'string') return `is ${JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)}`
  return `is the ${typeof value} ${value}`
}

const segmentsOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))

function pathOf(segments: readonly string[]): string {
  return segments.reduce((path, name) => joined(path, name), '')
}

/** The path of the member `name` of the value at `path`. */
export function joined(path: string, name: string): string {
  if (/^\d+$/.test(name)) return `${path}[${name}]`
  const shown = name.includes('/') ? `["${name}"]` : name
  return path && shown && !shown.startsWith('[') ? `${path}.${shown}` : `${path}${shown}`
}

function schemaAt(segments: readonly string[], root: Schema): Schema {
  let schema: Schema = root
  for (const segment of segments) {
    schema = segment === '$ref' ? resolved(schema) : ((schema as Readonly<Record<string, Schema>>)[segment] ?? {})
  }
  return schema
}
