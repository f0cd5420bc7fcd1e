/** No image that something needs is lost: failed versions, runs that meet, interrupted runs. */
import { afterEach, describe, expect, test } from 'vitest'
import { seedVm } from '../embedded-azure/scenarios/seed.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import {
  COMPUTE,
  DEFINITION,
  deletions,
  failing,
  imageReference,
  LIVE,
  open,
  put,
  putPool,
  scenario,
  versions,
  warnings,
} from '../fixtures/image-safety-runs.ts'
import { again, annotations, azureOf, IMAGE_HALF, namesOf, type Ran, requestsTo, testConformance } from '../fixtures/whole-runs.ts'

afterEach(async () => {
  await Promise.all(open.splice(0).map((azure) => azure.close()))
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

  test('with a number that was requested, one is refused', async () => {
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

testConformance()
