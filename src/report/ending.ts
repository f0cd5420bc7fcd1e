/** How a run ended, as far as it came: the part of the report that only the end knows. */
import { byAccount, type Config } from '../config/config.ts'
import { type Explanation, explain } from '../errors/explanation.ts'
import type { RetentionPlan } from '../image/retention.ts'
import { labelAmong } from '../model/arm-id.ts'
import { type ObservedFleet, observedAcross, observedIn } from '../observe/observed.ts'
import type { PlannedChange } from '../plan/changes.ts'
import type { Plan } from '../plan/plan.ts'
import type { CoreQuota } from '../pool/core-quotas.ts'
import { coreDemand, coreGroups } from '../preflight/quotas.ts'
import { accountPools } from './account-pools.ts'
import { imageAges, withImageAge, withImageAges } from './image-ages.ts'
import { imageReport } from './image-report.ts'
import { poolCost } from './pool-cost.ts'
import { poolNames } from './pool-names.ts'
import type { Progress } from './progress.ts'
import type { PoolSummary, RunEnding } from './record.ts'
import type { RunResult } from './run-report.ts'

/** How a run ended, as far as it came. The requests sent are the transport's to count. */
export type Ending = Omit<RunEnding, 'finishedAt' | 'requests' | 'leftBehind' | 'warnings'>

export function resultOf(config: Config, { plan, pools, retention }: Progress): RunResult {
  const failed = pools.filter(({ error }) => error)
  if (failed.length > 0) return failed.every(({ isRolledBack }) => isRolledBack) ? 'rolled-back' : 'failed'
  if (config.mode === 'plan') return 'planned'
  const isPruned = retention !== undefined && retention.images.length + retention.snapshots.length > 0
  const isTouched = pools.some(({ action }) => action !== 'none')
  return (plan?.changes ?? []).length === 0 && !isPruned && !isTouched ? 'unchanged' : 'succeeded'
}

/** One annotation for all pools that failed. */
export function failureOf(pools: readonly PoolSummary[]): Explanation | undefined {
  const nameIn = poolNames(pools)
  const failed = pools.flatMap((pool) => (pool.error ? [{ name: nameIn(pool), error: pool.error }] : []))
  const [first] = failed
  if (!first || failed.length === 1) return first?.error
  return {
    ...first.error,
    title: `${failed.length} of ${pools.length} pools failed`,
    message: failed.map(({ name, error }) => `${name}: ${error.title}: ${error.message}`).join('\n'),
    hint: [...new Set(failed.map(({ error }) => error.hint))].join('\n'),
  }
}

/** The result of a run that was broken off. */
export interface BrokenOff {
  readonly result: RunResult
  readonly first: Explanation
  /** What failed after it, in words. */
  readonly later?: string
}

/** A pool that failed is the first cause: what fails after it, such as the cleanup, does not hide it. */
export function brokenOff(error: unknown, config: Config, progress: Progress): BrokenOff {
  const last = explain(error)
  const first = failureOf(progress.pools)
  if (!first) return { result: 'failed', first: last }
  const later = `After that, the run failed as well: ${last.title}: ${last.message} ${last.hint}`
  return { result: resultOf(config, progress), first, later }
}

export function endingOf(progress: Progress, config: Config, result: RunResult, error: Explanation | undefined): Ending {
  const { plan, observed, findings, pools } = progress
  const image = plan && imageReport(plan.image, config, progress)
  const ageOf = imageAges(observed && observedAcross(observed), plan?.image)
  const isForeseen = config.mode === 'plan'
  return {
    result,
    findings,
    pools: pools.map((summary, index) => {
      const [pool, account] = [plan?.pools[index], config.pool?.requests[index]?.account]
      const cost = pool && observed && poolCost({ plan: pool, summary, observed: observedIn(account, observed), isForeseen })
      return { ...withImageAges(summary, ageOf), ...(cost && { cost }) }
    }),
    changes: [...(plan?.changes ?? []), ...retentionChanges(progress.retention, config)],
    accountPools: accountPools(progress, config, isForeseen ? [] : pools).map((pool) => withImageAge(pool, ageOf)),
    ...(image && { image }),
    ...(plan && { planId: plan.id }),
    ...(plan && observed && isForeseen && { cores: coresOf(config, observed, plan.proofs) }),
    ...(error && { error }),
  }
}

function retentionChanges(
  { images, snapshots }: Pick<RetentionPlan, 'images' | 'snapshots'> = { images: [], snapshots: [] },
  { image }: Config,
): readonly PlannedChange[] {
  const type = image?.gallery ? 'image version' : 'managed image'
  return [
    ...images.map(({ id, name, why }) => ({ verb: 'delete' as const, type, name, id, reason: why })),
    ...snapshots.map(({ id, name, why }) => ({ verb: 'delete' as const, type: 'snapshot', name, id, reason: why })),
  ]
}

/** What a plan takes of the quotas of each account. */
function coresOf(config: Config, observed: ObservedFleet, proofs: Plan['proofs']): readonly CoreQuota[] {
  const accounts = config.pool?.accounts ?? []
  const views = byAccount(config).map((own, index) => ({
    config: own,
    observed: observedIn(own.pool?.account, observed),
    ...(proofs[index] && { proofs: proofs[index] }),
  }))
  return coreGroups(views).flatMap((group) => {
    const quotas = coreDemand(group, 'target')
    if (accounts.length < 2) return quotas
    const labels = group.flatMap(({ config: { pool } }) => (pool ? [labelAmong(accounts, pool.account)] : []))
    return quotas.map((quota) => ({ ...quota, name: `${labels.join(', ')}: ${quota.name}` }))
  })
}
