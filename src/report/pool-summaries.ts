/** Pure: the outcomes of pools, as the report has them. */
import type { Config } from '../config/config.ts'
import { labelAmong } from '../model/arm-id.ts'
import { imageOf } from '../model/batch.ts'
import { imageFor, type Plan } from '../plan/plan.ts'
import type { Verdict } from '../pool/health-gate.ts'
import type { PoolOutcome } from '../pool/outcome.ts'
import type { PoolPlan } from '../pool/pool-plan.ts'
import type { ProofOutcome } from '../pool/proof.ts'
import { targetFrom, totals } from '../pool/size.ts'
import type { PoolSummary } from './record.ts'

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
