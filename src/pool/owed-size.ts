/** Pure: pools that this action drained, and that must get their former size back. */
import { type FleetSettings, type PoolSettings, settingsIn } from '../config/config.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { Pool, ScaleSettings } from '../model/batch.ts'
import { totalOf } from '../model/nodes.ts'
import type { ObservedFleet } from '../observe/observed.ts'
import { isBeingDeleted, poolAndSuccessors, poolFor } from './family.ts'
import { owedStateOf } from './marks.ts'
import { targetFrom } from './size.ts'

/** Requested pools that an interrupted run has left drained. A pool that has given its jobs to a successor stays drained. */
function drainedPools(settings: PoolSettings, pools: readonly Pool[]): readonly ArmId[] {
  return settings.requests.flatMap(({ id }) => {
    const pool = poolFor(id, settings, pools)
    return pool && owedScale(pool) && poolAndSuccessors(id, pools).length === 1 ? [pool.id as ArmId] : []
  })
}

/** The same in every account that was read. */
export function drainedInFleet(fleet: FleetSettings, { accounts }: Pick<ObservedFleet, 'accounts'>): readonly ArmId[] {
  return accounts.flatMap(({ id, pools }) => drainedPools(settingsIn(id, fleet), pools))
}

/** What a drained pool gets back. */
export interface OwedScale extends ScaleSettings {
  /** Its formula was too long for the mark: it gets the nodes that it had. */
  readonly isFormulaLost?: true
}

/** The scale that a drained pool had; `undefined` where it has been given a size since, or never had one. */
export function owedScale(pool: Pool): OwedScale | undefined {
  const state = isBeingDeleted(pool) ? undefined : owedStateOf(pool)
  if (!state) return undefined
  const { scaleSettings, nodes = { dedicated: 0, lowPriority: 0 } } = state
  const { autoScale, fixedScale } = scaleSettings
  if (autoScale || totalOf(targetFrom(fixedScale)) > 0) return scaleSettings
  if (totalOf(nodes) === 0) return undefined
  return { fixedScale: { targetDedicatedNodes: nodes.dedicated, targetLowPriorityNodes: nodes.lowPriority }, isFormulaLost: true }
}
