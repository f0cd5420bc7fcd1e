/** Pure: all pools of the accounts of a run, as the report lists them. */
import type { Config } from '../config/config.ts'
import { isBehind } from '../image/age.ts'
import { type ArmId, isWithin, labelAmong, sameId } from '../model/arm-id.ts'
import { imageOf } from '../model/batch.ts'
import { observedAcross } from '../observe/observed.ts'
import type { PoolPlan } from '../pool/pool-plan.ts'
import { totals } from '../pool/size.ts'
import type { Progress } from './progress.ts'
import type { PoolSummary } from './record.ts'
import type { AccountPool } from './run-report.ts'

function accountLabel(pool: string, accounts: readonly ArmId[]): string {
  const account = accounts.find((one) => isWithin(one, pool))
  return account ? labelAmong(accounts, account) : ''
}

/** Which image each pool of the accounts is on, and whether there is a newer one of the same line. */
export function accountPools(
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
