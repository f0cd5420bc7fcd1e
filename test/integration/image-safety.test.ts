/** Nothing in use is ever deleted or overwritten: versions, managed images and snapshots, whoever refers to them and whatever a list says. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Answer } from '../embedded-azure/route.ts'
import { GROUP_ID, loadScenario, SUBSCRIPTION } from '../embedded-azure/scenarios/scenario.ts'
import { seedVm } from '../embedded-azure/scenarios/seed.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, IMAGE_HALF, namesOf, type Ran, requestsTo, run, testConformance } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const COMPUTE = `${GROUP_ID}/providers/Microsoft.Compute`
const DEFINITION = `${COMPUTE}/galleries/images/images/golden`
const VERSION = `${DEFINITION}/versions/1.0.0`
const LIVE = { ...IMAGE_HALF, capture: 'live' }
const PRUNE = {
  ...{ 'resource-group': 'render', 'image-name': 'golden', gallery: 'images', 'batch-account': 'renderbatch' },
  ...{ mode: 'prune', 'retain-versions': '1' },
}

const put = ({ world }: EmbeddedAzure, id: string, type: string, properties: object, members: object = {}): void => {
  const name = id.slice(id.lastIndexOf('/') + 1)
  world.put({ id, name, type, location: 'westeurope', properties: { provisioningState: 'Succeeded', ...properties }, ...members })
}
const versions = (azure: EmbeddedAzure) => [...namesOf(azure, 'galleries/images/versions')].sort()
const deletions = (azure: EmbeddedAzure) => requestsTo(azure, 'DELETE', /\/(?:versions|snapshots|images)\/[^/]+\?/)
const warnings = ({ log }: Ran) => log.split('\n').filter((line) => /^Warning: |^::warning/.test(line))

const open: EmbeddedAzure[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((azure) => azure.close()))
})

/** No version that failed was recorded: these worlds are not held against recordings. */
async function failing(): Promise<EmbeddedAzure> {
  const azure = await startAzure(scenario, 500)
  open.push(azure)
  return azure
}

/** 1.0.0 and, newer, 1.1.0: with `retain-versions: 1` the older one may go. */
async function twoVersions(inputs: Readonly<Record<string, string>> = {}): Promise<EmbeddedAzure> {
  const first = await run('happy', { ...LIVE, ...inputs, 'image-version': '1.0.0' })
  expect(annotations(first)).toEqual([])
  const second = await again(first.azure, { ...scenario.inputs, ...LIVE, ...inputs, 'image-version': '1.1.0', rebuild: 'always' })
  expect(annotations(second)).toEqual([])
  return first.azure
}

const OTHER_ACCOUNT = `/subscriptions/${SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.Batch/batchAccounts/otherbatch`
const imageReference = (id: string) => ({
  deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { id }, nodeAgentSkuId: 'batch.node.ubuntu 24.04' } },
})
const putPool = (azure: EmbeddedAzure, properties: object) => {
  put(azure, OTHER_ACCOUNT.replace('/other/', '/render/'), 'Microsoft.Batch/batchAccounts', {})
  put(azure, `${OTHER_ACCOUNT.replace('/other/', '/render/')}/pools/theirs`, 'Microsoft.Batch/batchAccounts/pools', properties)
}

