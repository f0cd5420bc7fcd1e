/** A run that died on its way with a pool, at every step; and what the next run makes of it. */
import { describe, expect, test } from 'vitest'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, type Ran, resizes, testConformance } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const FIRST = { ...scenario.inputs, 'image-version': '1.0.0' }
const SECOND = { ...scenario.inputs, 'image-version': '1.1.0' }
const NO_SIZE = { 'target-dedicated-nodes': '' }

async function poolOnFirst(changes: Partial<Scenario> = {}, inputs: Readonly<Record<string, string>> = {}): Promise<EmbeddedAzure> {
  const azure = await azureOf({ ...scenario, ...changes })
  expect(annotations(await again(azure, { ...FIRST, ...inputs }))).toEqual([])
  return azure
}

/** Kills the run as soon as Azure has acted on the request, before its answer. */
async function killedAt(
  azure: EmbeddedAzure,
  inputs: Readonly<Record<string, string>>,
  isMoment: (method: string, url: string) => boolean,
): Promise<Ran> {
  const killer = new AbortController()
  azure.intervene = ({ method, url }) => {
    if (killer.signal.aborted || !isMoment(method, url)) return undefined
    return { kind: 'act', after: () => killer.abort() }
  }
  const ran = await again(azure, inputs, { kill: killer.signal })
  azure.intervene = undefined
  expect(killer.signal.aborted).toBe(true)
  return ran
}

const imageOf = (azure: EmbeddedAzure, pool: string): string =>
  azure.pools.get(pool).properties.deploymentConfiguration.virtualMachineConfiguration.imageReference.id
const metadataOf = (azure: EmbeddedAzure, pool: string) => JSON.stringify(azure.pools.get(pool).properties.metadata ?? [])
/** `n`-th request of a kind. */
const nth = (n: number, method: string, pattern: RegExp) => {
  let seen = 0
  return (asked: string, url: string) => asked === method && pattern.test(url) && ++seen === n
}

describe('in-place', () => {
  test.each<[string, () => ReturnType<typeof nth>]>([
    ['its last state was noted', () => nth(1, 'PATCH', /\/pools\/render\?/)],
    ['the drain was asked for', () => nth(1, 'POST', /\/pools\/render\/resize\?/)],
    ['the image was patched', () => nth(2, 'PATCH', /\/pools\/render\?/)],
    ['the pool was healthy, and the note was to go', () => nth(3, 'PATCH', /\/pools\/render\?/)],
  ])('died when %s: the next run ends at the target of the request', async (_, moment) => {
    const azure = await poolOnFirst()
    await killedAt(azure, SECOND, moment())
    const ran = await again(azure, SECOND)
    expect(annotations(ran)).toEqual([])
    expect(ran.exitCode).toBe(0)
    expect(ran.outputs).toMatchObject({ 'current-dedicated-nodes': '10', 'target-dedicated-nodes': '10' })
    expect(imageOf(azure, 'render')).toMatch(/1\.1\.0$/)
    expect(metadataOf(azure, 'render')).not.toMatch(/image-pool-(?:before|untested)/)
    expect(resizes(azure).length).toBeLessThanOrEqual(2)
  })

  test('died after the drain, and no size is requested: the pool is as large as before, not 0', async () => {
    const azure = await poolOnFirst()
    await killedAt(azure, { ...SECOND, ...NO_SIZE }, nth(1, 'POST', /\/pools\/render\/resize\?/))
    const ran = await again(azure, { ...SECOND, ...NO_SIZE })
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ 'pool-action': 'reimaged', 'current-dedicated-nodes': '10' })
  })

  test('died after autoscale was switched off, and no size is requested: the formula is back', async () => {
    const pool = {
      id: 'render',
      nodes: 6,
      properties: {
        vmSize: 'Standard_D4s_v5',
        scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes = 6;', evaluationInterval: 'PT5M' } },
        deploymentConfiguration: {
          virtualMachineConfiguration: {
            imageReference: { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' },
            nodeAgentSkuId: 'batch.node.ubuntu 24.04',
          },
        },
      },
    }
    const azure = await azureOf({ ...scenario, pools: [pool] })
    await killedAt(azure, { ...FIRST, ...NO_SIZE }, nth(1, 'POST', /disableAutoScale/i))
    expect(azure.pools.get('render').properties.scaleSettings.autoScale).toBeUndefined()
    const ran = await again(azure, { ...FIRST, ...NO_SIZE })
    expect(annotations(ran)).toEqual([])
    expect(azure.pools.get('render').properties.scaleSettings.autoScale.formula).toContain('= 6')
    expect(ran.outputs).toMatchObject({ 'pool-action': 'reimaged', 'current-dedicated-nodes': '6' })
  })

  test('died on the new image, which then proves broken: rollback goes to the previous image', async () => {
    const nodes = Array.from({ length: 10 }, (_, index) => ({ index: index + 10, state: 'startTaskFailed' as const, stderr: 'boom' }))
    const azure = await poolOnFirst({ nodes })
    await killedAt(azure, SECOND, nth(2, 'PATCH', /\/pools\/render\?/))
    const ran = await again(azure, { ...SECOND, 'on-failure': 'rollback' })
    expect(ran.exitCode).toBe(1)
    expect(ran.outputs).toMatchObject({ result: 'rolled-back', 'current-dedicated-nodes': '10' })
    expect(imageOf(azure, 'render')).toMatch(/1\.0\.0$/)
  })
})

