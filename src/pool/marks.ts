/**
 * Pure: what this action writes into the metadata of a pool or a job, so that a later run can finish the work of an interrupted one. Batch
 * itself gives metadata no meaning. https://learn.microsoft.com/rest/api/batchmanagement/pool/update#metadataitem
 */
import { isDeepStrictEqual } from 'node:util'
import type { Pool, PoolProperties, ScaleSettings, VirtualMachineConfiguration } from '../model/batch.ts'
import { type NodeTotals, totalOf } from '../model/nodes.ts'
import { targetFrom, totals } from './size.ts'

export type Metadata = NonNullable<PoolProperties['metadata']>

export const MARKS = {
  /** On a pool that is drained for its new image or its successor: its last healthy image and size. Removed once the new image is healthy. */
  before: 'image-pool-before',
  /** On a blue-green pool: the name it serves under, and its own (`writeSuccessorMark`). */
  successorOf: 'image-pool-successor-of',
  /** On a job that was disabled only to be moved. */
  enable: 'image-pool-enable',
  /** On a proof pool: the pool that it was made for. */
  proofOf: 'image-pool-proof-of',
  /** On a proof pool: the run that made it. */
  proofRun: 'image-pool-proof-run',
  /** On a new pool whose nodes have not passed the smoke test yet. */
  untested: 'image-pool-untested',
  /** The names, never the values, of what this action has set in the pool (`own-names.ts`). */
  sets: 'image-pool-sets',
  /** Fingerprints of the secrets that it has set (`secret-fingerprints.ts`). */
  secrets: 'image-pool-secrets',
  /** On the job of a smoke test: the pool that it runs on. */
  smokeTestOf: 'image-pool-smoke-test-of',
} as const

const OWN: ReadonlySet<string> = new Set(Object.values(MARKS))

export const withoutMarks = (metadata: Metadata = []): Metadata => metadata.filter(({ name }) => !OWN.has(name))

export const marksIn = (metadata: Metadata = []): Metadata => metadata.filter(({ name }) => OWN.has(name))

/** Without `value`, the mark is removed. */
export function withMark(metadata: Metadata = [], name: string, value?: string): Metadata {
  const others = metadata.filter((item) => item.name !== name)
  return value === undefined ? others : [...others, { name, value }]
}

/** Marks by name; a mark without a value is removed. */
export type MarkChanges = Readonly<Record<string, string | undefined>>

export const withMarks = (metadata: Metadata | undefined, marks: MarkChanges): Metadata =>
  Object.entries(marks).reduce((items, [name, value]) => withMark(items, name, value), metadata ?? [])

export const markIn = (metadata: Metadata = [], name: string): string | undefined => metadata.find((item) => item.name === name)?.value

/** Pool ids have no `/`. */
export interface SuccessorMark {
  /** The name that the pool serves under. */
  readonly serves: string
  /** The name of the pool that the mark was written on; in a clone, that is another pool. */
  readonly own: string
}

export const writeSuccessorMark = ({ serves, own }: SuccessorMark): string => `${serves}/${own}`

export function readSuccessorMark(text: string | undefined): Partial<SuccessorMark> {
  const [serves, own] = text?.split('/') ?? []
  return { ...(serves && { serves }), ...(own && { own }) }
}

/** A mark with the name of its pool: a clone has it too, but it counts only on the pool that it was written on. */
export const writePoolMark = (poolName: string, text: string): string => `${poolName}/${text}`

/** The text of the mark; `undefined` where the mark was written on another pool. */
export function readPoolMark(mark: string | undefined, poolName: string): string | undefined {
  const end = mark?.indexOf('/') ?? -1
  return mark !== undefined && mark.slice(0, end).toLowerCase() === poolName.toLowerCase() ? mark.slice(end + 1) : undefined
}

/** The state that a rollback restores. */
export interface LastState extends Pick<VirtualMachineConfiguration, 'imageReference' | 'nodeAgentSkuId' | 'securityProfile'> {
  readonly vmSize?: string
  readonly scaleSettings: ScaleSettings
  /** What a pool with a formula had: it keeps them when the formula is switched off. */
  readonly nodes?: NodeTotals
  /** The name of the pool whose state this is; in a clone, that is another pool. */
  readonly pool?: string
}

/**
 * The state in the mark of an earlier run, otherwise that of the pool as it is. A size that the pool was given since replaces the marked
 * one.
 */
export function lastStateOf(pool: Pool): LastState {
  const { name, properties } = pool
  const marked = markedStateOf(pool)
  if (marked) return isSizeOnTheWay(pool, marked) ? marked : { ...marked, scaleSettings: properties.scaleSettings ?? {} }
  const { imageReference, nodeAgentSkuId, securityProfile } = properties.deploymentConfiguration?.virtualMachineConfiguration ?? {}
  return {
    pool: name,
    ...(properties.vmSize && { vmSize: properties.vmSize }),
    ...(imageReference && { imageReference }),
    ...(nodeAgentSkuId && { nodeAgentSkuId }),
    ...(securityProfile && { securityProfile }),
    scaleSettings: properties.scaleSettings ?? {},
    ...(properties.scaleSettings?.autoScale && { nodes: totals(pool) }),
  }
}

/** The state in the mark of an earlier run, as long as the pool has been given no size since. */
export function owedStateOf(pool: Pool): LastState | undefined {
  const marked = markedStateOf(pool)
  return marked && isSizeOnTheWay(pool, marked) ? marked : undefined
}

function markedStateOf({ name, properties }: Pool): LastState | undefined {
  const found = readMark(markIn(properties.metadata, MARKS.before))
  return found && (found.pool ?? name).toLowerCase() === name.toLowerCase() ? found : undefined
}

/**
 * Whether the pool is drained, or has lost its formula to a drain. Neither a drain that was stopped nor a formula that was switched off is a
 * size that somebody gave it: the target becomes the nodes that there are.
 * https://learn.microsoft.com/rest/api/batchmanagement/pool/stop-resize
 */
function isSizeOnTheWay({ properties }: Pool, { nodes }: LastState): boolean {
  const { scaleSettings: { autoScale, fixedScale } = {}, resizeOperationStatus } = properties
  if (autoScale) return false
  const target = targetFrom(fixedScale)
  const isStopped = resizeOperationStatus !== undefined && totalOf(targetFrom(resizeOperationStatus)) === 0
  return totalOf(target) === 0 || isStopped || isDeepStrictEqual(target, nodes)
}

/** Batch refuses metadata that is too large (`MetadataTooLarge`), but documents no limit. */
const LONGEST_MARK = 2_000

/** A formula that is too long for a mark is left out: then only the spec or the log of the run has it. */
export function writeMark(state: LastState): string {
  const text = JSON.stringify(state)
  return text.length <= LONGEST_MARK ? text : JSON.stringify({ ...state, scaleSettings: {} })
}

function readMark(text: string | undefined): LastState | undefined {
  try {
    const state = JSON.parse(text ?? '') as Partial<LastState>
    return typeof state.scaleSettings === 'object' ? { ...state, scaleSettings: state.scaleSettings } : undefined
  } catch {
    return undefined
  }
}