describe('references', () => {
  const mark = JSON.stringify({ imageReference: { id: VERSION }, scaleSettings: { fixedScale: { targetDedicatedNodes: 4 } } })
  test.each<[string, (azure: EmbeddedAzure) => void]>([
    ['a pool of another Batch account', (azure) => putPool(azure, imageReference(VERSION))],
    [
      'the mark of a pool that failed on a newer image',
      (azure) =>
        putPool(azure, { ...imageReference(`${DEFINITION}/versions/1.1.0`), metadata: [{ name: 'image-pool-before', value: mark }] }),
    ],
    [
      'a virtual machine',
      (azure) => {
        seedVm(azure, { ...scenario.vm, name: 'user' })
        Object.assign(azure.world.get(`${COMPUTE}/virtualMachines/user`)?.properties.storageProfile, { imageReference: { id: VERSION } })
      },
    ],
    [
      'a scale set',
      (azure) =>
        put(azure, `${COMPUTE}/virtualMachineScaleSets/user`, 'Microsoft.Compute/virtualMachineScaleSets', {
          virtualMachineProfile: {
            storageProfile: { imageReference: { id: VERSION.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions') } },
          },
        }),
    ],
  ])('%s keeps a version', async (_, refer) => {
    const azure = await twoVersions()
    refer(azure)
    const ran = await again(azure, PRUNE)
    expect(annotations(ran)).toEqual([])
    expect(versions(azure)).toEqual(['1.0.0', '1.1.0'])
  })

  test('are looked for once more right before the deletion', async () => {
    const azure = await twoVersions()
    let lists = 0
    azure.intervene = ({ method, url }) => {
      if (method === 'GET' && /renderbatch\/pools\?/.test(url)) lists += 1
      // Seen by observe and by the plan of the deletions; then somebody takes the version.
      if (lists === 2) return { kind: 'act', after: () => putPool(azure, imageReference(VERSION)) }
      return undefined
    }
    const ran = await again(azure, PRUNE)
    expect(annotations(ran)).toEqual([])
    expect(versions(azure)).toEqual(['1.0.0', '1.1.0'])
    expect(warnings(ran).join('\n')).toContain('1.0.0 is kept')
  })
})

describe('a list that says nothing', () => {
  const refused: Answer = { status: 403, body: { error: { code: 'AuthorizationFailed', message: 'not allowed to list' } } }
  const absent: Answer = { status: 404, body: { error: { code: 'ResourceNotFound', message: 'not here at the moment' } } }
  const empty: Answer = { status: 200, body: { value: [] } }
  test.each<[string, RegExp, Answer]>([
    ['pools: 403', /batchAccounts\/renderbatch\/pools\?/, refused],
    ['pools: 404', /batchAccounts\/renderbatch\/pools\?/, absent],
    ['versions: 404', /\/images\/golden\/versions\?/, absent],
    ['versions: an empty page', /\/images\/golden\/versions\?/, empty],
    ['managed images: 403', /Microsoft\.Compute\/images\?/, refused],
    ['snapshots: 404', /Microsoft\.Compute\/snapshots\?/, absent],
    ['Batch accounts of the subscription: 403', /\/resources\?.*batchAccounts/, refused],
  ])('%s: nothing is deleted, and the run is green with a warning', async (_, list, answer) => {
    const azure = await twoVersions({ 'keep-snapshots': 'true' })
    const isObserving = { seen: false }
    azure.intervene = ({ method, url }) => {
      if (method === 'GET' && /%24expand=createdTime|\/resources\?/.test(url)) isObserving.seen = true
      const isAsked = method === 'GET' && list.test(decodeURIComponent(url)) && isObserving.seen
      return isAsked ? { kind: 'answer', ...answer } : undefined
    }
    const ran = await again(azure, PRUNE)
    expect(annotations(ran)).toEqual([])
    expect(ran.exitCode).toBe(0)
    expect(deletions(azure)).toEqual([])
    expect(warnings(ran).join('\n')).toMatch(/unknown what is in use/)
    expect(ran.summary).toMatch(/unknown what is in use/)
  })
})

describe('snapshots that are kept', () => {
  test('stay when their version is deleted, and when its tags were replaced', async () => {
    const azure = await twoVersions({ 'keep-snapshots': 'true' })
    const snapshots = namesOf(azure, 'snapshots')
    expect(snapshots).toHaveLength(6)
    Object.assign(azure.world.get(`${DEFINITION}/versions/1.1.0`) ?? {}, { tags: { owner: 'somebody' } })
    expect(annotations(await again(azure, PRUNE))).toEqual([])
    expect(namesOf(azure, 'snapshots')).toEqual(snapshots)
  })

  test('by a run of today stay in the run of tomorrow', async () => {
    const first = await run('happy', { ...LIVE, 'keep-snapshots': 'true' })
    await again(first.azure, { ...scenario.inputs, ...LIVE })
    expect(namesOf(first.azure, 'snapshots')).toHaveLength(3)
  })
})

describe('a version that failed', () => {
  const NORTH = { ...LIVE, 'target-regions': 'northeurope' }

  test('in another region than that of Batch is used, with a warning, and the region is tried again', async () => {
    const azure = await failing()
    azure.world.replication.set('northeurope', { fails: true })
    const inputs = { ...scenario.inputs, capture: 'live', 'target-regions': 'northeurope' }
    const first = await again(azure, inputs)
    expect(annotations(first)).toEqual([])
    expect(first.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '10' })
    expect(warnings(first).join('\n')).toMatch(/has no replica in North Europe/)
    // They are what the failed region is made from.
    expect(namesOf(azure, 'snapshots')).toHaveLength(3)
    azure.world.replication.clear()
    const second = await again(azure, inputs)
    expect(annotations(second)).toEqual([])
    expect(second.outputs).toMatchObject({ 'image-version': first.outputs['image-version'], changed: 'true' })
    expect(deletions(azure)).toEqual([])
    expect(requestsTo(azure, 'PUT', /\/versions\//)).toHaveLength(2)
    azure.clock.skip(1_000_000)
    const third = await again(azure, inputs)
    expect(annotations(third)).toEqual([])
    expect(namesOf(azure, 'snapshots')).toEqual([])
  })

  test('while its Batch region is complete before the others, or after the version says so', async () => {
    const azure = await azureOf(scenario)
    azure.world.replication.set('westeurope', { lastsMs: 900_000 })
    const ran = await again(azure, {
      ...scenario.inputs,
      ...NORTH,
      'batch-account': 'renderbatch',
      'pool-id': 'render',
      'vm-size': 'Standard_D4s_v5',
      'target-dedicated-nodes': '1',
    })
    expect(annotations(ran)).toEqual([])
    expect(requestsTo(azure, 'PUT', /\/pools\/render\?/)).toHaveLength(1)
    const replicas = azure.world.get(`${DEFINITION}/versions/${ran.outputs['image-version']}`)?.properties.replicas
    expect(azure.clock.now().getTime()).toBeGreaterThan(replicas.westeurope.startedAtMs + 900_000)
  })

  test.each<[string, (azure: EmbeddedAzure) => void]>([
    ['a pool is on it', (azure) => putPool(azure, imageReference(`${DEFINITION}/versions/2026.1129.0`))],
    ['another region has it', ({ world }) => world.replication.set('westeurope', { fails: true })],
  ])('is neither deleted nor overwritten where %s: the next number is taken, and why is said', async (what, prepare) => {
    const azure = await failing()
    azure.world.replication.set('westeurope', { fails: true })
    azure.world.replication.set('northeurope', { fails: what === 'a pool is on it' })
    const inputs = {
      ...scenario.inputs,
      ...NORTH,
      'batch-account': 'renderbatch',
      'pool-id': 'render',
      'vm-size': 'Standard_D4s_v5',
      'target-dedicated-nodes': '1',
    }
    const first = await again(azure, { ...inputs, ...IMAGE_HALF })
    expect(first.exitCode).toBe(1)
    const [failed = ''] = versions(azure)
    putPool(azure, what === 'a pool is on it' ? imageReference(`${DEFINITION}/versions/${failed}`) : {})
    prepare(azure)
    azure.world.replication.clear()
    const second = await again(azure, inputs)
    expect(annotations(second)).toEqual([])
    expect(deletions(azure).filter(({ liveRequest }) => liveRequest.url.includes('/versions/'))).toEqual([])
    expect(versions(azure)).toHaveLength(2)
    expect(second.log + second.summary).toMatch(what === 'a pool is on it' ? /in use by pool theirs/ : /complete replica in North Europe/)
  })
})

describe('two machines, one image name, at the same time', () => {
  const both = async (inputs: Readonly<Record<string, string>>) => {
    const azure = await azureOf(scenario)
    seedVm(azure, { ...scenario.vm, name: 'other' })
    let other: Promise<Ran> | undefined
    const asked = { ...scenario.inputs, ...LIVE, ...inputs }
    azure.intervene = ({ method, url }) => {
      if (method === 'PUT' && /\/snapshots\//.test(url))
        other ??= again(azure, { ...asked, vm: 'other' }, { env: { GITHUB_RUN_ATTEMPT: '1', GITHUB_JOB: 'other' } })
      return undefined
    }
    const first = await again(azure, asked)
    if (!other) throw new Error('the other run did not begin')
    return { azure, runs: [first, await other] }
  }
  const osDiskOf = (azure: EmbeddedAzure, version: string): string => {
    const { source } = azure.world.get(`${DEFINITION}/versions/${version}`)?.properties.storageProfile.osDiskImage ?? {}
    const put = requestsTo(azure, 'PUT', new RegExp(`${source.id.split('/').at(-1)}\\?`))[0]
    return JSON.stringify(put?.liveRequest.body)
  }

  test('with `auto` each gets a version of its own disks', async () => {
    const { azure, runs } = await both({ 'keep-snapshots': 'true' })
    expect(runs.flatMap(annotations)).toEqual([])
    const made = runs.map(({ outputs }) => outputs['image-version'] ?? '')
    expect(new Set(made).size).toBe(2)
    expect(made.map((version) => /disks\/(golden|other)-os/.exec(osDiskOf(azure, version))?.[1])).toEqual(['golden', 'other'])
  })

  test('a version that somebody makes under our number at the last moment is left alone', async () => {
    const azure = await azureOf(scenario)
    const theirs = { osDiskImage: { source: { id: `${COMPUTE}/snapshots/theirs` } } }
    let id = ''
    azure.intervene = ({ method, url }) => {
      if (method !== 'PUT' || !/\/versions\//.test(url) || id) return undefined
      id = new URL(url, 'https://azure').pathname
      const publishingProfile = { targetRegions: [{ name: 'West Europe', regionalReplicaCount: 1 }], replicationMode: 'Full' }
      put(azure, id, 'Microsoft.Compute/galleries/images/versions', { storageProfile: theirs, publishingProfile, replicas: {} })
      return undefined
    }
    const ran = await again(azure, { ...scenario.inputs, ...LIVE })
    expect(annotations(ran)).toEqual([])
    expect(azure.world.get(id)?.properties.storageProfile).toMatchObject(theirs)
    expect(versions(azure)).toHaveLength(2)
    expect(id).not.toContain(ran.outputs['image-version'])
  })

  test('with a number that was asked for, one is refused', async () => {
    const { runs } = await both({ 'image-version': '1.0.0' })
    expect(runs.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1)
    expect(runs.flatMap(annotations).join('\n')).toMatch(/Version made by someone else|snapshot-name-taken|image-version-taken/)
  })
})

describe('the post step', () => {
  test('needs nothing but its state: no pool spec, whatever else is damaged', async () => {
    const azure = await azureOf({ ...scenario, vm: { ...scenario.vm, statuses: ['ProvisioningState/succeeded', 'PowerState/running'] } })
    const killer = new AbortController()
    azure.intervene = ({ method, url }) =>
      method === 'PUT' && /\/snapshots\//.test(url) ? { kind: 'act', after: () => killer.abort() } : undefined
    const inputs = { ...scenario.inputs, capture: 'deallocate' }
    const main = await again(azure, inputs, { kill: killer.signal })
    azure.intervene = undefined
    const ledger = main.state.ledger?.replace(/\]$/, ',{"id":"nonsense","kind":"snapshot"}]') ?? ''
    const post = await again(azure, { ...inputs, 'pool-spec': 'gone/pool.yaml' }, { state: { ...main.state, ledger } })
    expect(post.exitCode).toBe(0)
    expect(warnings(post).join('\n')).toContain('nonsense')
    expect(azure.world.get(`${COMPUTE}/virtualMachines/golden`)?.properties.statuses).toContain('PowerState/running')
  })
})

test('the post step leaves a version alone that is still being made', async () => {
  const azure = await azureOf(scenario)
  azure.world.replication.set('westeurope', { lastsMs: 6 * 3_600_000 })
  const killer = new AbortController()
  azure.intervene = ({ method, url }) =>
    method === 'PUT' && /\/versions\//.test(url) ? { kind: 'act', after: () => killer.abort() } : undefined
  const main = await again(azure, { ...scenario.inputs, ...LIVE }, { kill: killer.signal })
  azure.intervene = undefined
  const [made = ''] = versions(azure)
  const post = await again(azure, { ...scenario.inputs, ...LIVE }, { state: main.state })
  expect(post.exitCode).toBe(0)
  expect(versions(azure)).toEqual([made])
  expect(deletions(azure)).toEqual([])
})

test('what a failed run made is listed as left behind', async () => {
  const azure = await failing()
  azure.world.replication.set('westeurope', { fails: true })
  const ran = await again(azure, { ...scenario.inputs, ...LIVE })
  expect(ran.exitCode).toBe(1)
  expect(ran.summary).toMatch(/Left behind[\s\S]*gallery.*images/)
  expect(JSON.parse(ran.report).leftBehind.map(({ kind }: { kind: string }) => kind)).toEqual(
    expect.arrayContaining(['gallery', 'imageDefinition', 'imageVersion']),
  )
})

describe('life cycle', () => {
  test('an unchanged source is rebuilt once its version is older than `rebuild` allows', async () => {
    const first = await run('happy', { ...LIVE, rebuild: '7d' })
    const inputs = { ...scenario.inputs, ...LIVE, rebuild: '7d' }
    expect((await again(first.azure, inputs)).outputs.result).toBe('unchanged')
    const profile = first.azure.world.get(`${DEFINITION}/versions/${first.outputs['image-version']}`)?.properties.publishingProfile
    profile.publishedDate = new Date(first.azure.clock.now().getTime() - 8 * 86_400_000).toISOString()
    const second = await again(first.azure, inputs)
    expect(annotations(second)).toEqual([])
    expect(second.outputs['image-version']).not.toBe(first.outputs['image-version'])
    expect(second.summary).toMatch(/is 8 days old, more than 7 days/)
  })

  test('a shallow version is one replica, and keeps its snapshots', async () => {
    const ran = await run('happy', { ...LIVE, replication: 'shallow' })
    expect(annotations(ran)).toEqual([])
    const { publishingProfile } = ran.azure.world.get(`${DEFINITION}/versions/${ran.outputs['image-version']}`)?.properties ?? {}
    expect(publishingProfile).toMatchObject({ replicationMode: 'Shallow', targetRegions: [{ regionalReplicaCount: 1 }] })
    await again(ran.azure, { ...scenario.inputs, ...LIVE })
    expect(namesOf(ran.azure, 'snapshots')).toHaveLength(3)
  })

  test('the end of life is set on a new version, and on one that is reused', async () => {
    const ran = await run('happy', { ...LIVE, 'end-of-life': '90d' })
    const version = ran.azure.world.get(`${DEFINITION}/versions/${ran.outputs['image-version']}`)
    const lifeMs = () => {
      const { endOfLifeDate, publishedDate } = version?.properties.publishingProfile ?? {}
      return Date.parse(endOfLifeDate) - Date.parse(publishedDate)
    }
    expect(lifeMs() / 86_400_000).toBeCloseTo(90, 0)
    const second = await again(ran.azure, { ...scenario.inputs, ...LIVE, 'end-of-life': '30d' })
    expect(annotations(second)).toEqual([])
    expect(second.outputs.changed).toBe('true')
    const [, update] = requestsTo(ran.azure, 'PUT', /\/versions\//)
    expect(JSON.stringify(update?.liveRequest.body)).toContain('endOfLifeDate')
  })
})

testConformance()
