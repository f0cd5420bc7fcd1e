/** Microsoft.Batch on ARM: the account, its pools, VM sizes. Synchronous answers; only DELETE is a long operation. */
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { type Arm, page, plainRegion, routesOf } from './arm.ts'
import { IMAGES, SIZES, sizeOf } from './catalogue.ts'
import { minutesOf, type Pool, type Pools, type Properties } from './pools.ts'
import { type Answer, type Call, Refusal, type Route } from './route.ts'
import { GROUP_ID, KEY_VAULT_ID, REGION, type Scenario, type ScenarioAccount, SUBSCRIPTION } from './scenario.ts'

const BATCH = ['2022-10-01', '2023-11-01', '2024-02-01', '2024-07-01', '2025-06-01']
/** Image changes of a pool came with https://learn.microsoft.com/azure/batch/batch-pool-update-properties */
const CHANGES_IMAGES = new Set(['2024-07-01', '2025-06-01'])
/** Recorded: 64 s with nodes, 0 to 16 s without. */
const DELETE_MS = { withNodes: 64_000, empty: 8_000 }
const CHANGEABLE_AT_ANY_TIME = new Set(['startTask', 'metadata', 'applicationPackages', 'scaleSettings'])
const KNOWN = new Set(
  'displayName vmSize deploymentConfiguration scaleSettings interNodeCommunication networkConfiguration taskSlotsPerNode taskSchedulingPolicy userAccounts metadata startTask applicationPackages mountConfiguration upgradePolicy'.split(
    ' ',
  ),
)
/** Taken, and without effect. */
const READ_ONLY = new Set(
  'lastModified creationTime provisioningState provisioningStateTransitionTime allocationState allocationStateTransitionTime currentDedicatedNodes currentLowPriorityNodes autoScaleRun resizeOperationStatus'.split(
    ' ',
  ),
)

