/** `latest: when-healthy`: whoever asks for the newest version gets one that pools have become healthy on. */
import { describe, expect, test } from 'vitest'
import { GROUP_ID, loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, reportOf, requestsTo, run, testConformance } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const WHEN_HEALTHY = { latest: 'when-healthy', 'image-version': '1.0.0' }
const inputs = { ...scenario.inputs, ...WHEN_HEALTHY }
const VERSION = `${GROUP_ID}/providers/Microsoft.Compute/galleries/images/images/golden/versions/1.0.0`
const isExcluded = ({ world }: EmbeddedAzure) => world.get(VERSION)?.properties.publishingProfile.excludeFromLatest
const versionWrites = (azure: EmbeddedAzure) =>
  requestsTo(azure, 'PUT', /\/versions\//).map(({ liveRequest }) => JSON.stringify(liveRequest.body))

test('a version is published excluded, and included once the pool is healthy on it', async () => {
  const ran = await run('happy', WHEN_HEALTHY)
  expect(annotations(ran)).toEqual([])
  const [published, included] = versionWrites(ran.azure)
  expect(published).toContain('"excludeFromLatest":true')
  expect(included).toContain('"excludeFromLatest":false')
  expect(isExcluded(ran.azure)).toBe(false)
  expect(ran.summary).toContain('included: all pools are healthy on this version')
  expect((await reportOf(ran)).image.latest).toBe('included')
  const second = await again(ran.azure, inputs)
  expect(second.outputs).toMatchObject({ result: 'unchanged', 'has-changes': 'false' })
  expect(versionWrites(ran.azure)).toHaveLength(2)
})

const failingOn = (version: string) => ({
  nodes: Array.from({ length: 20 }, (_, index) => ({ index, state: 'startTaskFailed' as const, exitCode: 3, onImage: version })),
})

describe('a version that nodes do not start on', () => {
  test('stays excluded, which is reported; once the nodes start, the next run includes it and builds nothing', async () => {
    const fates = failingOn('1.0.0').nodes
    const azure = await azureOf({ ...scenario, nodes: fates })
    const ran = await again(azure, { ...inputs, 'on-failure': 'keep', 'max-resizes': '1' })
    expect(ran.outputs.result).toBe('failed')
    expect(isExcluded(azure)).toBe(true)
    expect(ran.summary).toContain('excluded until all pools are healthy on this version')
    expect((await reportOf(ran)).image.latest).toBe('excluded')
    fates.splice(0)
    const second = await again(azure, inputs)
    expect(annotations(second)).toEqual([])
    expect(isExcluded(azure)).toBe(false)
    expect(requestsTo(azure, 'PUT', /\/snapshots\//)).toHaveLength(3)
  })

  test('stays excluded after a rollback', async () => {
    const azure = await azureOf({ ...scenario, ...failingOn('1.0.0') })
    const { latest: _, ...plain } = inputs
    expect(annotations(await again(azure, { ...plain, 'image-version': '0.9.0' }))).toEqual([])
    const ran = await again(azure, { ...inputs, rebuild: 'always', 'canary-nodes': '0', 'max-resizes': '1' })
    expect(ran.outputs.result).toBe('rolled-back')
    expect(isExcluded(azure)).toBe(true)
  })
})

test('killed before the version is included, the next run includes it and builds nothing', async () => {
  const azure = await azureOf(scenario)
  const killer = new AbortController()
  let puts = 0
  azure.intervene = ({ method, url }) => {
    if (method === 'PUT' && /\/versions\//.test(url)) puts += 1
    if (puts < 2) return undefined
    killer.abort()
    return { kind: 'hang' }
  }
  await again(azure, inputs, { kill: killer.signal })
  expect(killer.signal.aborted).toBe(true)
  expect(isExcluded(azure)).toBe(true)
  azure.intervene = undefined
  const plan = await again(azure, { ...inputs, mode: 'plan' })
  expect(plan.outputs['has-changes']).toBe('true')
  expect(plan.summary).toContain('included in latest once all pools are healthy on it')
  const second = await again(azure, inputs)
  expect(annotations(second)).toEqual([])
  expect(isExcluded(azure)).toBe(false)
  expect(requestsTo(azure, 'PUT', /\/snapshots\//)).toHaveLength(3)
})

describe('a version that no node has become healthy on', () => {
  const noNodes = { 'target-dedicated-nodes': '0', 'target-low-priority-nodes': '0' }

  test('a new pool at 0 nodes proves nothing: the version stays excluded, which is reported; nodes include it', async () => {
    const ran = await run('happy', { ...WHEN_HEALTHY, ...noNodes })
    expect(ran.outputs.result).toBe('succeeded')
    expect(isExcluded(ran.azure)).toBe(true)
    expect(ran.log).toMatch(/not included in latest.*no node has become healthy on it/)
    const second = await again(ran.azure, inputs)
    expect(annotations(second)).toEqual([])
    expect(isExcluded(ran.azure)).toBe(false)
  })

  test('an existing pool at 0 nodes has its proof', async () => {
    const ran = await run('happy', { ...noNodes, 'image-version': '0.9.0' })
    const second = await again(ran.azure, { ...inputs, ...noNodes, rebuild: 'always' })
    expect(annotations(second)).toEqual([])
    expect(isExcluded(ran.azure)).toBe(false)
  })
})

test('a pool that keeps another image: a plan and a run say why the version stays excluded', async () => {
  const ran = await run('happy', { 'image-version': '0.9.0' })
  for (const mode of ['plan', 'apply']) {
    const second = await again(ran.azure, { ...inputs, mode, rebuild: 'always', strategy: 'resize-only' })
    expect(second.log).toMatch(/not included in latest.*this pool keeps another image: \S+\. `strategy/)
  }
  expect(isExcluded(ran.azure)).toBe(true)
})

test('another region is still being replicated to: the change waits for it', async () => {
  const ran = await run('happy', { ...WHEN_HEALTHY, 'target-regions': 'northeurope' }, {}, ({ world }) => {
    world.replication.set('northeurope', { lastsMs: 3_600_000 })
  })
  expect(annotations(ran)).toEqual([])
  expect(isExcluded(ran.azure)).toBe(false)
})

test('a version that somebody withdrew stays withdrawn', async () => {
  const ran = await run('happy', WHEN_HEALTHY)
  const version = ran.azure.world.get(VERSION)
  if (version) version.properties.publishingProfile.excludeFromLatest = true
  const second = await again(ran.azure, inputs)
  expect(second.outputs.result).toBe('unchanged')
  expect(isExcluded(ran.azure)).toBe(true)
})

testConformance()
