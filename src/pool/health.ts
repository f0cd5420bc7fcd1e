/** When a pool's nodes are healthy. */
import type { NodeCounts, NodeState } from '../model/batch-service.ts'
import { countIn, type NodeTotals } from '../model/nodes.ts'

/** In percent of the target, for each kind of node. */
export interface HealthyShares {
  readonly minHealthyPercentage: number
  readonly minHealthySpotPercentage: number
}

/** How many of `nodes` must be healthy, rounded up. */
export const shareOf = (nodes: number, percentage: number): number => Math.ceil((nodes * percentage) / 100)

/** How many nodes of each kind must be healthy. */
export const requiredOf = (target: NodeTotals, { minHealthyPercentage, minHealthySpotPercentage }: HealthyShares): NodeTotals => ({
  dedicated: shareOf(target.dedicated, minHealthyPercentage),
  lowPriority: shareOf(target.lowPriority, minHealthySpotPercentage),
})

const HEALTHY: readonly NodeState[] = ['idle', 'running']

/** Batch keeps seeking replacements for preempted Spot nodes. https://learn.microsoft.com/azure/batch/batch-spot-vms */
const ON_THE_WAY: readonly NodeState[] = [
  'creating',
  'starting',
  'waitingForStartTask',
  'rebooting',
  'reimaging',
  'upgradingOS',
  'leavingPool',
  'preempted',
  'unknown',
]

export interface Health {
  /** Idle and running nodes, at most as many of each kind as the target: any others are leaving. */
  readonly healthy: number
  readonly required: number
  /** The same by kind. */
  readonly healthyByKind: NodeTotals
  readonly requiredByKind: NodeTotals
  /** Enough nodes of each kind are healthy. Preempted nodes are not. */
  readonly isHealthy: boolean
  /** No node is on the way any more: waiting will not help. */
  readonly isSettled: boolean
}

/** The pool's current counts include unusable nodes, so only node states count. Spot and dedicated nodes do not replace each other. */
export function healthOf(counts: NodeCounts, target: NodeTotals, shares: HealthyShares): Health {
  const requiredByKind = requiredOf(target, shares)
  const of = (kind: keyof NodeTotals) =>
    Math.min(target[kind], countIn({ dedicated: {}, lowPriority: {}, [kind]: counts[kind] } as NodeCounts, HEALTHY))
  const healthyByKind = { dedicated: of('dedicated'), lowPriority: of('lowPriority') }
  return {
    healthy: healthyByKind.dedicated + healthyByKind.lowPriority,
    required: requiredByKind.dedicated + requiredByKind.lowPriority,
    healthyByKind,
    requiredByKind,
    isHealthy: healthyByKind.dedicated >= requiredByKind.dedicated && healthyByKind.lowPriority >= requiredByKind.lowPriority,
    isSettled: countIn(counts, ON_THE_WAY) === 0,
  }
}
