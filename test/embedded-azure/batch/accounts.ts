/** Microsoft.Batch on ARM: the account, its pools, VM sizes. Synchronous answers; only DELETE is a long operation. */
import { type Arm, isWithin, page, routesOf } from '../arm/resources.ts'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import { groupIdOf, KEY_VAULT_ID, type OtherAccount, type ScenarioAccount } from '../scenarios/scenario.ts'
import { SIZES } from './catalogue.ts'
import type { Pool, Properties } from './pool.ts'
import { addPool, changePool, conditionNotMet, refuseUnmatched, replacePool, shownProperties } from './pool-writes.ts'
import type { Pools } from './pools.ts'

const BATCH = '2021-06-01 2022-01-01 2022-06-01 2022-10-01 2023-05-01 2023-11-01 2024-02-01 2024-07-01 2025-06-01'.split(' ')
/** Image changes of a pool came with https://learn.microsoft.com/azure/batch/batch-pool-update-properties */
const CHANGES_IMAGES = new Set(['2024-07-01', '2025-06-01'])

/** An account that exists, with its pools. */
export interface HostedAccount {
  readonly id: string
  readonly account: ScenarioAccount
  readonly pools: Pools
  readonly accountEndpoint: () => string
}

export const accountIdOf = (account: ScenarioAccount & Partial<OtherAccount>): string =>
  `${groupIdOf(account)}/providers/Microsoft.Batch/batchAccounts/${account.name}`

export function batchArmRoutes(arm: Arm, accounts: readonly HostedAccount[]): readonly Route[] {
  const routed = routesOf('Microsoft.Batch', BATCH)
  const find = ({ path }: Call) => accounts.find(({ id }) => `${path}/`.toLowerCase().startsWith(`${id}/`.toLowerCase()))
  const route = (method: Route['method'], path: string, action: string, handle: (call: Call, own: HostedAccount) => Answer): Route =>
    routed(method, `/batchAccounts/:account${path}`, `batchAccounts/${action}`, (call) => {
      const own = find(call)
      if (!own) throw accountNotFound()
      return inBatchEnvelope(() => handle(call, own))
    })
  const poolOf = (call: Call, { pools }: HostedAccount): Pool => pools.get(call.params.pool ?? '')
  const answer = (pool: Pool, { id }: HostedAccount): Answer => ({
    status: 200,
    headers: { etag: pool.etag, 'last-modified': new Date(pool.properties.lastModified).toUTCString() },
    body: { ...shown(id, pool), etag: pool.etag },
  })
  const putAnswer = (call: Call, pool: Pool, own: HostedAccount): Answer => {
    const echoed = answer(pool, own)
    const { nodeDeallocationOption } = call.body?.properties?.scaleSettings?.fixedScale ?? {}
    const { fixedScale } = (echoed.body as { properties: Properties }).properties.scaleSettings
    if (fixedScale && nodeDeallocationOption) fixedScale.nodeDeallocationOption = nodeDeallocationOption
    return echoed
  }
  const changed = (pool: Pool, { headers, body, apiVersion }: Call, change: typeof changePool, { pools }: HostedAccount): Pool => {
    refuseUnmatched(headers, pool.etag)
    return change(arm, pools, pool, body ?? {}, CHANGES_IMAGES.has(apiVersion))
  }
  const listed = (call: Call) => {
    const here = ({ id }: { readonly id: string }) => isWithin(id, call.path.replace(/\/providers\/.*$/i, ''))
    return [...accounts.filter(here).map(shownAccount), ...accountsBeside(arm).filter(here)]
  }
  const operationEnds = new Map<string, number>()

  return [
    route('GET', '', 'read', (_call, own) => ({ status: 200, body: shownAccount(own) })),
    routed('GET', '/batchAccounts', 'batchAccounts/read', (call) => page(call, listed(call))),
    // Pools of other accounts are there to be seen only.
    routed('GET', '/batchAccounts/:account/pools', 'batchAccounts/pools/read', (call) =>
      inBatchEnvelope(() => {
        const own = find(call)
        if (own)
          return page(
            call,
            own.pools.visible().map((pool) => ({ ...shown(own.id, pool), etag: pool.etag })),
          )
        if (!arm.world.get(call.path.replace(/\/pools$/i, ''))) throw accountNotFound()
        return page(
          call,
          arm.world.list(call.path).map(({ location: _location, ...pool }) => pool),
        )
      }),
    ),
    route('GET', '/pools/:pool', 'pools/read', (call, own) => answer(poolOf(call, own), own)),
    route('PUT', '/pools/:pool', 'pools/write', (call, own) => {
      const { pools } = own
      const name = call.params.pool ?? ''
      const existing = pools.find(name)
      if (existing && call.headers['if-none-match'] === '*') throw conditionNotMet()
      if (!existing && call.headers['if-match']) throw conditionNotMet()
      return putAnswer(call, existing ? changed(existing, call, replacePool, own) : addPool(arm, pools, name, call.body ?? {}), own)
    }),
    route('PATCH', '/pools/:pool', 'pools/write', (call, own) => answer(changed(poolOf(call, own), call, changePool, own), own)),
    route('POST', '/pools/:pool/stopResize', 'pools/stopResize/action', (call, own) => {
      const pool = poolOf(call, own)
      pool.stop?.()
      const { currentDedicatedNodes, currentLowPriorityNodes, scaleSettings } = pool.properties
      if (scaleSettings.fixedScale)
        Object.assign(scaleSettings.fixedScale, {
          targetDedicatedNodes: currentDedicatedNodes,
          targetLowPriorityNodes: currentLowPriorityNodes,
        })
      own.pools.touch(pool)
      return answer(pool, own)
    }),
    route('POST', '/pools/:pool/disableAutoScale', 'pools/disableAutoscale/action', (call, own) => {
      const pool = poolOf(call, own)
      own.pools.disableAutoScale(pool)
      return answer(pool, own)
    }),
    route('DELETE', '/pools/:pool', 'pools/delete', (call, { id, pools }) => {
      const pool = pools.find(call.params.pool ?? '')
      if (!pool) return { status: 204 }
      const endsAtMs = pools.beginDelete(pool)
      const operation = `delete-${pool.name}-${ticksOf(pool.properties.provisioningStateTransitionTime)}`
      const url = `${call.origin}${id}/poolOperationResults/${operation}?api-version=${call.apiVersion}`
      if (endsAtMs) operationEnds.set(operation.toLowerCase(), endsAtMs)
      return { status: 202, headers: { location: url, 'retry-after': '15' } }
    }),
    route('GET', '/poolOperationResults/:operation', 'poolOperationResults/read', (call) => {
      const endsAtMs = operationEnds.get((call.params.operation ?? '').toLowerCase())
      if (endsAtMs === undefined) throw new Refusal(404, 'OperationNotFound', 'The specified operation does not exist.')
      if (arm.clock.now().getTime() >= endsAtMs) return { status: 200 }
      return { status: 202, headers: { location: `${call.origin}${call.path}?api-version=${call.apiVersion}`, 'retry-after': '15' } }
    }),
    {
      method: 'GET',
      path: '/subscriptions/:subscriptionId/providers/Microsoft.Batch/locations/:location/virtualMachineSkus',
      apiVersions: BATCH,
      action: 'Microsoft.Batch/locations/virtualMachineSkus/read',
      handle: () => ({
        status: 200,
        body: {
          value: SIZES.map(({ name, familyName, batchSupportEndOfLife, ...capabilities }) => ({
            name,
            familyName,
            capabilities: Object.entries(capabilities).map(([key, value]) => ({ name: key, value: String(value) })),
            ...(batchSupportEndOfLife && { batchSupportEndOfLife }),
          })),
        },
      }),
    },
    {
      method: 'GET',
      path: '/subscriptions/:subscriptionId/providers/Microsoft.Batch/batchAccounts',
      apiVersions: BATCH,
      action: 'Microsoft.Batch/batchAccounts/read',
      handle: (call) => page(call, listed(call)),
    },
  ]
}

