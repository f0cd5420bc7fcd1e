/** Words and sums for nodes. Azure's `lowPriority` is called Spot, as its portal does. */
import type { NodeCounts, NodeState, NodeStateCounts } from './batch-service.ts'

export const totalOf = ({ dedicated, lowPriority }: NodeTotals): number => dedicated + lowPriority

export const sumOf = (counts: NodeStateCounts): number => Object.values(counts).reduce((sum, count) => sum + count, 0)

/** Nodes in any of these states. */
export const countIn = (counts: NodeCounts | undefined, states: readonly NodeState[]): number =>
  states.reduce((sum, state) => sum + (counts?.dedicated[state] ?? 0) + (counts?.lowPriority[state] ?? 0), 0)

/** E.g. `1,200`. */
export const count = (value: number): string => value.toLocaleString('en-US')

/** E.g. `900 dedicated nodes`, `800 dedicated and 100 Spot nodes`. */
export function nodesOf({ dedicated, lowPriority }: NodeTotals): string {
  if (lowPriority === 0) return `${count(dedicated)} dedicated node${dedicated === 1 ? '' : 's'}`
  const spot = `${count(lowPriority)} Spot node${lowPriority === 1 ? '' : 's'}`
  return dedicated === 0 ? spot : `${count(dedicated)} dedicated and ${spot}`
}

/** For a cell of a table, e.g. `790`, `790 + 100 Spot`, `100 Spot`. */
export function shortNodes({ dedicated, lowPriority }: NodeTotals): string {
  if (lowPriority === 0) return count(dedicated)
  return dedicated === 0 ? `${count(lowPriority)} Spot` : `${count(dedicated)} + ${count(lowPriority)} Spot`
}

/** E.g. `0 of 10 dedicated nodes`, `790 of 800 dedicated and 3 of 100 Spot nodes`: only kinds that are requested or present. */
export function nodesOutOf(current: NodeTotals, target: NodeTotals): string {
  const dedicated = `${count(current.dedicated)} of ${count(target.dedicated)} dedicated`
  const spot = `${count(current.lowPriority)} of ${count(target.lowPriority)} Spot`
  if (current.lowPriority + target.lowPriority === 0) return `${dedicated} nodes`
  return current.dedicated + target.dedicated === 0 ? `${spot} nodes` : `${dedicated} and ${spot} nodes`
}

/** Rounded down, so that 100 % means all. */
export const percent = (part: number, whole: number): string => `${whole === 0 ? 100 : Math.floor((100 * part) / whole)} %`

export type StateKind = 'healthy' | 'coming' | 'going' | 'broken'

/**
 * What each state means for a pool that should work, in the order of display.
 * https://learn.microsoft.com/azure/batch/batch-get-resource-counts
 */
export const STATES: Readonly<Record<NodeState, { readonly label: string; readonly kind: StateKind }>> = {
  idle: { label: 'idle', kind: 'healthy' },
  running: { label: 'running', kind: 'healthy' },
  creating: { label: 'creating', kind: 'coming' },
  starting: { label: 'starting', kind: 'coming' },
  waitingForStartTask: { label: 'waiting for start task', kind: 'coming' },
  rebooting: { label: 'rebooting', kind: 'coming' },
  reimaging: { label: 'reimaging', kind: 'coming' },
  upgradingOS: { label: 'upgrading OS', kind: 'coming' },
  startTaskFailed: { label: 'start task failed', kind: 'broken' },
  unusable: { label: 'unusable', kind: 'broken' },
  offline: { label: 'offline', kind: 'broken' },
  unknown: { label: 'unknown', kind: 'broken' },
  preempted: { label: 'preempted', kind: 'going' },
  leavingPool: { label: 'leaving pool', kind: 'going' },
  deallocating: { label: 'deallocating', kind: 'going' },
  deallocated: { label: 'deallocated', kind: 'going' },
}

/** States that have nodes, in the order of `STATES`. */
export function occupiedStates({ dedicated, lowPriority }: NodeCounts): readonly (NodeTotals & { readonly state: NodeState })[] {
  return (Object.keys(STATES) as NodeState[])
    .map((state) => ({ state, dedicated: dedicated[state] ?? 0, lowPriority: lowPriority[state] ?? 0 }))
    .filter((totals) => totalOf(totals) > 0)
}

/** Nodes of both kinds. `lowPriority` is Azure's property name for Spot nodes. */
export interface NodeTotals {
  readonly dedicated: number
  readonly lowPriority: number
}