export function batchArmRoutes(arm: Arm, pools: Pools, { account }: Scenario, accountEndpoint: () => string): readonly Route[] {
  const accountId = `${GROUP_ID}/providers/Microsoft.Batch/batchAccounts/${account.name}`
  const routed = routesOf('Microsoft.Batch', BATCH)
  const route = (method: Route['method'], path: string, action: string, handle: (call: Call) => Answer): Route =>
    routed(method, `/batchAccounts/:account${path}`, `batchAccounts/${action}`, (call) => {
      if (call.params.account?.toLowerCase() !== account.name.toLowerCase())
        throw new Refusal(404, 'AccountNotFound', 'The specified account does not exist.', { target: 'BatchAccount' })
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
  const accountBody = {
    id: accountId,
    name: account.name,
    type: 'Microsoft.Batch/batchAccounts',
    location: REGION,
    properties: {
      provisioningState: 'Succeeded',
      publicNetworkAccess: 'Enabled',
      ...allocationOf(account),
      poolQuota: account.poolQuota ?? 100,
      activeJobAndJobScheduleQuota: 300,
    },
  }
  const withEndpoint = () => ({ ...accountBody, properties: { ...accountBody.properties, accountEndpoint: accountEndpoint() } })
  const operationEnds = new Map<string, number>()

  return [
    route('GET', '', 'read', () => ({ status: 200, body: withEndpoint() })),
    routed('GET', '/batchAccounts', 'batchAccounts/read', () => ({ status: 200, body: { value: [withEndpoint()] } })),
    route('GET', '/pools', 'pools/read', (call) =>
      page(
        call,
        pools.all().map((pool) => ({ ...shown(accountId, pool), etag: pool.etag })),
      ),
    ),
    route('GET', '/pools/:pool', 'pools/read', (call) => answer(poolOf(call))),
    route('PUT', '/pools/:pool', 'pools/write', (call) => putAnswer(call, put(arm, pools, call, account.poolQuota ?? 100))),
    route('PATCH', '/pools/:pool', 'pools/write', (call) => answer(patch(arm, pools, poolOf(call), call))),
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
      pools.refuseBusy(pool)
      const { currentDedicatedNodes, currentLowPriorityNodes } = pool.properties
      pool.properties.scaleSettings = {}
      pools.resize(pool, {
        targetDedicatedNodes: currentDedicatedNodes,
        targetLowPriorityNodes: currentLowPriorityNodes,
        resizeTimeout: 'PT15M',
      })
      return answer(pool)
    }),
    route('DELETE', '/pools/:pool', 'pools/delete', (call) => {
      const pool = pools.find(call.params.pool ?? '')
      if (!pool) return { status: 204 }
      const { properties, name } = pool
      const operation = `delete-${name}`
      const url = `${call.origin}${accountId}/poolOperationResults/${operation}?api-version=${call.apiVersion}`
      if (properties.provisioningState !== 'Deleting') {
        const afterMs = pool.nodes.length > 0 ? DELETE_MS.withNodes : DELETE_MS.empty
        properties.provisioningState = 'Deleting'
        pool.stop?.()
        operationEnds.set(operation.toLowerCase(), arm.clock.now().getTime() + afterMs)
        arm.clock.after(afterMs, () => {
          if (pools.find(name) === pool) pools.delete(name)
        })
      }
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
      handle: () => ({ status: 200, body: { value: [withEndpoint()] } }),
    },
  ]
}

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

const invalid = (path: string, reason: string): Refusal =>
  new Refusal(400, 'InvalidPropertyValue', 'The value provided for one of the properties in the request body is invalid.', {
    target: 'BatchAccount',
    details: [
      { code: 'Reason', message: reason },
      { code: 'PropertyName', message: path.slice(path.lastIndexOf('.') + 1) },
      { code: 'PropertyPath', message: path },
    ],
  })

const conditionNotMet = (): Refusal =>
  new Refusal(412, 'ConditionNotMet', 'The condition specified using HTTP conditional header(s) is not met.', { target: 'BatchAccount' })

function put(arm: Arm, pools: Pools, call: Call, poolQuota: number): Pool {
  const name = call.params.pool ?? ''
  const existing = pools.find(name)
  if (existing && call.headers['if-none-match'] === '*') throw conditionNotMet()
  if (!existing && call.headers['if-match']) throw conditionNotMet()
  if (existing) return patch(arm, pools, existing, call)
  if (!/^[\w-]{1,64}$/.test(name)) throw invalid('id', 'The pool id may hold letters, digits, hyphens and underscores, at most 64.')
  const sent = settable(call.body?.properties ?? {})
  checkBody(arm, pools, sent)
  if (pools.all().length >= poolQuota)
    throw new Refusal(409, 'PoolQuotaReached', 'Pool quota for the account has been reached.', { target: 'BatchAccount' })
  const pool = pools.add(name, {
    interNodeCommunication: 'Disabled',
    taskSlotsPerNode: 1,
    taskSchedulingPolicy: { nodeFillType: 'Spread' },
    ...Object.fromEntries(Object.entries(sent).map(([property, value]) => [property, normalized(property, value)])),
    provisioningState: 'Succeeded',
    provisioningStateTransitionTime: pools.now(),
    creationTime: pools.now(),
    lastModified: pools.now(),
    allocationState: 'Steady',
    currentDedicatedNodes: 0,
    currentLowPriorityNodes: 0,
  })
  pool.envelope = envelopeOf(call.body)
  scale(pools, pool, sent.scaleSettings)
  return pool
}

/** What stands beside `properties`; Azure fills in who an identity is. */
function envelopeOf({ identity, tags }: Properties): Properties {
  const identities = Object.keys(identity?.userAssignedIdentities ?? {}).map((id) => [
    id,
    { principalId: randomUUID(), clientId: randomUUID() },
  ])
  return {
    ...(identity && {
      identity: { ...identity, ...(identities.length > 0 && { userAssignedIdentities: Object.fromEntries(identities) }) },
    }),
    ...(tags && { tags }),
  }
}

function patch(arm: Arm, pools: Pools, pool: Pool, call: Call): Pool {
  const match = call.headers['if-match']
  if (match && match !== '*' && match !== pool.etag) throw conditionNotMet()
  if (pool.properties.provisioningState === 'Deleting')
    throw new Refusal(409, 'PoolBeingDeleted', 'The specified pool has been marked for deletion and is being reclaimed.', {
      target: 'BatchAccount',
    })
  const { scaleSettings, ...sent } = settable(call.body?.properties ?? {})
  const changed = Object.entries(sent).filter(([name, value]) => !isDeepStrictEqual(normalized(name, value), pool.properties[name]))
  const envelope = envelopeOf(call.body ?? {})
  const locked = envelope.identity ? 'identity' : changed.find(([name]) => !CHANGEABLE_AT_ANY_TIME.has(name))?.[0]
  if (locked && (pool.nodes.length > 0 || !CHANGES_IMAGES.has(call.apiVersion))) {
    throw new Refusal(409, 'PropertyCannotBeUpdated', 'A property that cannot be updated was specified as part of the request.', {
      target: 'BatchAccount',
      details: [
        { code: 'Reason', message: 'A property that cannot be updated was specified as part of the request.' },
        { code: 'PropertyName', message: locked },
        { code: 'PropertyPath', message: `properties.${locked}` },
      ],
    })
  }
  if (sent.deploymentConfiguration) checkBody(arm, pools, { ...pool.properties, ...sent })
  const rescales = scaleSettings && isRescaled(pool.properties, scaleSettings)
  if (rescales) pools.refuseBusy(pool)
  for (const [name, value] of changed) pool.properties[name] = normalized(name, value)
  Object.assign(pool.envelope, envelope)
  if (changed.length > 0 || Object.keys(envelope).length > 0) pools.touch(pool)
  if (rescales) scale(pools, pool, scaleSettings)
  return pool
}

/** A property as Batch keeps it: what was left out has its default. */
function normalized(name: string, value: Properties): unknown {
  if (name === 'vmSize') return String(value).toUpperCase()
  const copy = structuredClone(value)
  if (name === 'startTask' && copy) return { maxTaskRetryCount: 0, waitForSuccess: true, ...copy }
  const image = name === 'deploymentConfiguration' && copy?.virtualMachineConfiguration?.imageReference
  if (image?.publisher) image.version ??= 'latest'
  return copy
}

/** A resize begins only where the target differs: a PATCH that repeats it changes nothing. */
function isRescaled({ scaleSettings }: Properties, { fixedScale, autoScale }: Properties): boolean {
  if (autoScale) return !isDeepStrictEqual(autoScale, scaleSettings.autoScale)
  if (!fixedScale) return false
  return (['targetDedicatedNodes', 'targetLowPriorityNodes'] as const).some(
    (name) => (fixedScale[name] ?? 0) !== (scaleSettings.fixedScale?.[name] ?? -1),
  )
}

function scale(pools: Pools, pool: Pool, settings: Properties = {}): void {
  const { fixedScale, autoScale } = settings
  if (autoScale) {
    const target = Number(/\$TargetDedicated(?:Nodes)?\s*=\s*(\d+)/.exec(autoScale.formula)?.[1] ?? 0)
    pool.properties.scaleSettings = { autoScale: { evaluationInterval: 'PT15M', ...autoScale } }
    pool.properties.autoScaleRun = {
      evaluationTime: pools.now(),
      results: `$TargetDedicatedNodes=${target};$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue`,
    }
    pools.resize(pool, { targetDedicatedNodes: target, targetLowPriorityNodes: 0, resizeTimeout: 'PT15M' })
    return
  }
  delete pool.properties.scaleSettings
  delete pool.properties.autoScaleRun
  const { targetDedicatedNodes = 0, targetLowPriorityNodes = 0, resizeTimeout = 'PT15M', nodeDeallocationOption } = fixedScale ?? {}
  pools.resize(pool, {
    targetDedicatedNodes,
    targetLowPriorityNodes,
    resizeTimeout,
    ...(nodeDeallocationOption && { nodeDeallocationOption }),
  })
}

const GALLERY_FORMS =
  'The specified resource id must be of the format /subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/galleries/{galleryName}/images/{galleryImageName}/versions/{galleryImageVersionName} or /subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/galleries/{galleryName}/images/{galleryImageName}'
const DEPLOYMENT = 'properties.deploymentConfiguration.virtualMachineConfiguration'

/** What the caller may send at all, to make a pool or to change one. @returns it, without what is Batch's own to say. */
function settable(sent: Properties): Properties {
  const unknown = Object.keys(sent).find((name) => !KNOWN.has(name) && !READ_ONLY.has(name))
  if (unknown) throw invalid(`properties.${unknown}`, 'The property is not known at this api-version.')
  const path = 'properties.scaleSettings.fixedScale'
  const { resizeTimeout, ...targets } = sent.scaleSettings?.fixedScale ?? {}
  for (const name of ['targetDedicatedNodes', 'targetLowPriorityNodes']) {
    const target = targets[name] ?? 0
    if (!Number.isInteger(target) || target < 0) throw invalid(`${path}.${name}`, 'The number of nodes must be a whole number, 0 or more.')
  }
  if (resizeTimeout && minutesOf(resizeTimeout) < 5)
    throw invalid(`${path}.resizeTimeout`, 'The resize timeout must be at least 5 minutes.')
  return Object.fromEntries(Object.entries(sent).filter(([name]) => !READ_ONLY.has(name)))
}

function checkBody({ world }: Arm, { acceptsManagedImages }: Pools, { vmSize, deploymentConfiguration }: Properties): void {
  const configuration = deploymentConfiguration?.virtualMachineConfiguration
  if (!vmSize) throw invalid('properties.vmSize', 'A VM size is required.')
  if (!sizeOf(vmSize)) throw invalid('properties.vmSize', `The specified vmSize ${vmSize} is not supported.`)
  if (!configuration?.nodeAgentSkuId) throw invalid(`${DEPLOYMENT}.nodeAgentSkuId`, 'A node agent SKU is required.')
  const { id, version, publisher } = configuration.imageReference ?? {}
  const agent: string = configuration.nodeAgentSkuId
  if (!IMAGES.some((image) => image.agent === agent.toLowerCase()))
    throw new Refusal(404, 'NodeAgentSKUNotFound', 'The specified Node Agent SKU does not exist.', { target: 'BatchAccount' })
  if (!id) {
    if (!publisher) throw invalid(`${DEPLOYMENT}.imageReference`, 'An image is required.')
    const { offer, sku } = configuration.imageReference
    if (!IMAGES.some((image) => image.agent === agent.toLowerCase() && sameImage(image, configuration.imageReference))) {
      throw invalid(
        `${DEPLOYMENT}.imageReference`,
        `The specified imageReference with publisher ${publisher} offer ${offer} sku ${sku} is not supported.`,
      )
    }
    return
  }
  if (version) throw invalid(`${DEPLOYMENT}.imageReference`, 'Specified property version can only have a value when publisher is set.')
  if (acceptsManagedImages && /\/providers\/Microsoft\.Compute\/images\/[^/]+$/i.test(id)) return
  if (!/\/galleries\/[^/]+\/images\/[^/]+(\/versions\/[^/]+)?$/i.test(id)) throw invalid(`${DEPLOYMENT}.imageReference.id`, GALLERY_FORMS)
  const regions: readonly { name: string }[] = world.get(id)?.properties.publishingProfile?.targetRegions ?? []
  if (/\/versions\//i.test(id) && !regions.some(({ name }) => plainRegion(name) === REGION)) {
    throw invalid(
      `${DEPLOYMENT}.imageReference.id`,
      `The gallery image ${id} is not available in ${REGION} region. Please contact image owner to replicate to this region, or change your requested region.`,
    )
  }
}

const sameImage = (one: Properties, other: Properties): boolean =>
  ['publisher', 'offer', 'sku'].every((name) => String(one[name]).toLowerCase() === String(other[name]).toLowerCase())

/** Passwords are never given back. */
function shown(accountId: string, { name, properties, envelope }: Pool): object {
  const copy = structuredClone(properties)
  for (const account of copy.userAccounts ?? []) delete account.password
  return { id: `${accountId}/pools/${name}`, name, type: 'Microsoft.Batch/batchAccounts/pools', ...envelope, properties: copy }
}
