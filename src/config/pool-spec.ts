/** YAML or JSON → pools in ARM's shape. */
import { parseAllDocuments } from 'yaml'
import { nameOf } from '../model/arm-id.ts'
import type { PoolEnvelope, PoolProperties } from '../model/batch.ts'
import { isoDuration, parseDurationMs } from '../model/duration.ts'
import type { InputReader, Inputs } from './inputs.ts'
import { problemsOf } from './pool-spec-rules.ts'

export interface PoolSpec extends PoolEnvelope {
  readonly id?: string
  readonly properties: PoolProperties
}

/** The pools of `pool-spec`: inline, or a file of the workspace; one, or a list. Empty where none is given. */
export function readPoolSpecs(inputs: Inputs, reader: InputReader): readonly PoolSpec[] {
  const given = inputs.text('pool-spec')
  if (given === '') return []
  const isPath = !given.includes('\n') && /\.(?:ya?ml|json)$/i.test(given)
  const text = isPath ? reader.file(given) : given
  if (text === undefined) {
    inputs.refuse('pool-spec', 'is a path, but there is no such file; check the repository out before this step')
    return []
  }
  const pools = parse(text, (problem) => inputs.refuse('pool-spec', problem, undefined, isPath ? given : ''))
  const specs = pools.flatMap((pool, index) => readPoolSpec(inputs, pool, pools.length > 1 ? `[${index}]` : ''))
  refuseTwins(inputs, specs)
  return specs
}

/** Several documents are several pools too. Nothing of the text goes into a message: there may be secrets in it. */
function parse(text: string, refuse: (problem: string) => void): readonly unknown[] {
  const documents = parseAllDocuments(text, { merge: true })
  const wrong = documents.flatMap(({ errors }) => errors)
  for (const { message, linePos, code } of wrong) {
    const at = linePos?.[0]
    const words = code === 'DUPLICATE_KEY' ? 'a key is there twice' : message.split(/ at line \d+|\n/)[0]?.replace(/: .*$/, '')
    refuse(`is not valid YAML or JSON: ${words}${at ? `, line ${at.line}, column ${at.col}` : ''}`)
  }
  if (wrong.length > 0) return []
  try {
    const values = documents.filter(({ contents }) => contents !== null).map((document) => document.toJS() as unknown)
    const pools = values.flat()
    // An alias that holds itself has no end; only this finds it.
    JSON.stringify(pools)
    if (pools.length === 0) refuse('is empty: it names no pool')
    return pools
  } catch {
    refuse('has an alias without an anchor, an alias that contains itself, or too many aliases')
    return []
  }
}

function readPoolSpec(inputs: Inputs, item: unknown, at: string): readonly PoolSpec[] {
  const refuse = (path: string, problem: string, allowed?: string) =>
    inputs.refuse(
      'pool-spec',
      `${at}${at && path && !path.startsWith('[') ? '.' : ''}${path}${at || path ? ': ' : ''}${problem}`,
      allowed,
      '',
    )
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    refuse('', 'is not a mapping of pool properties')
    return []
  }
  if ('resources' in item || ('$schema' in item && /deploymentTemplate/i.test(String(item.$schema)))) {
    refuse('', 'is a whole ARM template; give only its pool resource')
    return []
  }
  const pool = flat(item as Readonly<Record<string, unknown>>)
  const problems = problemsOf(pool)
  for (const { path, problem, allowed } of problems) refuse(path, problem, allowed)
  if (problems.length > 0) return []
  const { id, identity, tags, ...properties } = pool as PoolProperties & Pick<PoolSpec, 'id' | 'identity' | 'tags'>
  return [{ properties: withIsoDurations(properties), ...(id && { id }), ...(identity && { identity }), ...(tags && { tags }) }]
}

const AROUND_PROPERTIES = [
  'name',
  'id',
  'type',
  'apiVersion',
  'parent',
  'dependsOn',
  'identity',
  'tags',
  'properties',
  'etag',
  'systemData',
]

/** A pool as it stands in Bicep, in an ARM template or in an answer of ARM, with its properties one level up. */
function flat(item: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { name, id, identity, tags, properties, type } = item
  const isResource =
    typeof properties === 'object' &&
    properties !== null &&
    Object.keys(item).every((key) => AROUND_PROPERTIES.includes(key)) &&
    (type === undefined || /^Microsoft\.Batch\/batchAccounts\/pools(?:@.*)?$/i.test(String(type)))
  if (!isResource) return item
  const named = name ?? id
  return {
    ...(named !== undefined && { id: typeof named === 'string' ? nameOf(named) : named }),
    ...(identity !== undefined && identity !== null && { identity }),
    ...(tags !== undefined && tags !== null && { tags }),
    ...properties,
  }
}

/** `30m` is for people; Azure takes ISO 8601. */
function withIsoDurations(properties: PoolProperties): PoolProperties {
  const { fixedScale, autoScale } = properties.scaleSettings ?? {}
  const iso = (text: string) => isoDuration(parseDurationMs(text) ?? 0)
  if (fixedScale?.resizeTimeout)
    return { ...properties, scaleSettings: { fixedScale: { ...fixedScale, resizeTimeout: iso(fixedScale.resizeTimeout) } } }
  if (autoScale?.evaluationInterval)
    return { ...properties, scaleSettings: { autoScale: { ...autoScale, evaluationInterval: iso(autoScale.evaluationInterval) } } }
  return properties
}

/** Batch compares ids of pools without regard to case. */
function refuseTwins(inputs: Inputs, specs: readonly PoolSpec[]): void {
  const ids = specs.map(({ id }) => id?.toLowerCase())
  const twins = specs.filter(({ id }, index) => id !== undefined && ids.indexOf(id.toLowerCase()) !== index)
  for (const { id } of twins) inputs.refuse('pool-spec', `names pool ${id} more than once`, undefined, '')
}
