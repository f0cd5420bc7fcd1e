/** What the embedded Azure refuses, and in whose words: those of recorded or reported refusals of Azure. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CLIENT, CLIENT_SECRET, GROUP_ID, loadScenario, SUBSCRIPTION, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'
import { openApiViolations, SPECS_ARE_HERE } from '../tools/conformance.ts'

const COMPUTE = `${GROUP_ID}/providers/Microsoft.Compute`
const ACCOUNT = `${GROUP_ID}/providers/Microsoft.Batch/batchAccounts/renderbatch`
const VERSIONS = [
  [/\/galleries/i, '2025-12-03'],
  [/\/(?:disks|snapshots)\//i, '2026-03-02'],
  [/Microsoft\.Batch/i, '2025-06-01'],
  [/^\/(?:pools|jobs)/, '2025-06-01'],
] as const

interface Answered {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever Azure answers
  readonly body: any
  readonly headers: { get(name: string): string | undefined }
}

/** @param target An id or a path of the data plane, or a whole URL. */
type Ask = (method: string, target: string, body?: object, headers?: Record<string, string>) => Promise<Answered>

interface Caller {
  readonly azure: EmbeddedAzure
  readonly ask: Ask
}

/** Where operations end at once, and where none ends by itself while a test looks. */
let fast: Caller
let slow: Caller
const ask: Ask = (...call) => fast.ask(...call)

beforeAll(async () => {
  fast = await callerOf(5_000)
  slow = await callerOf(1)
})
afterAll(() => Promise.all([fast.azure.close(), slow.azure.close()]))

async function callerOf(speed: number): Promise<Caller> {
  const azure = await startAzure(loadScenario('happy'), speed)
  azure.entra.tokenLifetimeS *= speed
  const ca = await readFile(azure.caPath, 'utf8')
  const tokenFor = async (audience: string): Promise<string> => {
    const form = { client_id: CLIENT, client_secret: CLIENT_SECRET, scope: `${audience}/.default`, grant_type: 'client_credentials' }
    const answer = await azure.entra.token(TENANT, new URLSearchParams(form))
    return (answer.body as { access_token: string }).access_token
  }
  const tokens = { arm: await tokenFor(azure.url), batch: await tokenFor('https://batch.core.windows.net') }
  const asked: Ask = async (method, target, body, headers = {}) => {
    const isData = /^\/(?:pools|jobs)/.test(target)
    const version = VERSIONS.find(([pattern]) => pattern.test(target))?.[1] ?? '2026-04-01'
    const base = isData ? `https://${(await asked('GET', ACCOUNT)).body.properties.accountEndpoint}` : azure.url
    const url = target.startsWith('https:') ? target : `${base}${target}${target.includes('api-version') ? '' : `?api-version=${version}`}`
    const authorization = `Bearer ${tokens[isData ? 'batch' : 'arm']}`
    const sent = request(url, { method, ca, headers: { authorization, ...headers } }).end(body && JSON.stringify(body))
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    const received = await text(answer)
    return {
      status: answer.statusCode ?? 0,
      headers: { get: (name) => answer.headers[name]?.toString() },
      body: received ? JSON.parse(received) : undefined,
    }
  }
  return { azure, ask: asked }
}

/** Follows what was started. @returns the last poll. */
async function ended(started: Answered): Promise<Answered> {
  expect(started.status).toBeLessThan(300)
  const url = started.headers.get('azure-asyncoperation') ?? ''
  let poll = await ask('GET', url)
  for (; poll.body.status === 'InProgress'; poll = await ask('GET', url)) await new Promise((resolve) => setTimeout(resolve, 20))
  return poll
}

