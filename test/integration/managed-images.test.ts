/** Managed images: one for each pool, all of the same snapshots, which stay; never one for two pools. */
import { describe, expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, namesOf, type Ran, requestsTo, testConformance, writes } from '../fixtures/whole-runs.ts'

const happy = loadScenario('happy')
const scenario = { ...happy, account: { ...happy.account, acceptsManagedImages: true } }
const pool = (id: string) => `- { id: ${id}, startTask: { commandLine: /opt/mount } }`
const inputs = {
  ...scenario.inputs,
  'image-kind': 'managed',
  gallery: '',
  'pool-id': '',
  'pool-spec': `${pool('one')}\n${pool('two')}`,
  'image-version': '1.0.0',
}
const imageOfPool = (azure: EmbeddedAzure, name: string): string =>
  azure.pools.get(name).properties.deploymentConfiguration.virtualMachineConfiguration.imageReference.id.split('/').at(-1)
const imagesOfPools = ({ outputs }: Ran): readonly (string | undefined)[] =>
  (JSON.parse(outputs.pools ?? '') as { 'image-id': string }[]).map((pool) => pool['image-id'].split('/').at(-1))

test('two pools: an image of its own for each, of one set of snapshots; the next run changes nothing', async () => {
  const azure = await azureOf(scenario)
  const planned = await again(azure, { ...inputs, mode: 'plan' })
  const names = JSON.parse(planned.outputs.plan ?? '').flatMap(({ type, name }: { type: string; name: string }) =>
    type === 'managed image' ? name : [],
  )
  expect(names).toEqual(['golden-1.0.0-one', 'golden-1.0.0-two'])
  expect(imagesOfPools(planned)).toEqual(names)
  expect(writes(azure)).toEqual([])
  const first = await again(azure, inputs)
  expect(annotations(first)).toEqual([])
  expect(namesOf(azure, 'images').toSorted()).toEqual(['golden-1.0.0-one', 'golden-1.0.0-two'])
  expect(namesOf(azure, 'snapshots')).toHaveLength(3)
  expect([imageOfPool(azure, 'one'), imageOfPool(azure, 'two')]).toEqual(['golden-1.0.0-one', 'golden-1.0.0-two'])
  expect(first.outputs['image-id']).toMatch(/golden-1\.0\.0-one$/)
  expect(imagesOfPools(first)).toEqual(['golden-1.0.0-one', 'golden-1.0.0-two'])
  expect((await again(azure, { ...inputs, 'image-version': 'auto' })).outputs.result).toBe('unchanged')
})

