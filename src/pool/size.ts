/** Pure: how many nodes a pool has and is to have, and since when. */
import { isDeepStrictEqual } from 'node:util'
import type { Pool, PoolProperties } from '../model/batch.ts'
import type { ResizeRequest } from '../model/batch-service.ts'
import { type NodeTotals, totalOf } from '../model/nodes.ts'

/** Azure may leave out what is 0. */
export function totals({ properties: { currentDedicatedNodes = 0, currentLowPriorityNodes = 0 } }: Pool): NodeTotals {
  return { dedicated: currentDedicatedNodes, lowPriority: currentLowPriorityNodes }
}

/** The target of a scale, a resize or a request for one; Azure leaves out what is 0. */
export function targetFrom({
  targetDedicatedNodes = 0,
  targetLowPriorityNodes = 0,
}: Partial<Pick<ResizeRequest, 'targetDedicatedNodes' | 'targetLowPriorityNodes'>> = {}): NodeTotals {
  return { dedicated: targetDedicatedNodes, lowPriority: targetLowPriorityNodes }
}

/** What the pool is to have; of one that sizes itself, what it has. */
export function targetOf(pool: Pool): NodeTotals {
  const { fixedScale } = pool.properties.scaleSettings ?? {}
  return fixedScale ? targetFrom(fixedScale) : totals(pool)
}

/** What a new pool gets first: so many nodes of one kind, dedicated ones if it is to have any; all where that is no less. */
export function canaryOf(target: NodeTotals, canaryNodes: number | 'auto'): NodeTotals {
  const nodes = canaryNodes === 'auto' ? 1 : canaryNodes
  if (nodes === 0) return target
  const canary =
    target.dedicated > 0
      ? { dedicated: Math.min(nodes, target.dedicated), lowPriority: 0 }
      : { dedicated: 0, lowPriority: Math.min(nodes, target.lowPriority) }
  return isDeepStrictEqual(canary, target) ? target : canary
}

/** A fixed size becomes `target`; a pool with a formula stays as it is. */
export function sizedTo({ dedicated, lowPriority }: NodeTotals, properties: PoolProperties): PoolProperties {
  const { fixedScale } = properties.scaleSettings ?? {}
  if (!fixedScale) return properties
  return {
    ...properties,
    scaleSettings: { fixedScale: { ...fixedScale, targetDedicatedNodes: dedicated, targetLowPriorityNodes: lowPriority } },
  }
}

export const nodesIn = (pool: Pool): number => totalOf(totals(pool))

export const isAt = (pool: Pool, target: NodeTotals): boolean =>
  isDeepStrictEqual(targetOf(pool), target) && isDeepStrictEqual(totals(pool), target)

export const startAt = (time: string | undefined): number => Date.parse(time ?? '') || 0

/** When the pool's last resize began, in milliseconds; 0: never. */
export function startOf({ properties }: Pool): number {
  return startAt(properties.resizeOperationStatus?.startTime)
}
