/** Microsoft.Batch on ARM: the account, its pools, VM sizes. Synchronous answers; only DELETE is a long operation. */
import { type Arm, page, routesOf } from '../arm/resources.ts'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import { GROUP_ID, KEY_VAULT_ID, REGION, type Scenario, type ScenarioAccount, SUBSCRIPTION } from '../scenarios/scenario.ts'
import { SIZES } from './catalogue.ts'
import { addPool, changePool, conditionNotMet, refuseUnmatched, replacePool, shownProperties } from './pool-writes.ts'
import type { Pool, Pools, Properties } from './pools.ts'

const BATCH = '2021-06-01 2022-01-01 2022-06-01 2022-10-01 2023-05-01 2023-11-01 2024-02-01 2024-07-01 2025-06-01'.split(' ')
/** Image changes of a pool came with https://learn.microsoft.com/azure/batch/batch-pool-update-properties */
const CHANGES_IMAGES = new Set(['2024-07-01', '2025-06-01'])

export function batchArmRoutes(arm: Arm, pools: Pools, { account }: Scenario, accountEndpoint: () => string): readonly Route[] {
  const accountId = `${GROUP_ID}/providers/Microsoft.Batch/batchAccounts/${account.name}`
  const routed = routesOf('Microsoft.Batch', BATCH)
  const route = (method: Route['method'], path: string, action: string, handle: (call: Call) => Answer): Route =>
    routed(method, `/batchAccounts/:account${path}`, `batchAccounts/${action}`, (call) => {
      if (call.params.account?.toLowerCase() !== account.name.toLowerCase()) throw accountNotFound()
      return inBatchEnvelope(() => handle(call))
    })
  const poolOf = (call: Call): Pool => pools.get(call.params.pool ?? '')
  const answer = (pool: Pool): Answer => ({
    status: 200,
    headers: { etag: pool.etag, 'last-modified': new Date(pool.properties.lastModified).toUTCString() },
    body: { ...shown(accountId, pool), etag: pool.etag },
  })
  const putAnswer = (call: Call, pool: Pool): Answer => {
    const echoed = answer(pool)
    const { nodeDeallocationOption } = call.body?.properties?.scaleSettings?.fixedScale ?? {}
    const { fixedScale } = (echoed.body as { properties: Properties }).properties.scaleSettings
    if (fixedScale && nodeDeallocationOption) fixedScale.nodeDeallocationOption = nodeDeallocationOption
    return echoed
  }
  const changed = (pool: Pool, { headers, body, apiVersion }: Call, change: typeof changePool): Pool => {
    refuseUnmatched(headers, pool.etag)
    return change(arm, pools, pool, body ?? {}, CHANGES_IMAGES.has(apiVersion))
  }
  const accountBody = {
    id: accountId,
    name: account.name,
    type: 'Microsoft.Batch/batchAccounts',
    location: REGION,
    properties: {
      provisioningState: 'Succeeded',
      publicNetworkAccess: 'Enabled',
      ...allocationOf(account),
      poolQuota: pools.quota,
      activeJobAndJobScheduleQuota: 300,
    },
  }
  const withEndpoint = () => ({ ...accountBody, properties: { ...accountBody.properties, accountEndpoint: accountEndpoint() } })
  const operationEnds = new Map<string, number>()

  return [
    route('GET', '', 'read', () => ({ status: 200, body: withEndpoint() })),
    routed('GET', '/batchAccounts', 'batchAccounts/read', (call) => page(call, [withEndpoint(), ...accountsBeside(arm)])),
    // Pools of other accounts are there to be seen only.
    routed('GET', '/batchAccounts/:account/pools', 'batchAccounts/pools/read', (call) =>
      inBatchEnvelope(() => {
        if (call.params.account?.toLowerCase() === account.name.toLowerCase())
          return page(
            call,
            pools.visible().map((pool) => ({ ...shown(accountId, pool), etag: pool.etag })),
          )
        if (!arm.world.get(call.path.replace(/\/pools$/i, ''))) throw accountNotFound()
        return page(
          call,
          arm.world.list(call.path).map(({ location: _location, ...pool }) => pool),
        )
      }),
    ),
    route('GET', '/pools/:pool', 'pools/read', (call) => answer(poolOf(call))),
    route('PUT', '/pools/:pool', 'pools/write', (call) => {
      const name = call.params.pool ?? ''
      const existing = pools.find(name)
      if (existing && call.headers['if-none-match'] === '*') throw conditionNotMet()
      if (!existing && call.headers['if-match']) throw conditionNotMet()
      return putAnswer(call, existing ? changed(existing, call, replacePool) : addPool(arm, pools, name, call.body ?? {}))
    }),
    route('PATCH', '/pools/:pool', 'pools/write', (call) => answer(changed(poolOf(call), call, changePool))),
    route('POST', '/pools/:pool/stopResize', 'pools/stopResize/action', (call) => {
      const pool = poolOf(call)
      pool.stop?.()
      const { currentDedicatedNodes, currentLowPriorityNodes, scaleSettings } = pool.properties
      if (scaleSettings.fixedScale)
        Object.assign(scaleSettings.fixedScale, {
          targetDedicatedNodes: currentDedicatedNodes,
          targetLowPriorityNodes: currentLowPriorityNodes,
        })
      pools.touch(pool)
      return answer(pool)
    }),
    route('POST', '/pools/:pool/disableAutoScale', 'pools/disableAutoscale/action', (call) => {
      const pool = poolOf(call)
      pools.disableAutoScale(pool)
      return answer(pool)
    }),
    route('DELETE', '/pools/:pool', 'pools/delete', (call) => {
      const pool = pools.find(call.params.pool ?? '')
      if (!pool) return { status: 204 }
      const operation = `delete-${pool.name}-${ticksOf(pool.properties.creationTime)}`
      const url = `${call.origin}${accountId}/poolOperationResults/${operation}?api-version=${call.apiVersion}`
      const endsAtMs = pools.beginDelete(pool)
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
      path: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Batch/batchAccounts`,
      apiVersions: BATCH,
      action: 'Microsoft.Batch/batchAccounts/read',
      handle: (call) => page(call, [withEndpoint(), ...accountsBeside(arm)]),
    },
  ]
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
 * What tells the deletions of pools of one name apart, in the form of the recordings: a time in ticks of .NET, in hexadecimal digits.
 * https://learn.microsoft.com/dotnet/api/system.datetime.ticks
 */
function ticksOf(time: string): string {
  return (BigInt(Date.parse(time)) * 10_000n + 621_355_968_000_000_000n).toString(16).toUpperCase()
}
