/** Microsoft.Batch, both planes: pools that take their time, resizes that fall short, nodes with fates of their own. */
import { randomUUID } from 'node:crypto'
import type { AzureClock } from './clock.ts'
import { groupPath } from './compute.ts'
import { type Answer, type Call, Refusal, type Route } from './route.ts'
import { REGION, type ResizeBehaviour, type Scenario } from './scenario.ts'
import type { World } from './world.ts'

const ARM = ['2023-11-01', '2024-02-01', '2024-07-01', '2025-06-01']
const DATA_PLANE = ['2024-02-01.19.0', '2024-07-01.20.0', '2025-06-01']
const IN_GROUP = '/subscriptions/:subscriptionId/resourceGroups/:resourceGroup/providers/Microsoft.Batch/batchAccounts/:account'
/** Recorded: one node 96.7 s, a refusal for quota 1.2 s, a node from starting to idle 48 s. */
const DURATION_MS = { allocation: 97_000, refusal: 1_200, start: 48_000, startTask: 10_000, drain: 30_000 }
/** Properties that change only on a pool without nodes. */
const NEEDS_EMPTY_POOL = [
  'deploymentConfiguration',
  'vmSize',
  'networkConfiguration',
  'interNodeCommunication',
  'taskSlotsPerNode',
  'userAccounts',
]
const SIZES = [
  { name: 'Standard_D2s_v5', familyName: 'standardDSv5Family', vCPUs: '2', HyperVGenerations: 'V1,V2', CpuArchitectureType: 'x64' },
  { name: 'Standard_D4s_v5', familyName: 'standardDSv5Family', vCPUs: '4', HyperVGenerations: 'V1,V2', CpuArchitectureType: 'x64' },
  { name: 'Standard_A1_v2', familyName: 'standardAv2Family', vCPUs: '1', HyperVGenerations: 'V1', CpuArchitectureType: 'x64' },
]
const IMAGES = [
  { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server', agent: 'batch.node.ubuntu 24.04' },
  {
    publisher: 'canonical',
    offer: '0001-com-ubuntu-server-jammy',
    sku: '22_04-lts',
    agent: 'batch.node.ubuntu 22.04',
    end: '2027-06-30T00:00:00Z',
  },
]

// biome-ignore lint/suspicious/noExplicitAny: a pool's properties are whatever the caller sent
type Properties = any

interface Pool {
  readonly name: string
  etag: string
  properties: Properties
  /** When the nodes there are now were allocated. */
  nodesSinceMs: number
}

export interface BatchService {
  readonly armRoutes: readonly Route[]
  readonly dataPlaneRoutes: readonly Route[]
}

export function createBatch(scenario: Scenario, world: World, clock: AzureClock, accountEndpoint: () => string): BatchService {
  const pools = new Map<string, Pool>()
  const accountId = `${groupPath}/providers/Microsoft.Batch/batchAccounts/${scenario.account.name}`
  const behaviours = [...(scenario.resizes ?? [])]
  const now = () => clock.now().toISOString()
  const newEtag = () => `W/"0x8D${randomUUID().slice(0, 13).replaceAll('-', '').toUpperCase()}"`

  const known = (call: Call): Pool => {
    const pool = pools.get((call.params.pool ?? '').toLowerCase())
    if (!pool) throw new Refusal(404, 'PoolNotFound', 'The specified pool does not exist.')
    return pool
  }
  const account = (call: Call): void => {
    if (call.params.account?.toLowerCase() !== scenario.account.name.toLowerCase())
      throw new Refusal(404, 'AccountNotFound', 'The specified account does not exist.')
  }
  const shown = ({ name, etag, properties }: Pool) => ({
    id: `${accountId}/pools/${name}`,
    name,
    type: 'Microsoft.Batch/batchAccounts/pools',
    etag,
    properties: forGet(properties),
  })
  const answer = (pool: Pool): Answer => ({ status: 200, headers: { etag: pool.etag }, body: shown(pool) })

  const resize = (pool: Pool, dedicated: number, lowPriority: number, resizeTimeout: string): void => {
    const { properties } = pool
    if (properties.allocationState !== 'Steady') throw new Refusal(409, 'PoolBeingResized', 'The specified pool is being resized.')
    const from = properties.currentDedicatedNodes
    Object.assign(properties, {
      allocationState: 'Resizing',
      allocationStateTransitionTime: now(),
      lastModified: now(),
      scaleSettings: { fixedScale: { targetDedicatedNodes: dedicated, targetLowPriorityNodes: lowPriority, resizeTimeout } },
      resizeOperationStatus: {
        targetDedicatedNodes: dedicated,
        targetLowPriorityNodes: lowPriority,
        nodeDeallocationOption: 'Requeue',
        resizeTimeout,
        startTime: now(),
      },
    })
    pool.etag = newEtag()
    const quota = quotaOf(properties.vmSize, scenario.account.dedicatedCoreQuota)
    const behaviour = dedicated > from ? (behaviours.length > 1 ? behaviours.shift() : behaviours[0]) : undefined
    const there = Math.min(dedicated, behaviour ? from + behaviour.gain : dedicated)
    const error =
      dedicated > quota
        ? { code: 'AccountCoreQuotaReached', message: 'The specified account has reached core quota' }
        : errorOf(behaviour, there, dedicated)
    const reached = dedicated > quota ? from : there
    const afterMs =
      error?.code === 'AllocationTimedout'
        ? minutesOf(resizeTimeout) * 60_000
        : error
          ? DURATION_MS.refusal
          : dedicated < from
            ? DURATION_MS.drain
            : dedicated === from
              ? DURATION_MS.refusal
              : DURATION_MS.allocation
    clock.after(afterMs, () => {
      if (reached > from) pool.nodesSinceMs = clock.now().getTime()
      Object.assign(properties, {
        allocationState: 'Steady',
        allocationStateTransitionTime: now(),
        currentDedicatedNodes: reached,
        currentLowPriorityNodes: lowPriority,
        resizeOperationStatus: { ...properties.resizeOperationStatus, ...(error && { errors: [error] }) },
      })
    })
  }

  const refuseBadBody = ({ vmSize, deploymentConfiguration, ...rest }: Properties): void => {
    const invalid = (path: string, reason: string) =>
      new Refusal(400, 'InvalidPropertyValue', 'The value provided for one of the properties in the request body is invalid.', {
        target: 'BatchAccount',
        details: [
          { code: 'PropertyPath', message: path },
          { code: 'Reason', message: reason },
        ],
      })
    const configuration = deploymentConfiguration?.virtualMachineConfiguration
    if (!vmSize) throw invalid('properties.vmSize', 'A VM size is required.')
    if (!configuration?.nodeAgentSkuId)
      throw invalid('properties.deploymentConfiguration.virtualMachineConfiguration.nodeAgentSkuId', 'A node agent SKU is required.')
    for (const name of ['certificates', 'resourceTags', 'targetNodeCommunicationMode', 'applicationLicenses']) {
      if (name in rest) throw invalid(`properties.${name}`, 'The property is not known at this api-version.')
    }
    const { id, version } = configuration.imageReference ?? {}
    if (id && version)
      throw invalid(
        'properties.deploymentConfiguration.virtualMachineConfiguration.imageReference',
        'Specified property version can only have a value when publisher is set.',
      )
    if (!/\/galleries\/[^/]+\/images\/[^/]+(\/versions\/[^/]+)?$/i.test(id ?? '')) {
      throw invalid(
        'properties.deploymentConfiguration.virtualMachineConfiguration.imageReference.id',
        'The specified resource id must be of the format /subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/galleries/{galleryName}/images/{galleryImageName}/versions/{galleryImageVersionName} or /subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/galleries/{galleryName}/images/{galleryImageName}',
      )
    }
    const regions: readonly { name: string }[] = world.get(id)?.properties.publishingProfile?.targetRegions ?? []
    if (!regions.some(({ name }) => name.replaceAll(' ', '').toLowerCase() === REGION))
      throw invalid('imageReference.id', 'The image is not found in the region of the account.')
  }

  const arm = (method: Route['method'], path: string, action: string, handle: Route['handle']): Route => ({
    method,
    path: `${IN_GROUP}${path}`,
    apiVersions: ARM,
    action: `Microsoft.Batch/batchAccounts/${action}`,
    handle: (call) => {
      account(call)
      return handle(call)
    },
  })
  const data = (method: Route['method'], path: string, action: string, handle: Route['handle']): Route => ({
    method,
    path,
    apiVersions: DATA_PLANE,
    action,
    handle,
  })
  const page = (name: string, value: unknown, call: Call) => ({
    status: 200,
    body: { 'odata.metadata': `${call.origin}/$metadata#${name}`, value },
  })
  const nodesOf = (pool: Pool) => nodeStates(pool, scenario, clock.now().getTime())

  return {
    armRoutes: [
      arm('GET', '', 'read', () => ({
        status: 200,
        body: {
          id: accountId,
          name: scenario.account.name,
          type: 'Microsoft.Batch/batchAccounts',
          location: REGION,
          properties: {
            accountEndpoint: accountEndpoint(),
            provisioningState: 'Succeeded',
            poolAllocationMode: 'BatchService',
            publicNetworkAccess: 'Enabled',
            dedicatedCoreQuota: scenario.account.dedicatedCoreQuota,
            lowPriorityCoreQuota: 100,
            dedicatedCoreQuotaPerVMFamily: [],
            dedicatedCoreQuotaPerVMFamilyEnforced: false,
            poolQuota: 100,
            activeJobAndJobScheduleQuota: 300,
          },
        },
      })),
      arm('GET', '/pools', 'pools/read', () => ({ status: 200, body: { value: [...pools.values()].map(shown) } })),
      arm('GET', '/pools/:pool', 'pools/read', (call) => answer(known(call))),
      arm('PUT', '/pools/:pool', 'pools/write', (call) => {
        const name = call.params.pool ?? ''
        if (pools.has(name.toLowerCase()) && call.headers['if-none-match'] === '*')
          throw new Refusal(412, 'ConditionNotMet', 'The condition specified using HTTP conditional header(s) is not met.')
        const sent = call.body?.properties ?? {}
        refuseBadBody(sent)
        const { targetDedicatedNodes = 0, targetLowPriorityNodes = 0, resizeTimeout = 'PT15M' } = sent.scaleSettings?.fixedScale ?? {}
        const pool: Pool = {
          name,
          etag: newEtag(),
          nodesSinceMs: 0,
          properties: {
            ...sent,
            vmSize: sent.vmSize.toUpperCase(),
            interNodeCommunication: sent.interNodeCommunication ?? 'Disabled',
            taskSlotsPerNode: sent.taskSlotsPerNode ?? 1,
            taskSchedulingPolicy: sent.taskSchedulingPolicy ?? { nodeFillType: 'Spread' },
            provisioningState: 'Succeeded',
            provisioningStateTransitionTime: now(),
            creationTime: now(),
            allocationState: 'Steady',
            currentDedicatedNodes: 0,
            currentLowPriorityNodes: 0,
          },
        }
        resize(pool, targetDedicatedNodes, targetLowPriorityNodes, resizeTimeout)
        pools.set(name.toLowerCase(), pool)
        return answer(pool)
      }),
      arm('PATCH', '/pools/:pool', 'pools/write', (call) => {
        const pool = known(call)
        const match = call.headers['if-match']
        if (match && match !== '*' && match !== pool.etag)
          throw new Refusal(412, 'ConditionNotMet', 'The condition specified using HTTP conditional header(s) is not met.')
        const { scaleSettings, ...sent } = call.body?.properties ?? {}
        const locked = NEEDS_EMPTY_POOL.find((name) => name in sent)
        if (locked && pool.properties.currentDedicatedNodes > 0) {
          throw new Refusal(409, 'PropertyCannotBeUpdated', 'A property that cannot be updated was specified as part of the request.', {
            target: 'BatchAccount',
            details: [
              { code: 'Reason', message: 'A property that cannot be updated was specified as part of the request.' },
              { code: 'PropertyName', message: locked },
              { code: 'PropertyPath', message: `properties.${locked}` },
            ],
          })
        }
        if (sent.deploymentConfiguration) refuseBadBody({ ...pool.properties, ...sent })
        Object.assign(pool.properties, sent, { ...(sent.vmSize && { vmSize: sent.vmSize.toUpperCase() }) })
        pool.etag = newEtag()
        const fixed = scaleSettings?.fixedScale
        const has = pool.properties.scaleSettings.fixedScale
        if (
          fixed &&
          (fixed.targetDedicatedNodes !== has?.targetDedicatedNodes || (fixed.targetLowPriorityNodes ?? 0) !== has?.targetLowPriorityNodes)
        ) {
          resize(pool, fixed.targetDedicatedNodes ?? 0, fixed.targetLowPriorityNodes ?? 0, fixed.resizeTimeout ?? 'PT15M')
        }
        return answer(pool)
      }),
      {
        method: 'GET',
        path: '/subscriptions/:subscriptionId/providers/Microsoft.Batch/locations/:location/virtualMachineSkus',
        apiVersions: ARM,
        action: 'Microsoft.Batch/locations/virtualMachineSkus/read',
        handle: () => ({
          status: 200,
          body: {
            value: SIZES.map(({ name, familyName, ...capabilities }) => ({
              name,
              familyName,
              capabilities: Object.entries(capabilities).map(([key, value]) => ({ name: key, value })),
            })),
          },
        }),
      },
    ],
    dataPlaneRoutes: [
      data('GET', '/supportedimages', 'Microsoft.Batch/batchAccounts/read', (call) =>
        page(
          'listsupportedimages',
          IMAGES.map(({ agent, end, ...image }) => ({
            nodeAgentSKUId: agent,
            imageReference: { ...image, version: 'latest' },
            osType: 'linux',
            capabilities: [],
            verificationType: 'verified',
            ...(end && { batchSupportEndOfLife: end }),
          })),
          call,
        ),
      ),
      data('GET', '/nodecounts', 'Microsoft.Batch/batchAccounts/pools/read', (call) => {
        const name = /poolId eq '([^']+)'/.exec(call.query.get('$filter') ?? '')?.[1]
        const asked = [...pools.values()].filter((pool) => name === undefined || pool.name === name)
        return page(
          'poolnodecounts',
          asked.map((pool) => ({ poolId: pool.name, dedicated: countStates(nodesOf(pool)), lowPriority: countStates([]) })),
          call,
        )
      }),
      data('GET', '/pools/:pool/nodes', 'Microsoft.Batch/batchAccounts/pools/read', (call) => {
        const states = [...(call.query.get('$filter') ?? '').matchAll(/state eq '(\w+)'/g)].map(([, state]) => state)
        const nodes = nodesOf(known(call)).map((state, index) => ({ state: state.toLowerCase(), index }))
        const asked = nodes.filter(({ state }) => states.length === 0 || states.includes(state))
        return page(
          'nodes',
          asked.slice(0, Number(call.query.get('maxresults') ?? 1_000)).map(({ state, index }) => nodeOf(scenario, state, index, now())),
          call,
        )
      }),
      ...(['HEAD', 'GET'] as const).map((method) =>
        data(method, '/pools/:pool/nodes/:node/files/startup/:file', 'Microsoft.Batch/batchAccounts/pools/read', (call) => {
          const index = Number(call.params.node?.replace(/^tvm-/, ''))
          const text = call.params.file === 'stderr.txt' ? (scenario.nodes?.find((node) => node.index === index)?.stderr ?? '') : ''
          const body = text || ' '
          return {
            status: method === 'GET' && call.headers['ocp-range'] ? 206 : 200,
            body,
            headers: { 'content-type': 'application/octet-stream', 'content-length': String(Buffer.byteLength(body)) },
          }
        }),
      ),
      data('POST', '/pools/:pool/resize', 'Microsoft.Batch/batchAccounts/pools/write', (call) => {
        const pool = known(call)
        if (pool.properties.scaleSettings.autoScale)
          throw new Refusal(409, 'AutoScalingFormulaInUse', 'The pool is configured for automatic scaling.')
        resize(pool, call.body.targetDedicatedNodes ?? 0, call.body.targetLowPriorityNodes ?? 0, call.body.resizeTimeout ?? 'PT15M')
        return { status: 202 }
      }),
    ],
  }
}

