import type { ArmId } from '../model/arm-id.ts'
import type { Pool } from '../model/batch.ts'
import type { NodeDeallocationOption } from '../model/batch-service.ts'
import { totalOf } from '../model/nodes.ts'
import type { StepContext } from '../run/context.ts'
import { lastStateOf, MARKS, writeMark } from './marks.ts'
import { moveJobs } from './move-jobs.ts'
import { changedByOthers, deletePool } from './pool-lifecycle.ts'
import type { PoolResizer } from './resizer.ts'
import { nodesIn, targetOf } from './size.ts'

/** A pool that goes, and the one that takes its jobs. */
export interface Retirement {
  readonly pool: Pool
  /** Name of the pool that takes the jobs. */
  readonly heir: string
  /** Of `pool`. */
  readonly resizer: PoolResizer
  /** What becomes of running tasks. */
  readonly option: NodeDeallocationOption
}

/** Blue-green's end for one old pool: it gives its jobs to the new one, finishes its tasks and goes. */
export async function retire({ pool, heir, resizer, option }: Retirement, context: StepContext): Promise<void> {
  const now = await context.batch.getPool(pool.id as ArmId)
  if (!now) return
  const move = { from: pool.name, to: heir, plane: resizer.plane, option }
  await moveJobs(move, context)
  // A run that requests no size takes it from the old pool, as long as there is one.
  await resizer.editor.mark(MARKS.before, writeMark(lastStateOf(now)))
  await resizer.drain()
  // Somebody may have submitted a job to the old pool while it was drained, or until it was gone: jobs outlive their pool.
  await moveJobs(move, context)
  await deletePool({ pool, plane: resizer.plane, refuseChanged: refuseNodes }, context)
  await moveJobs(move, context)
}

/** Somebody resized a pool that was drained to be deleted. */
function refuseNodes(now: Pool): void {
  if (nodesIn(now) > 0 || totalOf(targetOf(now)) > 0) throw changedByOthers(now.name, 'after it was drained: it has nodes again')
}

/** A new pool that is of no use: an earlier run may have moved jobs to it, which go back first. */
export async function withdraw({ pool, heir, resizer, option }: Retirement, context: StepContext): Promise<void> {
  const move = { from: pool.name, to: heir, plane: resizer.plane, option }
  await moveJobs(move, context)
  await deletePool({ pool, plane: resizer.plane }, context)
  await moveJobs(move, context)
}