test('a third pool gets its image of the same snapshots; the others stay as they are', async () => {
  const azure = await azureOf(scenario)
  await again(azure, inputs)
  const snapshots = requestsTo(azure, 'PUT', /\/snapshots\//).length
  const ran = await again(azure, { ...inputs, 'pool-spec': `${inputs['pool-spec']}\n${pool('three')}`, 'image-version': 'auto' })
  expect(annotations(ran)).toEqual([])
  expect(namesOf(azure, 'images').toSorted()).toEqual(['golden-1.0.0-one', 'golden-1.0.0-three', 'golden-1.0.0-two'])
  expect(requestsTo(azure, 'PUT', /\/snapshots\//)).toHaveLength(snapshots)
  expect(JSON.parse(ran.outputs.pools ?? '').map((one: Record<string, string>) => one['pool-action'])).toEqual(['none', 'none', 'created'])
})

test('killed after the first image, and run again: both are there, once', async () => {
  const azure = await azureOf(scenario)
  const killer = new AbortController()
  azure.intervene = ({ method, url }) =>
    method === 'PUT' && url.includes('/images/golden-1.0.0-one') ? { kind: 'act', after: () => killer.abort() } : undefined
  await again(azure, inputs, { kill: killer.signal })
  azure.intervene = undefined
  const second = await again(azure, { ...inputs, 'image-version': 'auto' })
  expect(annotations(second)).toEqual([])
  expect(namesOf(azure, 'images').toSorted()).toEqual(['golden-1.0.0-one', 'golden-1.0.0-two'])
  expect(namesOf(azure, 'snapshots')).toHaveLength(3)
})

test('an image that another pool is on is not shared: a version of its own is built; given by id, it is refused', async () => {
  const azure = await azureOf(scenario)
  const alone = { ...scenario.inputs, 'image-kind': 'managed', gallery: '', 'pool-id': 'first' }
  const first = await again(azure, alone)
  expect(annotations(first)).toEqual([])
  const second = await again(azure, { ...alone, 'pool-id': 'second' })
  expect(annotations(second)).toEqual([])
  expect(imageOfPool(azure, 'second')).not.toBe(imageOfPool(azure, 'first'))
  const before = writes(azure).length
  const given = { vm: '', 'image-name': '', 'image-id': first.outputs['image-id'] ?? '', 'node-agent-sku-id': 'batch.node.ubuntu 24.04' }
  const third = await again(azure, { ...alone, ...given, 'pool-id': 'third' })
  expect(annotations(third)[0]).toMatch(/managed-image-unique.*first|first.*managed-image-unique/s)
  expect(writes(azure)).toHaveLength(before)
})

test('pruned by version: images that pools are on stay, and so do the snapshots below them', async () => {
  const azure = await azureOf(scenario)
  await again(azure, inputs)
  await again(azure, { ...inputs, 'image-version': '2.0.0', strategy: 'resize-only', rebuild: 'always' })
  const ran = await again(azure, {
    ...inputs,
    'image-version': '3.0.0',
    strategy: 'resize-only',
    rebuild: 'always',
    'retain-versions': '1',
  })
  expect(annotations(ran)).toEqual([])
  expect(namesOf(azure, 'images').toSorted()).toEqual(['golden-1.0.0-one', 'golden-1.0.0-two', 'golden-3.0.0-one', 'golden-3.0.0-two'])
  expect(namesOf(azure, 'snapshots').filter((name) => name.includes('2.0.0'))).toEqual([])
  expect(namesOf(azure, 'snapshots').filter((name) => name.includes('1.0.0'))).toHaveLength(3)
})

test('made of a generalized VM, without snapshots that could date them, they are pruned all the same', async () => {
  const azure = await azureOf(scenario)
  const generalized = { ...inputs, capture: 'generalized', 'batch-account': '', 'pool-spec': '', 'vm-size': '', 'resize-timeout': '' }
  const imageOnly = { ...generalized, 'target-dedicated-nodes': '', rebuild: 'always' }
  expect(annotations(await again(azure, imageOnly))).toEqual([])
  expect(annotations(await again(azure, { ...imageOnly, 'image-version': '2.0.0' }))).toEqual([])
  expect(namesOf(azure, 'images').toSorted()).toEqual(['golden-1.0.0', 'golden-2.0.0'])
  const { 'batch-account': account = '' } = inputs as Readonly<Record<string, string>>
  const pruned = await again(azure, { ...imageOnly, 'batch-account': account, mode: 'prune', 'retain-versions': '1', vm: '', capture: '' })
  expect(annotations(pruned)).toEqual([])
  expect(namesOf(azure, 'images')).toEqual(['golden-2.0.0'])
})

describe('rebuild: 7d goes by the time at which Azure made the image', () => {
  const aged = { ...inputs, rebuild: '7d', 'image-version': 'auto', 'batch-account': '', 'pool-id': '', 'pool-spec': '', 'vm-size': '' }
  const imageHalf = { ...aged, 'target-dedicated-nodes': '', 'resize-timeout': '' }
  const madeOn = (azure: EmbeddedAzure, createdTime: string) => {
    for (const resource of azure.world.all()) if (resource.type === 'Microsoft.Compute/images') resource.createdTime = createdTime
  }

  test('a young one is used again, an old one is rebuilt', async () => {
    const azure = await azureOf(scenario)
    expect(annotations(await again(azure, imageHalf))).toEqual([])
    expect((await again(azure, imageHalf)).outputs.result).toBe('unchanged')
    madeOn(azure, new Date(azure.clock.now().getTime() - 8 * 86_400_000).toISOString())
    const rebuilt = await again(azure, imageHalf)
    expect(rebuilt.outputs.result).toBe('succeeded')
    expect(rebuilt.log).toMatch(/is 8 days old, more than 7 days/)
  })

  test('where the list cannot be read, it is rebuilt, and reported', async () => {
    const azure = await azureOf({ ...scenario, denied: ['Microsoft.Resources/subscriptions/resources/read'] })
    await again(azure, imageHalf)
    const rebuilt = await again(azure, imageHalf)
    expect(annotations(rebuilt)).toEqual([])
    expect(rebuilt.log).toMatch(/it is unknown how old version [\d.]+ is/)
  })
})

test('a gallery image of the same name lives beside them: their snapshots stay', async () => {
  const azure = await azureOf(scenario)
  await again(azure, inputs)
  const below = namesOf(azure, 'snapshots')
  for (const { type, properties } of azure.world.all()) if (/snapshots$/.test(type)) properties.timeCreated = '2026-01-01T00:00:00Z'
  const { gallery } = scenario.inputs
  const moved = { ...inputs, 'image-kind': 'gallery', gallery: gallery ?? '', strategy: 'resize-only', 'retain-versions': '1' }

  const taken = await again(azure, moved)
  expect(annotations(taken)).toEqual([expect.stringContaining('snapshot golden-1.0.0-os belongs to something else')])
  expect(namesOf(azure, 'snapshots')).toEqual(below)

  const published = await again(azure, {
    ...moved,
    'image-version': 'auto',
    vm: '',
    snapshots: below.map((name) => `${/lun(\d+)$/.exec(name)?.[1] ?? 'os'}=${name}`).join('\n'),
    'node-agent-sku-id': 'batch.node.ubuntu 24.04',
  })
  expect(annotations(published)).toEqual([])
  expect(namesOf(azure, 'snapshots')).toEqual(below)
})

testConformance()