test('in-place: died when the spec’s network was taken out of the pool by PUT: the next run ends as an undisturbed one', async () => {
  const network = { 'pool-spec': 'networkConfiguration: { enableAcceleratedNetworking: true }' }
  const azure = await poolOnFirst({}, network)
  await killedAt(azure, { ...SECOND, 'pool-spec': '' }, nth(1, 'PUT', /\/pools\/render\?/))
  const ran = await again(azure, { ...SECOND, 'pool-spec': '' })
  expect(annotations(ran)).toEqual([])
  // The PUT began the resize, which may be over by now.
  expect(ran.outputs).toMatchObject({ result: expect.stringMatching(/succeeded|unchanged/), 'current-dedicated-nodes': '10' })
  expect(imageOf(azure, 'render')).toMatch(/1\.1\.0$/)
  expect(azure.pools.get('render').properties).not.toHaveProperty('networkConfiguration')
  expect(metadataOf(azure, 'render')).not.toMatch(/image-pool-(?:before|untested)/)
})

test('replace, interrupted while the old pool was being deleted: the next run waits for that and creates it again', async () => {
  const azure = await poolOnFirst()
  await killedAt(azure, { ...SECOND, strategy: 'replace' }, nth(1, 'DELETE', /\/pools\/render\?/))
  expect(azure.pools.get('render').properties.provisioningState).toBe('Deleting')
  const ran = await again(azure, { ...SECOND, strategy: 'replace' })
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '10' })
  expect(imageOf(azure, 'render')).toMatch(/1\.1\.0$/)
})

describe('blue-green', () => {
  const jobs = [
    { id: 'nightly', poolId: 'render' },
    { id: 'paused', poolId: 'render', state: 'disabled' as const },
    { id: 'with-own-pool' },
  ]
  const inputs = { ...SECOND, strategy: 'blue-green' }

  test.each<[string, () => ReturnType<typeof nth>]>([
    ['the new pool was made', () => nth(1, 'PUT', /\/pools\/render-1-1-0\?/)],
    ['the job was marked', () => nth(1, 'PATCH', /\/jobs\/nightly\?/)],
    ['the job was disabled', () => nth(1, 'POST', /\/jobs\/nightly\/disable\?/)],
    ['the job was moved, and still disabled', () => nth(2, 'PATCH', /\/jobs\/nightly\?/)],
    ['the job was enabled', () => nth(1, 'POST', /\/jobs\/nightly\/enable\?/)],
    ['the old pool was being drained', () => nth(1, 'POST', /\/pools\/render\/resize\?/)],
    ['the old pool was being deleted', () => nth(1, 'DELETE', /\/pools\/render\?/)],
  ])('died when %s: the next run ends with one pool and every job as it was', async (_, moment) => {
    const azure = await poolOnFirst({ jobs })
    await killedAt(azure, inputs, moment())
    const ran = await again(azure, inputs)
    expect(annotations(ran)).toEqual([])
    expect(ran.exitCode).toBe(0)
    expect(ran.outputs).toMatchObject({ 'pool-id': 'render-1-1-0', 'current-dedicated-nodes': '10' })
    expect(
      azure.pools
        .all()
        .filter(({ properties }) => properties.provisioningState !== 'Deleting')
        .map(({ name }) => name),
    ).toEqual(['render-1-1-0'])
    expect(azure.pools.jobs.all.map(({ id, state, poolId, metadata }) => ({ id, state, poolId, metadata }))).toEqual([
      { id: 'nightly', state: 'active', poolId: 'render-1-1-0', metadata: [] },
      { id: 'paused', state: 'disabled', poolId: 'render-1-1-0', metadata: [] },
      { id: 'with-own-pool', state: 'active', poolId: undefined, metadata: [] },
    ])
  })

  test('pools that interrupted runs made for other versions go with the old one', async () => {
    const azure = await poolOnFirst({ jobs })
    await killedAt(azure, inputs, nth(2, 'PATCH', /\/jobs\/nightly\?/))
    const ran = await again(azure, { ...inputs, 'image-version': '1.2.0', rebuild: 'always' })
    expect(annotations(ran)).toEqual([])
    expect(azure.pools.all().map(({ name }) => name)).toEqual(['render-1-2-0'])
    expect(azure.pools.jobs.all.find(({ id }) => id === 'nightly')).toMatchObject({ state: 'active', poolId: 'render-1-2-0', metadata: [] })
  })

  test("a pool of somebody else that has the new pool's name: red, and it is left alone", async () => {
    const taken = { id: 'render-1-1-0', nodes: 2, properties: { vmSize: 'Standard_D4s_v5', deploymentConfiguration: {} } }
    const azure = await poolOnFirst({ jobs, pools: [taken] })
    const ran = await again(azure, { ...inputs, 'on-failure': 'rollback' })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toContain('Pool name taken')
    expect(azure.pools.all().map(({ name, nodes }) => [name, nodes.length])).toEqual([
      ['render', 10],
      ['render-1-1-0', 2],
    ])
  })
})

test('half an answer that there is no pool is enough to make it', async () => {
  const azure = await azureOf(scenario)
  azure.intervene = ({ method, url }) =>
    method === 'GET' && /\/pools\/render\?/.test(url) && !azure.pools.find('render') ? { kind: 'cut' } : undefined
  const ran = await again(azure, FIRST)
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs.result).toBe('succeeded')
})

testConformance()
