import type { PoolSettings } from '../config/config.ts'
import { PoolError } from '../errors/run-errors.ts'
import type { BatchAccount } from '../model/batch.ts'
import { phase, type StepContext } from '../run/context.ts'
import { sideBySide } from '../run/side-by-side.ts'
import { bringUp } from './bring-up.ts'
import type { PoolOutcome, RunAsPhase } from './outcome.ts'
import type { PoolWork } from './pool-plan.ts'
import { type Proof, startProof, sweepProofs } from './proof.ts'
import { needsProof } from './proof-body.ts'
import type { ProofPlans } from './proof-plan.ts'
import { sweepSmokeJobs } from './sweep-smoke-jobs.ts'

/**
 * Each pool is read every 30 s, and ARM refills 25 reads a second for a whole subscription: 100 pools take about an eighth of that,
 * were they not read by a list. https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
const MOST_POOLS_AT_ONCE = 100

/** The pools of an account with what they share. */
export interface AllWork {
  readonly works: readonly PoolWork[]
  readonly proofs: ProofPlans
  readonly account: BatchAccount
  readonly settings: PoolSettings
}

/** Brings up all pools in parallel, each after its proof. For a single pool, each part is a phase. Outcomes are in the order of the pools. */
export async function bringUpAll(all: AllWork, context: StepContext): Promise<readonly PoolOutcome[]> {
  const begin = () => ({ ...all, own: startProofs(all, context), others: [] })
  if (all.works.length === 1) return bringUpEach(begin(), context, (name, body) => phase(context, name, body))
  return poolsPhase(context, () => bringUpEach(begin(), context))
}

/** The work on several pools is one phase, which fails if one pool does; the outcomes say which. */
export async function poolsPhase(context: StepContext, body: () => Promise<readonly PoolOutcome[]>): Promise<readonly PoolOutcome[]> {
  const ended: { outcomes?: readonly PoolOutcome[] } = {}
  const result = phase(context, 'pool', async () => {
    ended.outcomes = await body()
    const failed = ended.outcomes.find(({ error }) => error)
    if (failed?.error) throw new PoolError(failed.error)
    return ended.outcomes
  })
  return result.catch((error) => {
    if (ended.outcomes) return ended.outcomes
    throw error
  })
}

/** Proofs of an account that have begun. */
export interface ProofsUnderWay {
  readonly started: readonly Proof[]
  /** Resolves once these proof pools and those of interrupted runs are gone. Rejects only at the end of the run. */
  readonly ended: Promise<unknown>
}

export function startProofs({ proofs, account, settings }: Omit<AllWork, 'works'>, context: StepContext): ProofsUnderWay {
  const swept = sweepProofs(proofs.leftovers, account, context)
  const started = proofs.proofs.map((plan) => startProof({ plan, account, settings, swept }, context))
  return { started, ended: Promise.all([swept, ...started.map(({ ended }) => ended)]) }
}

/** Proofs that the pools of an account may have to wait for. */
interface Proofs {
  readonly own: ProofsUnderWay
  /** Of accounts that use the same cores. One that rejects has started no proof. */
  readonly others: readonly Promise<ProofsUnderWay>[]
}

/** The same within a phase. */
export async function bringUpEach(
  { works, proofs, own, others }: Pick<AllWork, 'works' | 'proofs'> & Proofs,
  context: StepContext,
  asPhase: RunAsPhase = (_, body) => body(),
): Promise<readonly PoolOutcome[]> {
  const swept = sweepSmokeJobs(works, context)
  swept.catch(() => {})
  const outcomes = await sideBySide(works, MOST_POOLS_AT_ONCE, (work) => {
    const proof = own.started.find(({ plan: { proves } }) => proves.includes(work.plan.request.id))
    const mustWait = proofs.isCrowded && needsProof(work.plan)
    const othersGone = mustWait && (() => allGone({ own: own.started.filter((other) => other !== proof), others }))
    return bringUp({ work, ...(proof && { proof }), ...(othersGone && { othersGone }) }, context, asPhase)
  })
  await Promise.all([swept, own.ended])
  return outcomes
}

async function allGone({ own, others }: { readonly own: readonly Proof[] } & Pick<Proofs, 'others'>): Promise<void> {
  const begun = await Promise.allSettled(others)
  await Promise.all([
    ...own.map(({ ended }) => ended),
    ...begun.map((result) => (result.status === 'fulfilled' ? result.value.ended : undefined)),
  ])
}
