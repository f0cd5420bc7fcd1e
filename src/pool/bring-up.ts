import { type Explanation, explain } from '../errors/explanation.ts'
import { ForeignChangeError } from '../errors/run-errors.ts'
import type { Pool } from '../model/batch.ts'
import { emit, type StepContext } from '../run/context.ts'
import { lastStateOf, MARKS, markIn } from './marks.ts'
import type { PoolOutcome, RunAsPhase } from './outcome.ts'
import type { PoolWork } from './pool-plan.ts'
import type { Proof } from './proof.ts'
import { rollBack } from './roll-back.ts'
import { GateError, PoolRollout } from './rollout.ts'

/**
 * One pool onto its image, to its size, through the health gate; where a proof is due, only once it has succeeded. Its failure is its own;
 * only the end of the run is thrown.
 */
export async function bringUp(
  { work, proof }: { readonly work: PoolWork; readonly proof?: Proof },
  context: StepContext,
  asPhase: RunAsPhase,
): Promise<PoolOutcome> {
  const rollout = new PoolRollout(work, context)
  if (!proof) return rollOut(rollout, asPhase)
  const outcome = await asPhase('prove', () => proof.outcome)
  if (outcome.result === 'failed') return { ...(await leaveAsItWas(rollout, outcome.error, asPhase)), proof: outcome }
  return { ...(await rollOut(rollout, asPhase, proof.plan.goesFirst ? () => proof.ended : undefined)), proof: outcome }
}

/** The new image is not proven. Nothing was changed, unless an earlier run had begun with the pool: that is taken back. */
async function leaveAsItWas(rollout: PoolRollout, error: Explanation, asPhase: RunAsPhase): Promise<PoolOutcome> {
  const { plan, settings, context } = rollout
  const { existing } = plan
  const isBegun = existing !== undefined && markIn(existing.properties.metadata, MARKS.before) !== undefined
  if (isBegun && settings.onFailure === 'rollback') return asPhase('pool', () => rollBack({ rollout, error, cause: undefined }, context))
  return { ...(existing && { pool: existing }), error, isRolledBack: false }
}

async function rollOut(rollout: PoolRollout, asPhase: RunAsPhase, beforeGrowth?: () => Promise<void>): Promise<PoolOutcome> {
  const { plan, settings, context } = rollout
  const warnOfUnfinishedWork = () =>
    rollout.unfinishedWork && emit(context, { kind: 'notice', level: 'warning', text: rollout.unfinishedWork })
  context.signal.addEventListener('abort', warnOfUnfinishedWork, { once: true })
  try {
    const from = await asPhase('pool', () => rollout.begin(beforeGrowth))
    const pool = await asPhase('follow', () => rollout.follow(from))
    const verdict = await asPhase('verify', () => rollout.gate(pool, plan.request.target))
    if (plan.action === 'blue-green') await asPhase('pool', () => rollout.retire([plan.old, ...plan.abandonedSuccessors]))
    return {
      pool: await rollout.clearPreviousState(await rollout.resizer.editor.get()),
      verdict,
      isRolledBack: false,
      hasResized: rollout.resizer.hasResized,
    }
  } catch (error) {
    if (context.signal.aborted) throw error
    const explanation = explain(error)
    const judged = error instanceof GateError ? { verdict: error.verdict } : {}
    if (settings.onFailure === 'rollback')
      return { ...judged, ...(await asPhase('pool', () => rollBack({ rollout, error: explanation, cause: error }, context))) }
    const isAsBefore = rollout.unfinishedWork !== undefined && !(error instanceof ForeignChangeError) && (await giveFormulaBack(rollout))
    if (!isAsBefore) warnOfUnfinishedWork()
    const pool = await standing(rollout).catch(() => undefined)
    return { ...(pool && { pool }), ...judged, error: explanation, isRolledBack: false, hasResized: rollout.resizer.hasResized }
  } finally {
    context.signal.removeEventListener('abort', warnOfUnfinishedWork)
  }
}

/** The pool as it is; where blue-green did not come to make the new one, the old. */
async function standing({ plan, context }: PoolRollout): Promise<Pool | undefined> {
  const pool = await context.batch.getPool(plan.id)
  return pool ?? (plan.action === 'blue-green' ? plan.old : undefined)
}

/** A pool that sized itself and got no new image sizes itself again. @returns whether it does. */
async function giveFormulaBack({ plan, resizer, context }: PoolRollout): Promise<boolean> {
  const { autoScale } = (plan.action === 'reimage' && lastStateOf(plan.existing).scaleSettings) || {}
  if (!autoScale) return false
  const name = plan.request.id
  try {
    await resizer.waitUntilIdle()
    await resizer.editor.patch({ scaleSettings: { autoScale } })
    await resizer.editor.mark(MARKS.before)
    emit(context, { kind: 'notice', level: 'warning', text: `Pool ${name} is on its old image; its autoscale formula is back.` })
    return true
  } catch (error) {
    const text = `Pool ${name}: its autoscale formula could not be put back: ${explain(error).message}`
    emit(context, { kind: 'notice', level: 'warning', text })
    return false
  }
}
