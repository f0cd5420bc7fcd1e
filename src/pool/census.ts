/** Pure: the nodes of a pool by the list of them, which is up to date; Batch's node counts may not be. */
import type { NodeCounts, NodeSighting, NodeState } from '../model/batch-service.ts'

export interface Census {
  readonly counts: NodeCounts
  /** Nodes that were allocated, or last changed their state, before `sinceMs`: they are of an earlier image. */
  readonly outdated: number
}

/**
 * Counts nodes by state, without those of an earlier image. `sinceMs` is the time, by Azure's clock, at which the resize began that removed
 * all earlier nodes, in milliseconds since 1970; 0 where the pool keeps its nodes. Unless it is 0, a node without times counts as outdated.
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
