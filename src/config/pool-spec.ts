/** YAML or JSON → pools in ARM's shape. */
import { type ArmId, nameOf } from '../model/arm-id.ts'
import type { PoolEnvelope, PoolProperties } from '../model/batch.ts'
import { isoDuration, parseDurationMs } from '../model/duration.ts'
import type { InputReader, Inputs } from './inputs.ts'
import { dataPlanePath, fromDataPlane, isDataPlane } from './pool-spec-data-plane.ts'
import { plainName } from './pool-spec-names.ts'
import { normalized } from './pool-spec-normal.ts'
import { problemsOf } from './pool-spec-rules.ts'
import type { SpecProblem } from './pool-spec-schema.ts'
import { type FoundPool, poolsIn } from './pool-spec-shapes.ts'
import { parseValues, readSpecText } from './pool-spec-text.ts'

export interface PoolSpec extends PoolEnvelope {
  readonly id?: string
  /** Name or resource id; absent: that of `batch-account`. */
  readonly batchAccount?: string
  /** The account in the resource id of a pool that was read back from Azure. */
  readonly accountOfId?: ArmId
  readonly properties: PoolProperties
}

/**
 * The pools of `pool-spec`: inline or in a file of the workspace, one pool or a list. Empty where the input is empty, or is not a pool at
 * all. A pool with problems is included, as far as it could be read.
 */
export function readPoolSpecs(inputs: Inputs, reader: InputReader): readonly PoolSpec[] {
  const given = inputs.text('pool-spec')
  if (given === '') return []
  const found = readSpecText(given, reader, (problem, path) => inputs.refuse('pool-spec', problem, undefined, path ?? ''))
  if (!found) return []
  const values = parseValues(found.text, (problem) => inputs.refuse('pool-spec', problem, undefined, found.path ?? ''))
  inputs.hide(values, openNamesIn(values))
  const pools = values.flatMap((value, index) => poolsIn(value, values.length > 1 ? `[${index}]` : ''))
  const notes = new Notes()
  const specs = pools.flatMap((pool) => {
    if ('pool' in pool) return readPool(pool, notes, (problem) => refuse(inputs, pool.at, problem))
    refuse(inputs, pool.at, { path: '', problem: pool.problem })
    return []
  })
  inputs.notices.push(...notes.sentences())
  return specs
}

/** The names of pools, accounts and VM sizes anywhere in a value. */
function openNamesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    if (typeof inner === 'string') return ['id', 'name', 'vmsize', 'batchaccount'].includes(plainName(name)) ? [nameOf(inner)] : []
    return plainName(name) === 'starttask' ? [] : openNamesIn(inner)
  })
}

function refuse(inputs: Inputs, at: string, { path, problem, allowed }: SpecProblem): void {
  const place = at && path ? (path.startsWith('[') ? `${at}${path}` : `${at}.${path}`) : at || path
  inputs.refuse('pool-spec', `${place}${place && ': '}${problem}`, allowed, '')
}

/** What was left out of the pools or translated, collected so that it is reported once for all pools. */
class Notes {
  readonly readOnly = new Set<string>()
  readonly withoutEffect = new Set<string>()
  readonly emptyText = new Set<string>()
  readonly ignored = new Set<string>()
  isTranslated = false

  sentences(): readonly string[] {
    const list = (names: ReadonlySet<string>) => [...names].map((name) => `\`${name}\``).join(', ')
    return [
      ...(this.isTranslated
        ? ['`pool-spec` is in the shape of the Batch data plane (`az batch pool create --json-file`) and was translated to that of ARM.']
        : []),
      ...(this.readOnly.size > 0 ? [`Read-only properties of \`pool-spec\` were ignored: ${list(this.readOnly)}.`] : []),
      ...(this.withoutEffect.size > 0
        ? [`Properties of \`pool-spec\` that have no effect were ignored: ${list(this.withoutEffect)}.`]
        : []),
      ...(this.emptyText.size > 0 ? [`Empty texts in \`pool-spec\` were read as absent: ${list(this.emptyText)}.`] : []),
      ...(this.ignored.size > 0 ? [`Members of \`pool-spec\` beside the properties of the pool were ignored: ${list(this.ignored)}.`] : []),
    ]
  }
}

function readPool(found: FoundPool, notes: Notes, report: (problem: SpecProblem) => void): readonly PoolSpec[] {
  const translated = isDataPlane(found.pool) ? fromDataPlane(found.pool) : undefined
  const { pool, problems, leftOut } = normalized(translated?.pool ?? found.pool)
  const shown = ({ path, ...said }: SpecProblem) => ({ ...said, path: translated ? dataPlanePath(path) : path })
  const all = [...found.problems, ...(translated?.problems ?? []), ...[...problems, ...problemsOf(pool)].map(shown)]
  for (const problem of all) report(problem)
  for (const path of leftOut.readOnly) notes.readOnly.add(path)
  for (const path of [...leftOut.withoutEffect, ...(translated?.withoutEffect ?? [])]) notes.withoutEffect.add(path)
  for (const path of leftOut.emptyText) notes.emptyText.add(path)
  for (const name of found.ignored) notes.ignored.add(name)
  notes.isTranslated ||= translated !== undefined
  const { id, batchAccount, identity, tags, ...properties } = pool as PoolProperties & Omit<PoolSpec, 'properties'>
  const isSound = all.length === 0
  return [
    {
      properties: isSound ? withIsoDurations(properties) : { ...(properties.vmSize && { vmSize: properties.vmSize }) },
      ...(id && { id: String(id) }),
      ...(typeof batchAccount === 'string' && { batchAccount }),
      ...(found.accountOfId && { accountOfId: found.accountOfId }),
      ...(isSound && identity && { identity }),
      ...(isSound && tags && { tags }),
    },
  ]
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