const idOf = (type: string, name: string) => `${COMPUTE}/${type}/${name}`
const snapshotOf = (sourceResourceId: string, location = 'westeurope') => ({
  location,
  properties: { creationData: { createOption: 'Copy', sourceResourceId } },
})
const definitionOf = (properties: object = {}) => ({
  location: 'westeurope',
  properties: {
    osType: 'Linux',
    osState: 'Generalized',
    hyperVGeneration: 'V2',
    identifier: { publisher: 'p', offer: JSON.stringify(properties).slice(0, 64), sku: 's' },
    ...properties,
  },
})
const versionOf = (id: string, targetRegions = [{ name: 'westeurope' }]) => ({
  location: 'westeurope',
  properties: { publishingProfile: { targetRegions }, storageProfile: { osDiskImage: { source: { id } } } },
})
const versionOfVm = {
  location: 'westeurope',
  properties: { storageProfile: { source: { virtualMachineId: idOf('virtualMachines', 'golden') } } },
}
const MARKETPLACE = { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server' }
const poolOf = (
  imageReference: object = MARKETPLACE,
  { nodeAgentSkuId = 'batch.node.ubuntu 24.04', ...other }: Record<string, unknown> = {},
) => ({
  properties: {
    vmSize: 'Standard_D2s_v5',
    deploymentConfiguration: { virtualMachineConfiguration: { imageReference, nodeAgentSkuId } },
    scaleSettings: { fixedScale: { targetDedicatedNodes: 1 } },
    ...other,
  },
})

/** Definitions of the kinds that the table below asks for. */
async function definition(name: string, properties: object = {}): Promise<string> {
  await ended(await ask('PUT', idOf('galleries', 'g'), { location: 'westeurope' }))
  const id = `${COMPUTE}/galleries/g/images/${name}`
  await ended(await ask('PUT', id, definitionOf(properties)))
  return id
}
const osSnapshot = async () => {
  const id = idOf('snapshots', 'os')
  await ended(await ask('PUT', id, snapshotOf(idOf('disks', 'golden-os'))))
  return id
}

const disk = (name: string) => idOf('disks', name)
const image = idOf('images', 'i')
const vm = idOf('virtualMachines', 'golden')
const pool = `${ACCOUNT}/pools/p`
type Asked = () => Promise<Answered>

test.each<[string, Asked, number, string, string]>([
  [
    'a resource unknown to ARM',
    () => ask('GET', idOf('snapshots', 'd1')),
    404,
    'ResourceNotFound',
    "The Resource 'Microsoft.Compute/snapshots/d1' under resource group 'render' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
  ],
  [
    'a resource group that is not there',
    () => ask('GET', `/subscriptions/${SUBSCRIPTION}/resourceGroups/does-not-exist/providers/Microsoft.Compute/images/i`),
    404,
    'ResourceGroupNotFound',
    "Resource group 'does-not-exist' could not be found.",
  ],
  [
    'an SDK model that lost its properties',
    () => ask('PUT', idOf('snapshots', 's'), { location: 'westeurope' }),
    400,
    'InvalidParameter',
    "Required parameter 'creationData' is missing (null).",
  ],
  [
    'a snapshot of a disk in another region',
    () => ask('PUT', idOf('snapshots', 's'), snapshotOf(disk('golden-os'), 'eastus')),
    404,
    'NotFound',
    'Resource golden-os is not found.',
  ],
  ['an attached disk', () => ask('DELETE', disk('golden-os')), 409, 'OperationNotAllowed', `Disk golden-os is attached to VM ${vm}.`],
  [
    'an image of snapshots without a generation',
    () =>
      ask('PUT', image, {
        location: 'westeurope',
        properties: { storageProfile: { osDisk: { snapshot: { id: disk('golden-os') }, osType: 'Linux', osState: 'Generalized' } } },
      }),
    400,
    'InvalidParameter',
    "Required parameter 'hyperVGeneration' is missing (null).",
  ],
  [
    'an image of a VM of the other generation',
    () => ask('PUT', image, { location: 'westeurope', properties: { sourceVirtualMachine: { id: vm }, hyperVGeneration: 'V1' } }),
    400,
    'InvalidParameter',
    "The Input HyperVGeneration property: 'V1' does not match with the HyperVGeneration property: 'Gen2' belonging to source: 'sourceVirtualMachine'.",
  ],
  [
    'an image of a VM in another region',
    () => ask('PUT', image, { location: 'eastus', properties: { sourceVirtualMachine: { id: vm } } }),
    404,
    'NotFound',
    "Source Virtual Machine 'golden' specified in the request does not exist in this Azure location.",
  ],
  [
    'the start of a generalized VM',
    () => ask('POST', `${vm}/start`),
    409,
    'OperationNotAllowed',
    "Operation 'Start VM' is not allowed on VM 'golden' since the VM is generalized.",
  ],
  [
    'a version in one region twice',
    async () =>
      ask(
        'PUT',
        `${await definition('v2')}/versions/1.0.0`,
        versionOf(await osSnapshot(), [{ name: 'westeurope' }, { name: 'West Europe' }]),
      ),
    400,
    'InvalidParameter',
    'Duplicate regions are not allowed in target publishing regions.',
  ],
  [
    'a version of a VM in another OS state',
    async () => ask('PUT', `${await definition('special', { osState: 'Specialized' })}/versions/1.0.0`, versionOfVm),
    400,
    'BadRequest',
    `The resource with id '${vm}' has a different OS state ['Generalized'] than the parent gallery image OS state ['Specialized'].`,
  ],
  [
    'a definition with an offer that is too long',
    () =>
      ask(
        'PUT',
        `${idOf('galleries', 'g')}/images/long`,
        definitionOf({ identifier: { publisher: 'p', offer: 'o'.repeat(65), sku: 's' } }),
      ),
    400,
    'InvalidParameter',
    `The value '${'o'.repeat(65)}' of parameter 'galleryImage.properties.identifier.offer' is invalid.`,
  ],
  [
    'a definition that says Standard before that was a value',
    () =>
      ask(
        'PUT',
        `${idOf('galleries', 'g')}/images/early?api-version=2023-07-03`,
        definitionOf({ features: [{ name: 'SecurityType', value: 'Standard' }] }),
      ),
    400,
    'InvalidParameter',
    `The value 'Standard' of parameter 'galleryImage.properties.features.SecurityType' is invalid.`,
  ],
  [
    'snapshots for a definition that only supports Trusted Launch, at an older api-version',
    async () => {
      const features = [{ name: 'SecurityType', value: 'TrustedLaunchSupported' }]
      return ask(
        'PUT',
        `${await definition('supported', { features })}/versions/1.0.0?api-version=2023-07-03`,
        versionOf(await osSnapshot()),
      )
    },
    409,
    'Conflict',
    `The security type 'TrustedLaunchSupported' is not supported for the source id '${idOf('snapshots', 'os')}'. Currently only Vhd Blob, User Image and Gallery Image Version sources are supported for 'TrustedLaunchSupported' images.`,
  ],
  [
    'an account that is not there',
    () => ask('GET', ACCOUNT.replace('renderbatch', 'other')),
    404,
    'AccountNotFound',
    'The specified account does not exist.',
  ],
  ['a pool that is not there', () => ask('GET', pool), 404, 'PoolNotFound', 'The specified pool does not exist.'],
  [
    'an unknown node agent',
    () => ask('PUT', pool, poolOf(undefined, { nodeAgentSkuId: 'batch.node.amiga' })),
    404,
    'NodeAgentSKUNotFound',
    'The specified Node Agent SKU does not exist.',
  ],
])('%s is refused', async (_, asked, status, code, message) => {
  const answer = await asked()
  const { error } = answer.body
  expect({ status: answer.status, code: error.code, message: error.message.replace(/\nRequestId:\S+\nTime:\S+$/, '') }).toEqual({
    status,
    code,
    message,
  })
  if (error.target === 'BatchAccount') expect(error.message).toMatch(/\nRequestId:\S+\nTime:\S+$/)
})

test.each<[string, Asked, string, string]>([
  [
    'a managed image as the image of a pool',
    () => ask('PUT', pool, poolOf({ id: image })),
    'Reason',
    'The specified resource id must be of the format /subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/galleries/{galleryName}/images/{galleryImageName}/versions/{galleryImageVersionName} or /subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/galleries/{galleryName}/images/{galleryImageName}',
  ],
  [
    'an unsupported Marketplace image',
    () => ask('PUT', pool, poolOf({ publisher: 'a', offer: 'b', sku: 'c' })),
    'Reason',
    'The specified imageReference with publisher a offer b sku c is not supported.',
  ],
  [
    'half a node',
    () => ask('PUT', pool, poolOf(undefined, { scaleSettings: { fixedScale: { targetDedicatedNodes: 1.5 } } })),
    'PropertyPath',
    'properties.scaleSettings.fixedScale.targetDedicatedNodes',
  ],
  [
    'a property of an older api-version',
    () => ask('PUT', pool, poolOf(undefined, { resourceTags: {} })),
    'PropertyPath',
    'properties.resourceTags',
  ],
  [
    'a property that there is not',
    () => ask('PUT', pool, poolOf(undefined, { vmsize: 'Standard_D2s_v5' })),
    'PropertyPath',
    'properties.vmsize',
  ],
  [
    'a resize timeout under five minutes',
    () => ask('PUT', pool, poolOf(undefined, { scaleSettings: { fixedScale: { targetDedicatedNodes: 1, resizeTimeout: 'PT4M' } } })),
    'PropertyPath',
    'properties.scaleSettings.fixedScale.resizeTimeout',
  ],
])('%s: the envelope is generic, the reason is in its details', async (_, asked, code, message) => {
  const { status, body } = await asked()
  expect(status).toBe(400)
  expect(body.error).toMatchObject({ code: 'InvalidPropertyValue', target: 'BatchAccount' })
  expect(body.error.message).toMatch(/^The value provided for one of the properties in the request body is invalid\.\nRequestId:/)
  expect(body.error.details).toContainEqual({ code, message })
})

test('what is checked late fails the operation: another generation, a smaller disk, a snapshot in another region', async () => {
  const source = await osSnapshot()
  const version = await ended(await ask('PUT', `${await definition('v1', { hyperVGeneration: 'V1' })}/versions/1.0.0`, versionOf(source)))
  expect(version.status).toBe(200)
  expect(version.body).toMatchObject({
    status: 'Failed',
    error: {
      code: 'Conflict',
      message: `The resource with id '${source}' has a different Hypervisor generation ['V2'] than the parent gallery image Hypervisor generation ['V1'].`,
    },
  })
  const small = { ...snapshotOf(disk('golden-os')).properties, diskSizeGB: 1 }
  const shrunk = await ended(await ask('PUT', idOf('snapshots', 'small'), { location: 'westeurope', properties: small }))
  expect(shrunk.body.error).toEqual({ code: 'InvalidParameter', message: 'Disks or snapshot cannot be resized down.' })
  const osDisk = { snapshot: { id: source }, osType: 'Linux', osState: 'Generalized' }
  const abroad = { location: 'eastus', properties: { hyperVGeneration: 'V2', storageProfile: { osDisk } } }
  const copied = await ended(await ask('PUT', image, abroad))
  expect(copied.body.error).toEqual({ code: 'InternalExecutionError', message: 'An internal execution error occurred.' })
})

test('a poll without its signature, or with that of another operation, is refused', async () => {
  const [one, other] = await Promise.all(
    ['a', 'b'].map(async (name) => {
      const started = await ask('PUT', idOf('snapshots', name), snapshotOf(disk('golden-os')))
      return new URL(started.headers.get('azure-asyncoperation') ?? '')
    }),
  )
  if (!one || !other) throw new Error('nothing was started')
  for (const name of ['t', 'c', 's', 'h']) {
    const cut = new URL(one)
    cut.searchParams.delete(name)
    expect((await ask('GET', cut.href)).status).toBe(403)
  }
  const mixed = new URL(one)
  mixed.searchParams.set('s', other.searchParams.get('s') ?? '')
  expect((await ask('GET', mixed.href)).status).toBe(403)
  expect((await ask('GET', one.href)).status).toBe(200)
})

test('a pool: normalised, kept by its etag, one resize at a time', async () => {
  const { azure, ask } = slow
  const stop = () => azure.pools.get('kept').stop?.()
  const id = `${ACCOUNT}/pools/kept`
  const scale = (targetDedicatedNodes: number, other: object = {}) => ({
    properties: { scaleSettings: { fixedScale: { targetDedicatedNodes, ...other } } },
  })
  const startTask = { commandLine: 'true' }
  const created = await ask(
    'PUT',
    id,
    poolOf(undefined, { startTask, ...scale(2, { nodeDeallocationOption: 'TaskCompletion' }).properties }),
  )
  expect(created.body.properties).toMatchObject({
    vmSize: 'STANDARD_D2S_V5',
    allocationState: 'Resizing',
    interNodeCommunication: 'Disabled',
    taskSlotsPerNode: 1,
    taskSchedulingPolicy: { nodeFillType: 'Spread' },
    startTask: { commandLine: 'true', maxTaskRetryCount: 0, waitForSuccess: true },
    deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { version: 'latest' } } },
    scaleSettings: { fixedScale: { targetLowPriorityNodes: 0, resizeTimeout: 'PT15M', nodeDeallocationOption: 'TaskCompletion' } },
    resizeOperationStatus: { targetDedicatedNodes: 2, nodeDeallocationOption: 'Requeue', resizeTimeout: 'PT15M' },
    currentDedicatedNodes: 0,
  })
  expect(created.body.etag).toBe(created.headers.get('etag'))
  expect((await ask('GET', id)).body.properties.scaleSettings.fixedScale).not.toHaveProperty('nodeDeallocationOption')
  stop()
  await ask('PATCH', id, scale(3))
  const resizing = await ask('GET', id)
  expect(await ask('PATCH', id, scale(9))).toMatchObject({
    status: 409,
    body: { error: { code: 'PoolBeingResized', target: 'BatchAccount' } },
  })
  expect(await ask('POST', '/pools/kept/resize', { targetDedicatedNodes: 9 })).toMatchObject({
    status: 409,
    body: {
      code: 'PoolBeingResized',
      message: { lang: 'en-US', value: expect.stringMatching(/^The specified pool is being resized\.?\nRequestId/) },
    },
  })
  const seen = await ask('GET', '/pools/kept')
  expect(seen.body).toMatchObject({
    'odata.metadata': expect.stringContaining('$metadata#pools/@Element'),
    eTag: seen.headers.get('etag'),
    state: 'active',
    allocationState: 'resizing',
    vmSize: 'standard_d2s_v5',
    targetDedicatedNodes: 3,
    virtualMachineConfiguration: { nodeAgentSKUId: 'batch.node.ubuntu 24.04', imageReference: { sku: 'server' } },
  })
  stop()
  const steady = await ask('GET', id)
  expect(steady.body.properties.allocationState).toBe('Steady')
  expect(steady.body.etag).toBe(resizing.body.etag)
  expect(steady.body.properties.resizeOperationStatus).toMatchObject({ targetDedicatedNodes: 3 })
  expect((await ask('PATCH', id, { properties: { startTask } })).body.etag).toBe(steady.body.etag)
  const changed = await ask('PATCH', id, { properties: { startTask: { commandLine: 'false' } } })
  expect(changed.body.etag).not.toBe(steady.body.etag)
  for (const headers of [{ 'if-match': steady.body.etag }, { 'if-none-match': '*' }])
    expect(await ask('PUT', id, poolOf(), headers)).toMatchObject({ status: 412, body: { error: { code: 'ConditionNotMet' } } })
  expect(await ask('PATCH', `${id}?api-version=2023-11-01`, { properties: { networkConfiguration: { subnetId: '/s' } } })).toMatchObject({
    status: 409,
    body: {
      error: {
        code: 'PropertyCannotBeUpdated',
        details: expect.arrayContaining([{ code: 'PropertyPath', message: 'properties.networkConfiguration' }]),
      },
    },
  })
})

