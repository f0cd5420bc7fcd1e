/** Pure: pools that this action drained, and that must get their former size back. */
import { type FleetSettings, type PoolSettings, settingsIn } from '../config/config.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { Pool, ScaleSettings } from '../model/batch.ts'
import { totalOf } from '../model/nodes.ts'
import type { ObservedFleet } from '../observe/observed.ts'
import { isBeingDeleted, poolAndSuccessors, poolFor } from './family.ts'
import { lastStateOf, MARKS, markIn } from './marks.ts'
import { targetFrom, targetOf } from './size.ts'

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

/** The scale that a drained pool had; `undefined` where it has been given a size since, or never had one. */
export function owedScale(pool: Pool): ScaleSettings | undefined {
  const isMarked = markIn(pool.properties.metadata, MARKS.before) !== undefined
  const { autoScale, fixedScale } = pool.properties.scaleSettings ?? {}
  if (!isMarked || isBeingDeleted(pool) || autoScale || (fixedScale && totalOf(targetOf(pool)) > 0)) return undefined
  const { scaleSettings } = lastStateOf(pool)
  return scaleSettings.autoScale || totalOf(targetFrom(scaleSettings.fixedScale)) > 0 ? scaleSettings : undefined
}
