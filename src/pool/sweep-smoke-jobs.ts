import { explainInLine } from '../errors/explanation.ts'
import { type ArmId, childId } from '../model/arm-id.ts'
import { emit, type StepContext } from '../run/context.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import { MARKS, markIn } from './marks.ts'
import type { PoolWork } from './pool-plan.ts'
import { proofName } from './proof-pools.ts'
import { isSmokeJob, smokeJobName } from './smoke-test-plan.ts'

/** A pool that stays on its image, and has passed its smoke test. */
const isQuiet = ({ plan: { action, existing } }: PoolWork): boolean =>
  ['none', 'update', 'resize'].includes(action) &&
  [MARKS.before, MARKS.untested].every((mark) => markIn(existing?.properties.metadata, mark) === undefined)

/**
 * Deletes jobs of smoke tests whose deletion Azure refused to the run that made them, on pools that are not tested now. The job of a proof
 * pool is left alone while that pool exists: another run may be at work. Never throws: the next run tries again.
 */
export async function sweepSmokeJobs(works: readonly PoolWork[], context: StepContext): Promise<void> {
  const quiet = works.filter((work) => work.settings.smokeTest !== undefined && isQuiet(work))
  await allSideBySide(quiet, async ({ account, plan }) => {
    const name = plan.existing?.name ?? plan.request.id
    const plane = context.batch.dataPlane(account)
    for (const poolName of [name, proofName(name)]) {
      const id = smokeJobName(poolName)
      try {
        const job = await plane.getJob(id)
        if (!job || !isSmokeJob(job)) continue
        const proof = poolName === name ? undefined : await context.batch.getPool(childId(account.id as ArmId, 'pools', poolName))
        if (!proof) await plane.deleteJob(id)
      } catch (error) {
        context.signal.throwIfAborted()
        const text = `Job ${id} of an earlier smoke test may be left: ${explainInLine(error)}`
        emit(context, { kind: 'notice', level: 'warning', text })
      }
    }
  })
}
