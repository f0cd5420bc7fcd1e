/** However a version is taken, no pool is touched for it before its replica in the region of the Batch account is complete. */
import { describe, expect, test } from 'vitest'
import type { Replica } from '../embedded-azure/compute/replication.ts'
import { GROUP_ID, loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, namesOf, type Ran, requestsTo, testConformance, writes } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const VERSION = `${GROUP_ID}/providers/Microsoft.Compute/galleries/images/images/golden/versions/1.0.0`
const POOL_INPUTS = ['batch-account', 'pool-id', 'pool-spec', 'vm-size', 'target-dedicated-nodes', 'resize-timeout']
const WITHOUT_POOL = Object.fromEntries(POOL_INPUTS.map((name) => [name, '']))
const inputs = { ...scenario.inputs, capture: 'live', 'image-version': '1.0.0' }
const withoutBuild = {
  ...Object.fromEntries(
    Object.entries(inputs).filter(([name]) => !['vm', 'image-name', 'gallery', 'capture', 'image-version'].includes(name)),
  ),
  'image-id': VERSION,
  'node-agent-sku-id': 'batch.node.ubuntu 24.04',
}
/** Longer than anything else that a run waits for. */
const LATE_MS = 3_600_000

const versionOf = ({ world }: EmbeddedAzure) => world.get(VERSION)?.properties
const replicaOf = (azure: EmbeddedAzure): Replica => versionOf(azure)?.replicas.westeurope

/** 1.0.0 is published; its replica in the region of the account is as it should be, or not. */
async function published(replica: Partial<Replica> = {}): Promise<EmbeddedAzure> {
  const azure = await azureOf(scenario)
  expect(annotations(await again(azure, { ...inputs, ...WITHOUT_POOL }))).toEqual([])
  const versions = versionOf(azure)
  versions.replicas.westeurope = { ...replicaOf(azure), ...replica }
  return azure
}

/**
 * `Succeeded` ten minutes before the region could be used: https://github.com/Azure/AgentBaker/pull/8373. Somebody who adds a region
 * to a version, or more replicas in one, leads there at any time.
 */
const lateReplica = async () => {
  const azure = await published()
  Object.assign(replicaOf(azure), { startedAtMs: azure.clock.now().getTime(), lastsMs: LATE_MS })
  return azure
}

/** When the first change of a pool was asked for, in ms after the replica was begun. */
function watchPools(azure: EmbeddedAzure): { firstMs?: number } {
  const seen: { firstMs?: number } = {}
  azure.intervene = ({ plane, method, url }) => {
    const isChange = !['GET', 'HEAD'].includes(method) && /\/pools[/?]/.test(url) && (plane === 'arm' || plane === 'batch')
    if (isChange) seen.firstMs ??= azure.clock.now().getTime() - replicaOf(azure).startedAtMs
    return undefined
  }
  return seen
}

function expectGreenBehindTheReplica(ran: Ran, { firstMs = 0 }: { firstMs?: number }): void {
  expect(annotations(ran)).toEqual([])
  expect(firstMs).toBeGreaterThanOrEqual(LATE_MS)
  expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '10', 'node-states': '{"idle":10}' })
}

describe('a version whose replica is still on its way is waited for', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['reused under the number that was requested', inputs],
    ['reused because its source is unchanged', { ...inputs, 'image-version': 'auto' }],
    ['given as `image-id`', withoutBuild],
  ])('where it is %s', async (_, asked) => {
    const azure = await lateReplica()
    const seen = watchPools(azure)
    const ran = await again(azure, asked)
    expectGreenBehindTheReplica(ran, seen)
    expect(ran.log).toMatch(/image version 1\.0\.0/)
    expect(namesOf(azure, 'galleries/images/versions')).toEqual(['1.0.0'])
  })

  test('where it is built, and another region is complete long before', async () => {
    const azure = await azureOf(scenario)
    azure.world.replication.set('westeurope', { lastsMs: LATE_MS })
    const seen = watchPools(azure)
    expectGreenBehindTheReplica(await again(azure, { ...inputs, 'target-regions': 'northeurope' }), seen)
  })

  test('where it was begun by a run that was killed', async () => {
    const azure = await azureOf(scenario)
    azure.world.replication.set('westeurope', { lastsMs: LATE_MS })
    const killer = new AbortController()
    azure.intervene = ({ method, url }) =>
      method === 'PUT' && /\/versions\//.test(url) ? { kind: 'act', after: () => killer.abort() } : undefined
    await again(azure, inputs, { kill: killer.signal })
    const seen = watchPools(azure)
    expectGreenBehindTheReplica(await again(azure, inputs), seen)
    expect(requestsTo(azure, 'PUT', /\/versions\//)).toHaveLength(1)
  })

  test('where a working pool would move to it: none of its nodes goes before', async () => {
    const azure = await lateReplica()
    expect(annotations(await again(azure, withoutBuild))).toEqual([])
    const old = azure.pools.get('render').properties.deploymentConfiguration.virtualMachineConfiguration
    old.imageReference = { id: VERSION.replace('1.0.0', '0.9.0') }
    Object.assign(replicaOf(azure), { startedAtMs: azure.clock.now().getTime() })
    const seen = watchPools(azure)
    expectGreenBehindTheReplica(await again(azure, withoutBuild), seen)
  })
})

describe('a version whose replica failed', () => {
  test('is tried again there where it is of this action', async () => {
    const azure = await published({ fails: true })
    const ran = await again(azure, inputs)
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ result: 'succeeded', 'node-states': '{"idle":10}' })
    expect(ran.log).toMatch(/replica of image version .*1\.0\.0 in westeurope had failed; replication there was begun again/)
  })

  test('is red before anything is done to a pool where that does not help', async () => {
    const azure = await published({ fails: true })
    azure.world.replication.set('westeurope', { fails: true })
    const ran = await again(azure, inputs)
    expect(annotations(ran)).toHaveLength(1)
    expect(annotations(ran)[0]).toMatch(/Replication/)
    expect(requestsTo(azure, 'PUT', /\/pools\//)).toEqual([])
  })

  test('is refused before the first write where it is given as `image-id`', async () => {
    const azure = await published({ fails: true })
    const before = writes(azure).length
    const ran = await again(azure, withoutBuild)
    expect(annotations(ran)[0]).toMatch(/replica in westeurope failed/)
    expect(writes(azure)).toHaveLength(before)
  })
})

test('snapshots of a version stay until it is in every region, whoever finds them', async () => {
  const azure = await azureOf(scenario)
  azure.world.replication.set('northeurope', { lastsMs: LATE_MS })
  const both = { ...inputs, ...WITHOUT_POOL, 'target-regions': 'northeurope' }
  expect(annotations(await again(azure, both))).toEqual([])
  const properties = versionOf(azure)
  properties.replicas.northeurope.startedAtMs = azure.clock.now().getTime()
  expect(annotations(await again(azure, both))).toEqual([])
  expect(namesOf(azure, 'snapshots')).toHaveLength(3)
  azure.clock.skip(LATE_MS)
  expect(annotations(await again(azure, both))).toEqual([])
  expect(namesOf(azure, 'snapshots')).toEqual([])
})

testConformance()
