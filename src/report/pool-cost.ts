/** Pure: what a pool costs an hour, before and after. */
import { regionName } from '../model/arm-id.ts'
import type { PoolProperties } from '../model/batch.ts'
import type { Observed } from '../observe/observed.ts'
import { hourlyCost, nodePrices, paysForWindows } from '../pool/hourly-cost.ts'
import type { PoolPlan } from '../pool/pool-plan.ts'
import { totals } from '../pool/size.ts'
import type { PoolSummary } from './record.ts'
import type { PoolCost } from './run-report.ts'

interface CostQuestion {
  readonly plan: PoolPlan
  readonly summary: PoolSummary
  readonly observed: Observed
  /** Nothing is done: the size after is the one that is planned. */
  readonly isForeseen: boolean
}

/** `undefined` without `show-cost`, and where no prices were looked up. */
export function poolCost({ plan, summary, observed, isForeseen }: CostQuestion): PoolCost | undefined {
  const { prices, azureTime, account } = observed
  if (!prices || !azureTime || !account) return undefined
  const { existing } = plan
  const { vmSize, target, current, autoScale } = summary
  const now = new Date(azureTime)
  const costOf = (size: string, properties: PoolProperties, nodes: typeof target) =>
    hourlyCost({ vmSize: size, isWindows: paysForWindows(properties), nodes }, prices, now)
  const wanted: PoolProperties = { ...existing?.properties, ...('properties' in plan && plan.properties) }
  return {
    currency: 'USD',
    region: regionName(account.location),
    node: nodePrices({ vmSize, isWindows: paysForWindows(wanted) }, prices, now),
    before: existing ? costOf(existing.properties.vmSize ?? '', existing.properties, totals(existing)) : { usd: 0 },
    after:
      isForeseen && autoScale
        ? { unknown: 'a formula decides how many nodes there are' }
        : costOf(vmSize, wanted, isForeseen ? target : current),
  }
}
