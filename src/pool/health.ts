/** When a pool's nodes are healthy. */
import type { NodeCounts, NodeState } from '../model/batch-service.ts'
import { countIn, type NodeTotals, sumOf } from '../model/nodes.ts'

/** Of so many nodes, how many must be healthy. */
export const shareOf = (nodes: number, percentage: number): number => Math.ceil((nodes * percentage) / 100)

const HEALTHY: readonly NodeState[] = ['idle', 'running']

const ON_THE_WAY: readonly NodeState[] = [
  'creating',
  'starting',
  'waitingForStartTask',
  'rebooting',
  'reimaging',
  'upgradingOS',
  'leavingPool',
  'unknown',
]

export interface Health {
  /** Dedicated nodes idle or running, and Spot nodes likewise. */
  readonly healthy: number
  /** Nodes that must be healthy. Spot nodes count only as far as they are there: they come and go by themselves; but one must be. */
  readonly required: number
  readonly isHealthy: boolean
  /** No node is on the way any more: waiting will not help. Preempted ones come again by themselves. */
  readonly isSettled: boolean
}

/** Current counts include unusable nodes; only states say how many work. */
export function healthOf(counts: NodeCounts, target: NodeTotals, minHealthyPercentage: number): Health {
  const preempted = counts.lowPriority.preempted ?? 0
  const share = shareOf(target.dedicated + Math.max(0, target.lowPriority - preempted), minHealthyPercentage)
  // Where all nodes are preempted, nothing has shown that the image works.
  const required = preempted > 0 && minHealthyPercentage > 0 ? Math.max(1, share) : share
  const spot = countIn({ dedicated: {}, lowPriority: counts.lowPriority }, HEALTHY)
  // More Spot nodes than the target do not replace dedicated ones.
  const healthy = countIn({ dedicated: counts.dedicated, lowPriority: {} }, HEALTHY) + Math.min(spot, target.lowPriority)
  const areAllPreempted = preempted > 0 && sumOf(counts.dedicated) + sumOf(counts.lowPriority) === preempted
  return { healthy, required, isHealthy: healthy >= required, isSettled: countIn(counts, ON_THE_WAY) === 0 && !areAllPreempted }
}
