import { type Explanation, explain } from '../errors/explanation.ts'
import { PoolError } from '../errors/run-errors.ts'
import type { Pool } from '../model/batch.ts'
import { emit, type StepContext } from '../run/context.ts'
import { MARKS, markIn } from './marks.ts'
import type { PoolOutcome, RunAsPhase } from './outcome.ts'
import { GateError } from './pass-gate.ts'
import type { PoolWork } from './pool-plan.ts'
import type { Proof, ProofOutcome } from './proof.ts'
import { owesSize, settleSize, tryToPutBack } from './put-back.ts'
import { isGone } from './replaced-pool.ts'
import { rollBack } from './roll-back.ts'
import { PoolRollout } from './rollout.ts'

/** One pool, and the proofs that it waits for. */
interface ProvenWork {
  readonly work: PoolWork
  /** Its own. */
  readonly proof?: Proof
  /** Where the quotas are crowded: resolves once all other proofs that use the same cores are gone, which is before the pool is drained. */
  readonly othersGone?: () => Promise<void>
}

/**
 * Brings one pool onto its image, to its size and through the health gate; where a proof is due, only after it has succeeded. A failure is
 * part of the outcome. @throws the reason of the signal, if the run ends
 */
export async function bringUp({ work, proof, othersGone }: ProvenWork, context: StepContext, asPhase: RunAsPhase): Promise<PoolOutcome> {
  const outcome = proof && (await outcomeOf(proof, asPhase))
  const rollout = new PoolRollout({ ...work, ...(outcome && { isTested: isTested(outcome) }) }, context)
  if (outcome?.result === 'failed') return { ...(await leaveAsItWas(rollout, outcome.error, asPhase)), proof: outcome }
  await othersGone?.()
  context.signal.throwIfAborted()
  const goesFirst = proof && (proof.plan.goesFirst || othersGone !== undefined)
  const brought = await rollOut(rollout, asPhase, goesFirst ? () => proof.ended : undefined)
  return { ...brought, ...(outcome && { proof: outcome }) }
}

/** The nodes of a proof may have been preempted before the smoke test. */
const isTested = ({ verdict }: ProofOutcome): boolean => (verdict?.smokeTest ?? []).some(({ result }) => result === 'passed')

/** The outcome of a proof, as a phase that fails where the proof fails. */
async function outcomeOf({ outcome }: Proof, asPhase: RunAsPhase): Promise<ProofOutcome> {
  const result = asPhase('prove', async () => {
    const proven = await outcome
    if (proven.result === 'failed') throw new PoolError(proven.error)
    return proven
  })
  return result.catch(() => outcome)
}

/** The smoke test runs on at most so many nodes of a pool that has had neither proof nor canary. */
const MOST_NODES_TESTED = 3

/** For a pool whose new image failed its proof. This run has changed nothing; changes of an interrupted run are rolled back. */
async function leaveAsItWas(rollout: PoolRollout, error: Explanation, asPhase: RunAsPhase): Promise<PoolOutcome> {
  const { existing } = rollout.plan
  if (!existing || !isBegun(rollout)) return { ...(existing && { pool: existing }), error, isRolledBack: false }
  if (rollout.settings.onFailure === 'rollback')
    return asPhase('pool', () => rollBack({ rollout, error, cause: undefined }, rollout.context))
  await putBackDrained(rollout)
  return { pool: (await standing(rollout).catch(() => undefined)) ?? existing, error, isRolledBack: false }
}

/** Whether an earlier run began to change the pool and was interrupted. */
const isBegun = ({ plan: { existing } }: PoolRollout): boolean =>
  existing !== undefined && markIn(existing.properties.metadata, MARKS.before) !== undefined

async function rollOut(rollout: PoolRollout, asPhase: RunAsPhase, beforeGrowth?: () => Promise<void>): Promise<PoolOutcome> {
  const { plan, context } = rollout
  const warnOfUnfinishedWork = () =>
    rollout.unfinishedWork && emit(context, { kind: 'notice', level: 'warning', text: rollout.unfinishedWork })
  context.signal.addEventListener('abort', warnOfUnfinishedWork, { once: true })
  try {
    const from = await asPhase('pool', () => rollout.begin(beforeGrowth))
    const pool = await asPhase('follow', () => rollout.follow(from))
    const verdict = await asPhase('verify', async () => rollout.smokeTest(await rollout.gate(pool, plan.request.target), MOST_NODES_TESTED))
    if (plan.action === 'blue-green') await asPhase('pool', () => rollout.retire([plan.old, ...plan.abandonedSuccessors]))
    settleSize(plan.id, context.ledger)
    return {
      pool: await rollout.clearPreviousState(await rollout.atEnd(pool)),
      verdict,
      isRolledBack: false,
      hasResized: rollout.resizer.hasResized,
    }
  } catch (error) {
    if (context.signal.aborted) throw error
    const outcome = await fail(rollout, error, asPhase)
    const putBack = await putBackDrained(rollout)
    if (!putBack && !outcome.isRolledBack) warnOfUnfinishedWork()
    const pool = putBack ? await standing(rollout).catch(() => undefined) : outcome.pool
    return { ...outcome, ...(pool && { pool }) }
  } finally {
    context.signal.removeEventListener('abort', warnOfUnfinishedWork)
  }
}

/** The outcome of a pool that could not be brought up. */
async function fail(rollout: PoolRollout, error: unknown, asPhase: RunAsPhase): Promise<PoolOutcome> {
  const { context, settings, resizer } = rollout
  const explanation = explain(error)
  const judged = error instanceof GateError ? { verdict: error.verdict } : {}
  // A pool that is gone is not kept.
  if (settings.onFailure === 'rollback' || (await isGone(rollout.plan, context).catch(() => false)))
    return { ...judged, ...(await asPhase('pool', () => rollBack({ rollout, error: explanation, cause: error }, context))) }
  const pool = await standing(rollout).catch(() => undefined)
  return { ...(pool && { pool }), ...judged, error: explanation, isRolledBack: false, hasResized: resizer.hasResized }
}

/**
 * Gives a pool that this run or an earlier one drained, and that has had no size since, its former size back. Where that fails or the run
 * ends early, the end of the run and its post step try again. @returns whether it reported anything
 */
async function putBackDrained(rollout: PoolRollout): Promise<boolean> {
  const { plan, context } = rollout
  if (plan.action === 'blue-green' || rollout.resizer.isSized || !(owesSize(plan.id, context.ledger) || isBegun(rollout))) return false
  // The end of the run, or its post step, makes it again.
  if (await isGone(plan, context).catch(() => true)) return false
  const { text, isOwed } = await tryToPutBack(plan.id, context)
  if (!isOwed) settleSize(plan.id, context.ledger)
  if (text) emit(context, { kind: 'notice', level: 'warning', text })
  return text !== undefined
}

/** The pool as it is now; the old pool where blue-green has not made the new one. */
async function standing({ plan, context }: PoolRollout): Promise<Pool | undefined> {
  const pool = await context.batch.getPool(plan.id)
  return pool ?? (plan.action === 'blue-green' ? plan.old : undefined)
}
