/** Cores that pools may have: quotas of the account, or in user subscription mode what Microsoft.Compute counts in the region. */

import { plainRegion } from '../arm/resources.ts'
import { COMPUTE } from '../compute/virtual-machines.ts'
import { type Call, Refusal, type Route } from '../route.ts'
import { type OtherAccount, REGION, type ResizeFailure, type ScenarioAccount, SUBSCRIPTION } from '../scenarios/scenario.ts'
import { sizeOf } from './catalogue.ts'
import type { Pool } from './pool.ts'

const ofPool = ({ properties }: Pool) => sizeOf(properties.vmSize)
const coresIn = (pools: readonly Pool[], isDedicated: boolean, family?: string): number =>
  pools
    .filter((pool) => !family || ofPool(pool)?.familyName === family)
    .reduce((sum, pool) => sum + pool.nodes.filter((node) => node.isDedicated === isDedicated).length * (ofPool(pool)?.vCPUs ?? 1), 0)

/** Why Batch does not give `pool` these nodes. */
export function coreRefusal(
  account: ScenarioAccount,
  all: readonly Pool[],
  pool: Pool,
  target: { readonly dedicated: number; readonly lowPriority: number },
): ResizeFailure | undefined {
  return account.poolAllocationMode === 'UserSubscription'
    ? ofSubscription(account, all, pool, target)
    : ofAccount(account, all, pool, target)
}

type Asked = [ScenarioAccount, readonly Pool[], Pool, { readonly dedicated: number; readonly lowPriority: number }]

function ofAccount(...[account, all, pool, { dedicated, lowPriority }]: Asked): ResizeFailure | undefined {
  const { dedicatedCoreQuota, lowPriorityCoreQuota = 100, familyQuota } = account
  const vCpus = ofPool(pool)?.vCPUs ?? 1
  const others = all.filter((other) => other !== pool)
  if (dedicated > 0 && coresIn(others, true) + dedicated * vCpus > dedicatedCoreQuota)
    return { code: 'AccountCoreQuotaReached', message: 'The specified account has reached core quota' }
  const family = ofPool(pool)?.familyName ?? ''
  if (familyQuota && dedicated > 0 && coresIn(others, true, family) + dedicated * vCpus > (familyQuota[family] ?? 0)) {
    return { code: 'AccountVMSeriesCoreQuotaReached', message: `The specified account has reached VM series core quota for ${family}` }
  }
  if (lowPriority > 0 && coresIn(others, false) + lowPriority * vCpus > lowPriorityCoreQuota)
    return { code: 'AccountLowPriorityCoreQuotaReached', message: 'The specified account has reached low priority core quota' }
  return undefined
}

/** Nodes that are there are counted; only growth has to fit. */
function ofSubscription(...[account, all, pool, target]: Asked): ResizeFailure | undefined {
  const family = ofPool(pool)?.familyName ?? ''
  const staying = (isDedicated: boolean) => pool.nodes.filter((node) => node.isDedicated === isDedicated && !node.isLeaving).length
  const growth = (isDedicated: boolean, nodes: number) => Math.max(0, nodes - staying(isDedicated)) * (ofPool(pool)?.vCPUs ?? 1)
  const asked: readonly (readonly [string, string, number])[] = [
    ['cores', 'Total Regional Cores', growth(true, target.dedicated)],
    [family, `${family} Cores`, growth(true, target.dedicated)],
    ['lowPriorityCores', 'LowPriorityCores', growth(false, target.lowPriority)],
  ]
  const message = exceeded(account, all, asked)
  if (message)
    return {
      code: 'AllocationFailed',
      message: 'Desired number of dedicated nodes could not be allocated',
      details: [
        { code: 'Provider Error Json', message: JSON.stringify({ error: { code: 'OperationNotAllowed', message } }) },
        { code: 'Provider Error Json Truncated', message: 'False' },
      ],
    }
  return undefined
}

/** What Compute says of the first of these that does not fit: the quota's name, its name in words, and the cores that are added. */
function exceeded(
  account: ScenarioAccount,
  all: readonly Pool[],
  asked: readonly (readonly [string, string, number])[],
): string | undefined {
  for (const [name, words, more] of asked) {
    const usage = usagesOf(account, all).find((one) => one.name.value === name)
    if (!usage || more === 0 || usage.currentValue + more <= usage.limit) continue
    const { limit, currentValue } = usage
    return `Operation could not be completed as it results in exceeding approved ${words} quota. Additional details - Deployment Model: Resource Manager, Location: ${REGION}, Current Limit: ${limit}, Current Usage: ${currentValue}, Additional Required: ${more}, (Minimum) New Limit Required: ${currentValue + more}.`
  }
  return undefined
}

/** A virtual machine of this size. https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-quota */
export function refuseMachine(account: ScenarioAccount, pools: { all(): readonly Pool[] }, vmSize: string): void {
  const { familyName = '', vCPUs = 1 } = sizeOf(vmSize) ?? {}
  const message = exceeded(account, pools.all(), [
    ['cores', 'Total Regional Cores', vCPUs],
    [familyName, `${familyName} Cores`, vCPUs],
  ])
  if (message) throw new Refusal(409, 'OperationNotAllowed', message)
}

/** In user subscription mode nodes are machines of the subscription. */
function usagesOf({ subscriptionCores = {}, poolAllocationMode }: ScenarioAccount, pools: readonly Pool[]) {
  const own = poolAllocationMode === 'UserSubscription' ? pools : []
  return Object.entries(subscriptionCores).map(([name, { limit, used }]) => ({
    name: { value: name, localizedValue: name },
    unit: 'Count',
    currentValue: used + coresIn(own, name !== 'lowPriorityCores', /family$/i.test(name) ? name : undefined),
    limit,
  }))
}

interface CountedAccount {
  readonly account: ScenarioAccount & Partial<OtherAccount>
  readonly pools: { readonly region: string; all(): readonly Pool[] }
}

/** Pools of every account in user subscription mode whose nodes are counted with those of this one. */
export function countedWith<A extends CountedAccount>(own: A, accounts: readonly A[]): readonly Pool[] {
  const place = ({ account, pools }: CountedAccount) => `${account.subscriptionId ?? SUBSCRIPTION} ${pools.region}`
  return accounts
    .filter((one) => one.account.poolAllocationMode === 'UserSubscription' && place(one) === place(own))
    .flatMap(({ pools }) => pools.all())
}

/** By subscription and region, with the nodes of every account in user subscription mode there. */
export function usageRoutes(accounts: readonly CountedAccount[]): readonly Route[] {
  const usagesIn = ({ subscriptionId, location = '' }: Call['params']) => {
    const first = accounts.find(
      ({ account, pools }) =>
        account.subscriptionCores &&
        pools.region === plainRegion(location) &&
        (account.subscriptionId ?? SUBSCRIPTION) === subscriptionId?.toLowerCase(),
    )
    return first ? usagesOf(first.account, countedWith(first, accounts)) : []
  }
  return [
    {
      method: 'GET',
      path: '/subscriptions/:subscriptionId/providers/Microsoft.Compute/locations/:location/usages',
      apiVersions: COMPUTE,
      action: 'Microsoft.Compute/locations/usages/read',
      handle: ({ params }) => ({ status: 200, body: { value: usagesIn(params) } }),
    },
  ]
}
