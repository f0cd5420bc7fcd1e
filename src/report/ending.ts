/** How a run ended, as far as it came: the part of the report that only the end knows. */
import { byAccount, type Config } from '../config/config.ts'
import { type Explanation, explain } from '../errors/explanation.ts'
import { isBehind } from '../image/age.ts'
import { baseImageOf } from '../image/base-image.ts'
import type { ImagePlan, SnapshotReport } from '../image/image-plan.ts'
import type { RetentionPlan } from '../image/retention.ts'
import { sourceContent } from '../image/source.ts'
import { type ArmId, isWithin, labelAmong, nameOf, parseArmId, sameId } from '../model/arm-id.ts'
import { imageOf } from '../model/batch.ts'
import type { RegionReplication } from '../model/compute.ts'
import { type ObservedFleet, observedAcross, observedIn } from '../observe/observed.ts'
import type { PlannedChange } from '../plan/changes.ts'
import { imageFor, type Plan } from '../plan/plan.ts'
import type { CoreQuota } from '../pool/core-quotas.ts'
import type { Verdict } from '../pool/health-gate.ts'
import type { PoolOutcome } from '../pool/outcome.ts'
import type { PoolPlan } from '../pool/pool-plan.ts'
import type { ProofOutcome } from '../pool/proof.ts'
import { targetFrom, totals } from '../pool/size.ts'
import type { Finding } from '../preflight/finding.ts'
import { coreDemand, coreGroups } from '../preflight/quotas.ts'
import { imageAges, withImageAge, withImageAges } from './image-ages.ts'
import { poolCost } from './pool-cost.ts'
import { poolNames } from './pool-names.ts'
import type { PoolSummary, RunEnding } from './record.ts'
import type { AccountPool, ImageReport, RunResult } from './run-report.ts'

/** How a run ended, as far as it came. The requests sent are the transport's to count. */
export type Ending = Omit<RunEnding, 'finishedAt' | 'requests' | 'leftBehind' | 'warnings'>

/** What the phases have found out so far; a failure keeps all of it. */
export interface Progress {
  findings: readonly Finding[]
  observed?: ObservedFleet
  plan?: Plan
  snapshots: readonly SnapshotReport[]
  /** Absent until the image is published. */
  replication?: readonly RegionReplication[]
  pools: readonly PoolSummary[]
  /** `latest: when-healthy`: the version was included. */
  isInLatest?: boolean
  retention?: RetentionPlan
}

const ACTIONS = {
  none: 'none',
  create: 'created',
  resize: 'resized',
  update: 'resized',
  reimage: 'reimaged',
  replace: 'replaced',
  'blue-green': 'blue-green',
} as const

/** What became of the pools of a plan, in its order. */
export function summariesOf({ pools }: Plan, config: Config, outcomes: readonly PoolOutcome[]): readonly PoolSummary[] {
  const { accounts = [], requests = [] } = config.pool ?? {}
  return pools.map((pool, index) => {
    const account = requests[index]?.account
    return summaryOf(pool, account ? labelAmong(accounts, account) : '', config, outcomes[index] ?? { isRolledBack: false })
  })
}

function summaryOf(
  plan: PoolPlan,
  account: string,
  config: Config,
  { pool, verdict, error, isRolledBack, isUntouched = false, hasResized, proof }: PoolOutcome,
): PoolSummary {
  const { request, existing } = plan
  const scale = existing?.properties.scaleSettings?.fixedScale
  // After a failed blue-green this may be the old pool.
  const { name, id } = error && pool ? pool : { name: request.id, id: plan.id }
  return {
    name,
    id,
    account,
    action: actionOf(plan, { hasResized, isUntouched: isUntouched || (proof?.result === 'failed' && !isRolledBack) }),
    vmSize: pool?.properties.vmSize ?? request.properties.vmSize ?? '',
    target: request.target,
    current: pool ? totals(pool) : { dedicated: 0, lowPriority: 0 },
    autoScale: request.autoScale,
    resizeTimeout: request.resizeTimeout,
    minHealthyPercentage: config.pool?.minHealthyPercentage ?? 100,
    required: verdict?.health.required ?? request.target.dedicated,
    healthy: verdict?.health.healthy ?? 0,
    unhealthyNodes: (verdict ?? proof?.verdict)?.unhealthyNodes ?? [],
    unhealthyTotal: (verdict ?? proof?.verdict)?.unhealthyTotal ?? 0,
    isRolledBack,
    ...(existing && { imageBefore: imageOf(existing), currentBefore: totals(existing) }),
    ...(scale && { targetBefore: targetFrom(scale) }),
    ...(pool && { imageAfter: imageOf(pool), allocationState: pool.properties.allocationState }),
    ...(verdict?.counts && { nodeStates: verdict.counts }),
    ...(proof && { proof: proofReport(proof) }),
    ...smokeTestOf(verdict?.smokeTest ?? proof?.verdict?.smokeTest),
    ...(error && { error }),
  }
}

