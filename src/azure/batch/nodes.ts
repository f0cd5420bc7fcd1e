/** Nodes, their counts and the images they may run, from the JSON of the data plane. */
import { innermost } from '../../errors/innermost.ts'
import type { ComputeNode, NodeError, NodeSighting, NodeState, NodeStateCounts, SupportedImage } from '../../model/batch-service.ts'
import type { OsType } from '../../model/compute.ts'

export interface WireSupportedImage {
  readonly nodeAgentSKUId: string
  readonly imageReference: SupportedImage['imageReference']
  readonly osType: string
  readonly verificationType: SupportedImage['verificationType']
  readonly batchSupportEndOfLife?: string
}

export interface WireNodeCounts {
  readonly poolId: string
  readonly dedicated: Record<string, number>
  readonly lowPriority: Record<string, number>
}

export interface WireNode {
  readonly id: string
  readonly state: string
  readonly isDedicated?: boolean
  readonly allocationTime?: string
  readonly stateTransitionTime?: string
  readonly affinityId?: string
  readonly errors?: readonly { readonly code?: string; readonly message?: string; readonly errorDetails?: readonly NameValue[] }[]
  readonly startTaskInfo?: {
    readonly state: string
    readonly exitCode?: number
    readonly failureInfo?: WireError
  }
}

/** Why a node, its start task or a task failed. */
export interface WireError {
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly details?: readonly NameValue[] | undefined
}

interface NameValue {
  readonly name?: string
  readonly value?: string
}

export function toSupportedImage({
  nodeAgentSKUId,
  osType,
  batchSupportEndOfLife,
  imageReference,
  verificationType,
}: WireSupportedImage): SupportedImage {
  return {
    nodeAgentSkuId: nodeAgentSKUId,
    imageReference,
    osType: (osType.toLowerCase() === 'windows' ? 'Windows' : 'Linux') satisfies OsType,
    verificationType,
    ...(batchSupportEndOfLife && { batchSupportEndOfLife }),
  }
}

/** States with at least one node; `total` is a sum, not a state. */
export function present(counts: Record<string, number> = {}): NodeStateCounts {
  return Object.fromEntries(Object.entries(counts).filter(([state, count]) => state !== 'total' && count > 0)) as NodeStateCounts
}

const STATES: readonly NodeState[] = [
  'creating',
  'starting',
  'waitingForStartTask',
  'idle',
  'running',
  'startTaskFailed',
  'unusable',
  'offline',
  'preempted',
  'rebooting',
  'reimaging',
  'leavingPool',
  'upgradingOS',
  'deallocating',
  'deallocated',
]

/** Nodes carry their state in lower case (`starttaskfailed`), counts in camel case. */
function stateOf(text: string): NodeState {
  return STATES.find((state) => state.toLowerCase() === text.toLowerCase()) ?? 'unknown'
}

export function toNode({ id, state, isDedicated = true, affinityId, errors = [], startTaskInfo }: WireNode): ComputeNode {
  return {
    id,
    state: stateOf(state),
    isDedicated,
    ...(affinityId && { affinityId }),
    errors: errors.map(({ errorDetails, ...error }) => toError({ ...error, details: errorDetails })),
    ...(startTaskInfo && { startTaskInfo: toStartTaskInfo(startTaskInfo) }),
  }
}

export function toSighting({ id, state, isDedicated = true, allocationTime, stateTransitionTime }: WireNode): NodeSighting {
  return {
    id,
    state: stateOf(state),
    isDedicated,
    ...(allocationTime && { allocationTime }),
    ...(stateTransitionTime && { stateTransitionTime }),
  }
}

function toStartTaskInfo({
  state,
  exitCode,
  failureInfo,
}: NonNullable<WireNode['startTaskInfo']>): NonNullable<ComputeNode['startTaskInfo']> {
  return {
    state,
    ...(exitCode !== undefined && { exitCode }),
    ...(failureInfo && { failureInfo: toError(failureInfo) }),
  }
}

/** With its innermost words: the details of a node error hold those of the provider. */
export function toError(error: WireError): NodeError {
  const { code, message } = innermost(error)
  return { code, message, details: (error.details ?? []).map(toDetail) }
}

const toDetail = ({ name = '', value = '' }: NameValue) => ({ name, value })
