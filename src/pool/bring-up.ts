import type { PoolSettings } from '../config/parse-config.ts'
import { type Explanation, explain, ForeignChangeError } from '../errors/explanation.ts'
import type { PoolPlan } from '../plan/plan.ts'
import { type StepContext, tell } from '../run/context.ts'
import type { PhaseName } from '../run/events.ts'
import type { BatchAccount, Pool } from '../run/runner.ts'
import type { Verdict } from './health-gate.ts'
import { lastStateOf, MARKS } from './marks.ts'
import { rollBack } from './roll-back.ts'
import { GateError, PoolWay } from './rollout.ts'

/** What became of one pool. */
export interface Arrival {
  /** Absent where there is none (any more). */
  readonly pool?: Pool
  readonly verdict?: Verdict
  readonly error?: Explanation
  /** The pool is back on its previous image, or the old pool still serves. */
  readonly isRolledBack: boolean
  /** Resizes were asked for, if only to replace nodes. */
  readonly hasResized?: boolean
}

/** Runs a part of the way as a phase of its own, where there is only one pool to tell of. */
export type Stage = <T>(phase: PhaseName, body: () => Promise<T>) => Promise<T>

/** One pool onto its image, to its size, through the health gate. Its failure is its own; only the end of the run is thrown. */
export async function bringUp(
  plan: PoolPlan,
  imageId: string | undefined,
  account: BatchAccount,
  settings: PoolSettings,
  context: StepContext,
  stage: Stage,
): Promise<Arrival> {
  const way = new PoolWay(plan, imageId, account, settings, context)
  const tellLeft = () => way.left && tell(context, { kind: 'notice', level: 'warning', text: way.left })
  context.signal.addEventListener('abort', tellLeft, { once: true })
  try {
    const from = await stage('pool', () => way.begin())
    const pool = await stage('follow', () => way.follow(from))
    const verdict = await stage('verify', () => way.gate(pool, plan.request.target))
    if (plan.action === 'blue-green') await stage('pool', () => way.retire([plan.old, ...plan.strays]))
    return { pool: await way.forget(await way.resizer.editor.get()), verdict, isRolledBack: false, hasResized: way.resizer.hasResized }
  } catch (error) {
    if (context.signal.aborted) throw error
    const explanation = error instanceof GateError ? error.explanation : explain(error)
    const told = error instanceof GateError ? { verdict: error.verdict } : {}
    if (settings.onFailure === 'rollback') return { ...told, ...(await stage('pool', () => rollBack(way, explanation, error))) }
    const isAsBefore = way.left !== undefined && !(error instanceof ForeignChangeError) && (await giveFormulaBack(way))
    if (!isAsBefore) tellLeft()
    const pool = await standing(way).catch(() => undefined)
    return { ...(pool && { pool }), ...told, error: explanation, isRolledBack: false, hasResized: way.resizer.hasResized }
  } finally {
    context.signal.removeEventListener('abort', tellLeft)
  }
}

/** The pool as it is; where blue-green did not come to make the new one, the old. */
async function standing({ plan, context }: PoolWay): Promise<Pool | undefined> {
  const pool = await context.batch.getPool(plan.id)
  return pool ?? (plan.action === 'blue-green' ? plan.old : undefined)
}

/** A pool that sized itself and got no new image sizes itself again. @returns whether it does. */
async function giveFormulaBack({ plan, resizer, context }: PoolWay): Promise<boolean> {
  const { autoScale } = (plan.action === 'reimage' && lastStateOf(plan.existing).scaleSettings) || {}
  if (!autoScale) return false
  const name = plan.request.id
  try {
    await resizer.free()
    await resizer.editor.patch({ scaleSettings: { autoScale } })
    await resizer.editor.mark(MARKS.before)
    tell(context, { kind: 'notice', level: 'warning', text: `Pool ${name} is on its old image; its autoscale formula is back.` })
    return true
  } catch (error) {
    const text = `Pool ${name}: its autoscale formula could not be put back: ${explain(error).message}`
    tell(context, { kind: 'notice', level: 'warning', text })
    return false
  }
}