const smokeTestOf = (smokeTest: Verdict['smokeTest']): Pick<PoolSummary, 'smokeTest'> => (smokeTest ? { smokeTest } : {})

function actionOf(
  { action }: PoolPlan,
  { hasResized = false, isUntouched }: { readonly hasResized: boolean | undefined; readonly isUntouched: boolean },
): PoolSummary['action'] {
  if (isUntouched) return 'none'
  return action === 'none' && hasResized ? 'resized' : ACTIONS[action]
}

function proofReport({ plan: { id, name, target, leftOut }, result, error }: ProofOutcome): NonNullable<PoolSummary['proof']> {
  return { id, name, target, result, leftOut, ...(error && { reason: error.message }) }
}

/** The pools as they are, and the images that they would be on. */
export function plannedOutcomes(plan: Plan, config: Config): readonly PoolSummary[] {
  const asTheyAre = plan.pools.map(({ existing }) => ({ isRolledBack: false, ...(existing && { pool: existing }) }))
  return summariesOf(plan, config, asTheyAre).map((summary, index) => {
    const pool = plan.pools[index]
    const image = pool && config.pool && imageFor(pool, index, plan, config.pool)
    return { ...summary, ...(image && { imageAfter: image }) }
  })
}

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

/** What a run ends with that did not get to its end. */
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
  const later = `The run did not get to its end either: ${last.title}: ${last.message} ${last.hint}`
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

function imageReport(image: ImagePlan, config: Config, { snapshots, replication, observed, isInLatest = false }: Progress): ImageReport {
  const parts = parseArmId(image.id)
  const isVersion = parts?.names.length === 3
  const sourceId = observed && sourceContent(config.source, observedAcross(observed))?.sourceId
  const baseImage = observed && config.source.kind === 'vm' ? baseImageOf(observedAcross(observed)) : undefined
  const action = image.kind === 'given' ? 'given' : image.kind === 'reuse' ? 'reused' : replication ? 'created' : 'planned'
  const planned = image.kind === 'build' ? image.snapshots.map(({ id, disk }): SnapshotReport => ({ id, disk, state: 'planned' })) : []
  return {
    kind: isVersion ? 'gallery' : 'managed',
    id: image.id,
    name: config.image?.name ?? parts?.names.at(-2) ?? nameOf(image.id),
    version: image.kind === 'given' ? nameOf(image.id) : image.version,
    action,
    reason: image.reason,
    replication: replication ?? [],
    snapshots: snapshots.length > 0 ? snapshots : planned,
    ...(image.kind !== 'given' && image.isExcludedFromLatest && { latest: isInLatest ? ('included' as const) : ('excluded' as const) }),
    ...(sourceId && { sourceId }),
    ...(baseImage && { baseImage }),
    ...(image.kind === 'build' && image.previousVersion && { previousVersion: image.previousVersion }),
  }
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

function accountLabel(pool: string, accounts: readonly ArmId[]): string {
  const account = accounts.find((one) => isWithin(one, pool))
  return account ? labelAmong(accounts, account) : ''
}

/** Which image each pool of the accounts is on, and whether there is a newer one of the same line. */
function accountPools(
  { observed, plan }: Pick<Progress, 'observed' | 'plan'>,
  config: Config,
  outcomes: readonly PoolSummary[],
): readonly AccountPool[] {
  const succeeded = [...(observed?.versions ?? []), ...(observed?.images ?? [])].filter(
    ({ provisioningState }) => provisioningState === 'Succeeded',
  )
  const images = [...succeeded.map(({ id }) => id), ...(plan ? [plan.image.id] : [])]
  const now = outcomes.map(({ name, account, imageAfter, imageBefore, current }) => ({
    name,
    account,
    image: imageAfter ?? imageBefore ?? '',
    current,
  }))
  const isDone = ({ id }: PoolPlan) => outcomes.some((outcome) => sameId(outcome.id, id) && !outcome.error)
  const retired = (plan?.pools ?? []).flatMap((pool) =>
    pool.action === 'blue-green' && isDone(pool) ? [pool.old, ...pool.abandonedSuccessors] : [],
  )
  const leftovers = (plan?.proofs ?? []).flatMap((proofs) => proofs.leftovers)
  const others = (observed ? observedAcross(observed).pools : [])
    .filter((pool) => !leftovers.includes(pool))
    .filter((pool) => !outcomes.some(({ id }) => sameId(id, pool.id)) && !retired.some(({ id }) => sameId(id, pool.id)))
    .map((pool) => ({
      name: pool.name,
      account: accountLabel(pool.id, config.pool?.accounts ?? []),
      image: imageOf(pool),
      current: totals(pool),
    }))
  return [...now, ...others].map((pool) => ({ ...pool, isBehind: isBehind(pool.image, images) }))
}