/** `nodeDeallocationOption` and passwords are not given back. */
function forGet(properties: Properties): Properties {
  return structuredClone(properties)
}

function errorOf(behaviour: ResizeBehaviour | undefined, there: number, asked: number): { code: string; message: string } | undefined {
  if (there >= asked) return undefined
  return (
    behaviour?.error ?? {
      code: 'AllocationTimedout',
      message: 'Desired number of dedicated nodes could not be allocated as the resize timeout was reached',
    }
  )
}

const minutesOf = (iso: string): number => {
  const [, hours = 0, minutes = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?/.exec(iso) ?? []
  return Number(hours) * 60 + Number(minutes)
}

function quotaOf(vmSize: string, cores: number): number {
  const vCpus = Number(SIZES.find(({ name }) => name.toLowerCase() === vmSize.toLowerCase())?.vCPUs ?? 1)
  return Math.floor(cores / vCpus)
}

/** Derived from the time since allocation: thousands of nodes need no timer. */
function nodeStates(pool: Pool, { nodes = [] }: Scenario, nowMs: number): readonly string[] {
  const ageMs = nowMs - pool.nodesSinceMs
  const state =
    ageMs < DURATION_MS.start / 4
      ? 'creating'
      : ageMs < DURATION_MS.start
        ? 'starting'
        : ageMs < DURATION_MS.start + DURATION_MS.startTask
          ? 'waitingForStartTask'
          : undefined
  return Array.from(
    { length: pool.properties.currentDedicatedNodes },
    (_, index) => state ?? nodes.find((node) => node.index === index)?.state ?? 'idle',
  )
}

const STATES = [
  'creating',
  'idle',
  'leavingPool',
  'offline',
  'preempted',
  'rebooting',
  'reimaging',
  'running',
  'starting',
  'startTaskFailed',
  'unknown',
  'unusable',
  'waitingForStartTask',
  'deallocated',
  'deallocating',
  'upgradingOS',
]

function countStates(states: readonly string[]): Record<string, number> {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0]))
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1
  return { ...counts, total: states.length }
}

function nodeOf({ nodes = [] }: Scenario, state: string, index: number, time: string): object {
  const fate = nodes.find((node) => node.index === index)
  const failed = state === 'starttaskfailed'
  return {
    id: `tvm-${index}`,
    state,
    isDedicated: true,
    startTaskInfo: {
      state: 'completed',
      startTime: time,
      endTime: time,
      exitCode: fate?.exitCode ?? 0,
      retryCount: 0,
      result: failed ? 'failure' : 'success',
      ...(failed && {
        failureInfo: {
          category: 'usererror',
          code: 'FailureExitCode',
          message: 'The task exited with an exit code representing a failure',
          details: [],
        },
      }),
    },
  }
}