function shownAccount({ id, account, pools, accountEndpoint }: HostedAccount): object {
  return {
    id,
    name: account.name,
    type: 'Microsoft.Batch/batchAccounts',
    location: pools.region,
    properties: {
      provisioningState: 'Succeeded',
      publicNetworkAccess: 'Enabled',
      ...allocationOf(account),
      poolQuota: pools.quota,
      activeJobAndJobScheduleQuota: 300,
      accountEndpoint: accountEndpoint(),
    },
  }
}

const accountNotFound = () => new Refusal(404, 'AccountNotFound', 'The specified account does not exist.', { target: 'BatchAccount' })

const accountsBeside = ({ world }: Arm) => world.all().filter(({ type }) => type === 'Microsoft.Batch/batchAccounts')

/** Whose quotas bind; those of the subscription are not for Batch to tell. */
function allocationOf(account: ScenarioAccount): object {
  const { poolAllocationMode = 'BatchService', familyQuota } = account
  if (poolAllocationMode === 'UserSubscription') {
    return { poolAllocationMode, keyVaultReference: { id: KEY_VAULT_ID, url: 'https://batchsecrets.vault.azure.net/' } }
  }
  return {
    poolAllocationMode,
    dedicatedCoreQuota: account.dedicatedCoreQuota,
    lowPriorityCoreQuota: account.lowPriorityCoreQuota ?? 100,
    dedicatedCoreQuotaPerVMFamily: Object.entries(familyQuota ?? {}).map(([name, coreQuota]) => ({ name, coreQuota })),
    dedicatedCoreQuotaPerVMFamilyEnforced: familyQuota !== undefined,
  }
}

/** The account is the target of whatever Batch itself refuses. */
function inBatchEnvelope(act: () => Answer): Answer {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof Refusal) || error.target) throw error
    const { status, code, message, details, headers } = error
    throw new Refusal(status, code, message, { details, headers, target: 'BatchAccount' })
  }
}

function shown(accountId: string, { name, properties, envelope }: Pool): object {
  const copy = shownProperties(properties)
  return { id: `${accountId}/pools/${name}`, name, type: 'Microsoft.Batch/batchAccounts/pools', ...envelope, properties: copy }
}

/**
 * What tells the deletions of pools of one name apart: the example `PoolDelete` of the OpenAPI document ends in a time in ticks of .NET, in
 * hexadecimal digits, which is later than the pool's creation; the recordings end in the pool's name. Which time it is nobody says.
 * https://learn.microsoft.com/rest/api/batchmanagement/pool/delete, https://learn.microsoft.com/dotnet/api/system.datetime.ticks
 */
function ticksOf(time: string): string {
  return (BigInt(Date.parse(time)) * 10_000n + 621_355_968_000_000_000n).toString(16).toUpperCase()
}