test('a pool and a job of the data plane: the same that ARM shows, in the names of their plane', async () => {
  const { azure, ask } = slow
  const configuration = (imageReference: object) => ({ imageReference, nodeAgentSKUId: 'batch.node.ubuntu 24.04' })
  const body = { id: 'data', vmSize: 'standard_d2s_v5', virtualMachineConfiguration: configuration(MARKETPLACE), targetDedicatedNodes: 2 }
  const code = async (answer: Promise<Answered>) => {
    const { status, body } = await answer
    return [status, body?.code]
  }
  const ofManaged = await ask('POST', '/pools', { ...body, virtualMachineConfiguration: configuration({ virtualMachineImageId: image }) })
  expect(ofManaged).toMatchObject({
    status: 400,
    body: {
      code: 'InvalidPropertyValue',
      values: [
        { key: 'PropertyName', value: 'virtualMachineImageId' },
        { key: 'PropertyValue', value: image },
        { key: 'Reason', value: expect.stringMatching(/^The specified resource id must be of the format .*galleries/) },
      ],
    },
  })
  const created = await ask('POST', '/pools', body)
  expect(created).toMatchObject({ status: 201, body: undefined })
  expect(created.headers.get('location')).toMatch(/^https:.*\/pools\/data$/)
  expect(await code(ask('POST', '/pools', body))).toEqual([409, 'PoolExists'])
  const arm = `${ACCOUNT}/pools/data`
  expect((await ask('GET', arm)).body.properties).toMatchObject({
    vmSize: 'STANDARD_D2S_V5',
    allocationState: 'Resizing',
    deploymentConfiguration: { virtualMachineConfiguration: { nodeAgentSkuId: 'batch.node.ubuntu 24.04' } },
    scaleSettings: { fixedScale: { targetDedicatedNodes: 2 } },
  })
  azure.pools.get('data').stop?.()
  expect(await code(ask('PATCH', '/pools/data', { metadata: [] }, { 'if-match': '0x0' }))).toEqual([412, 'ConditionNotMet'])
  const metadata = [{ name: 'team', value: 'render' }]
  expect((await ask('PATCH', '/pools/data', { metadata, startTask: { commandLine: 'true' } })).status).toBe(200)
  expect((await ask('GET', arm)).body.properties).toMatchObject({ metadata, startTask: { commandLine: 'true' } })
  expect((await ask('POST', '/pools/data/updateproperties', { metadata })).status).toBe(204)
  expect((await ask('GET', arm)).body.properties).toMatchObject({ metadata })
  expect((await ask('GET', arm)).body.properties.startTask).toBeUndefined()
  expect((await ask('POST', '/pools/data/enableautoscale', { autoScaleFormula: '$TargetDedicatedNodes = 0;' })).status).toBe(200)
  expect((await ask('GET', arm)).body.properties.scaleSettings.autoScale.formula).toBe('$TargetDedicatedNodes = 0;')
  azure.pools.get('data').stop?.()
  expect((await ask('POST', '/pools/data/disableautoscale')).status).toBe(200)
  expect((await ask('GET', '/pools/data')).body).toMatchObject({ enableAutoScale: false, allocationState: 'resizing' })

  expect((await ask('POST', '/jobs', { id: 'job', poolInfo: { poolId: 'data' } })).status).toBe(201)
  expect(await code(ask('POST', '/jobs', { id: 'job', poolInfo: { poolId: 'data' } }))).toEqual([409, 'JobExists'])
  expect((await ask('POST', '/jobs/job/terminate')).status).toBe(202)
  expect((await ask('GET', '/jobs/job')).body).toMatchObject({ state: 'completed', poolInfo: { poolId: 'data' } })
  expect((await ask('DELETE', '/jobs/job')).status).toBe(202)
  // Until its tasks have been ended.
  expect((await ask('GET', '/jobs/job')).body).toMatchObject({ state: 'deleting', poolInfo: { poolId: 'data' } })
  expect(await code(ask('GET', '/jobs/none'))).toEqual([404, 'JobNotFound'])

  expect((await ask('DELETE', '/pools/data')).status).toBe(202)
  expect(await code(ask('DELETE', '/pools/data'))).toEqual([409, 'PoolBeingDeleted'])
  expect((await ask('GET', arm)).body.properties.provisioningState).toBe('Deleting')
})

