/** Pure: what the list of a pool's nodes says, as opposed to their counts, which may be old. */
import type { NodeCounts, NodeSighting, NodeState } from '../model/batch-service.ts'

export interface Census {
  readonly counts: NodeCounts
  /** Nodes that were allocated, or last changed their state, before `sinceMs`: what is shown of them is of an earlier image. */
  readonly outdated: number
}

/**
 * Nodes by state, those of an earlier image apart. `sinceMs` is when, by Azure's clock, the resize began that took all earlier nodes
 * away; 0 where the pool's nodes are to stay. A node without times belongs to nobody then.
 * https://learn.microsoft.com/rest/api/batchservice/nodes/list-nodes
 */
export function censusOf(nodes: readonly NodeSighting[], sinceMs: number): Census {
  const current = nodes.filter((node) => isSince(node, sinceMs))
  const stateCounts = (isDedicated: boolean) => {
    const counts: Partial<Record<NodeState, number>> = {}
    for (const { state } of current.filter((node) => node.isDedicated === isDedicated)) counts[state] = (counts[state] ?? 0) + 1
    return counts
  }
  return { counts: { dedicated: stateCounts(true), lowPriority: stateCounts(false) }, outdated: nodes.length - current.length }
}

function isSince({ allocationTime, stateTransitionTime }: NodeSighting, sinceMs: number): boolean {
  const times = [allocationTime, stateTransitionTime].flatMap((time) => (time === undefined ? [] : [Date.parse(time)]))
  return sinceMs === 0 || (times.length > 0 && times.every((time) => time >= sinceMs))
}