test.skipIf(!SPECS_ARE_HERE)('every answer above fits the OpenAPI documents of Azure, refusals too', async () => {
  const found = await openApiViolations([...fast.azure.exchanges, ...slow.azure.exchanges])
  // Requests are wrong on purpose; the documents of disks and snapshots know no refusal at all.
  const isExpected = (line: string) => /\tREQ\t|\tRES\t(?:Snapshots|Disks)_\w+\t4\d\d\tINVALID_RESPONSE_CODE\t/.test(line)
  expect(found.filter((line) => !isExpected(line))).toEqual([])
  expect(found.filter(isExpected)).not.toEqual([])
})

test('what clients look around with: tenants, providers, resource groups and what is in them', async () => {
  const [subscription, version] = [`/subscriptions/${SUBSCRIPTION}`, 'api-version=2021-04-01']
  expect((await ask('GET', `/tenants?${version}`)).body.value).toMatchObject([{ tenantId: TENANT }])
  const { body: providers } = await ask('GET', `${subscription}/providers?${version}`)
  expect(providers.value).toContainEqual(expect.objectContaining({ namespace: 'Microsoft.Batch', registrationState: 'Registered' }))
  expect((await ask('GET', `${subscription}/resourceGroups?${version}`)).body.value).toMatchObject([{ id: GROUP_ID }])
  expect((await ask('HEAD', `${GROUP_ID}?${version}`)).status).toBe(204)
  expect((await ask('HEAD', `${subscription}/resourceGroups/other?${version}`)).status).toBe(404)
  const { body: found } = await ask(
    'GET',
    `${GROUP_ID}/resources?${version}&$filter=resourceType%20eq%20'Microsoft.Compute/virtualMachines'`,
  )
  expect(found.value).toMatchObject([{ name: 'golden' }])
})

test('virtual machines are listed, of the group and of the subscription', async () => {
  for (const list of [`${COMPUTE}/virtualMachines`, `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines`]) {
    const { body } = await ask('GET', list)
    expect(body.value).toMatchObject([{ name: 'golden', type: 'Microsoft.Compute/virtualMachines' }])
    expect(body.value[0].properties).not.toHaveProperty('statuses')
  }
})

test.each([
  ['2020-09-30', 200],
  ['2026-03-03', 200],
  ['2020-01-01', 400],
])('galleries at api-version %s, which other clients send: %s', async (version, status) => {
  expect((await ask('GET', `${COMPUTE}/galleries?api-version=${version}`)).status).toBe(status)
})

test('long lists come in pages', async () => {
  for (let index = 0; index < 120; index += 1) {
    const name = `many-${index}`
    fast.azure.world.put({ id: idOf('snapshots', name), name, type: 'Microsoft.Compute/snapshots', location: 'westeurope', properties: {} })
  }
  const names: string[] = []
  let url: string | undefined = `${COMPUTE}/snapshots?api-version=2026-03-02`
  for (; url; ) {
    const { body }: Answered = await ask('GET', url)
    expect(body.value.length).toBeLessThanOrEqual(50)
    names.push(...body.value.map(({ name }: { name: string }) => name))
    url = body.nextLink
  }
  expect(names.filter((name) => name.startsWith('many-'))).toHaveLength(120)
})

test.each<[string, Record<string, string>, number, string]>([
  ['a resource that nobody knows', { scope: 'https://unknown.example/.default' }, 500011, 'invalid_resource'],
  ['an unknown grant', { grant_type: 'password' }, 70003, 'unsupported_grant_type'],
])('a token for %s is refused', async (_, changes, code, kind) => {
  const form = { client_id: CLIENT, client_secret: CLIENT_SECRET, scope: `${fast.azure.url}/.default`, grant_type: 'client_credentials' }
  const { status, body } = await fast.azure.entra.token(TENANT, new URLSearchParams({ ...form, ...changes }))
  expect(status).toBe(400)
  expect(body).toMatchObject({ error: kind, error_codes: [code], error_description: expect.stringMatching(`^AADSTS${code}: `) })
})
