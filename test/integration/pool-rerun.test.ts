/** What a run makes of a pool that an earlier run, or a person, left otherwise than it is asked for by now. */
import { describe, expect, test } from 'vitest'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, testConformance, writes } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const FIRST = { ...scenario.inputs, 'image-version': '1.0.0' }
const SECOND = { ...scenario.inputs, 'image-version': '1.1.0' }
const NO_SIZE = { 'target-dedicated-nodes': '' }
const MENDED = { 'pool-spec': 'startTask: { commandLine: /opt/mended, waitForSuccess: true }' }

async function poolOnFirst(changes: Partial<Scenario> = {}): Promise<EmbeddedAzure> {
  const azure = await azureOf({ ...scenario, ...changes })
  expect(annotations(await again(azure, FIRST))).toEqual([])
  return azure
}

/** Kills the run as soon as Azure has acted on the request, before its answer. */
async function killedAt(azure: EmbeddedAzure, inputs: Readonly<Record<string, string>>, method: string, url: RegExp): Promise<void> {
  const killer = new AbortController()
  azure.intervene = (request) =>
    request.method === method && url.test(request.url) ? { kind: 'act', after: () => killer.abort() } : undefined
  await again(azure, inputs, { kill: killer.signal })
  azure.intervene = undefined
  expect(killer.signal.aborted).toBe(true)
}

test.each([
  ['had begun the new pool', 'PUT', /\/pools\/render-1-1-0\?/],
  ['had moved the jobs', 'POST', /\/pools\/render\/resize\?/],
])('blue-green, after a run that %s with a start task that is mended by now: made anew, jobs and all', async (_, method, url) => {
  const azure = await poolOnFirst({ jobs: [{ id: 'nightly', poolId: 'render' }] })
  const inputs = { ...SECOND, strategy: 'blue-green' }
  await killedAt(azure, inputs, method, url)
  const ran = await again(azure, { ...inputs, ...MENDED })
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs).toMatchObject({ 'pool-id': 'render-1-1-0', 'current-dedicated-nodes': '10' })
  expect(azure.pools.get('render-1-1-0').properties.startTask.commandLine).toBe('/opt/mended')
  expect(azure.pools.all().map(({ name }) => name)).toEqual(['render-1-1-0'])
  expect(azure.pools.jobs.all).toMatchObject([{ id: 'nightly', state: 'active', poolId: 'render-1-1-0' }])
})

test.each(['plan', 'apply'])(
  'a start task changed under nodes that are there: a warning says that these nodes keep the earlier one (mode: %s)',
  async (mode) => {
    const ran = await again(await poolOnFirst(), { ...FIRST, ...MENDED, mode })
    expect(annotations(ran)).toEqual([])
    expect(ran.log).toMatch(
      /Pool render: the change of startTask applies to new, rebooted or reimaged nodes only; existing nodes stay as they are/,
    )
  },
)

describe('no size is requested', () => {
  test('and the pool is new: refused before the first write', async () => {
    const azure = await azureOf(scenario)
    const ran = await again(azure, { ...FIRST, ...NO_SIZE })
    expect(annotations(ran)[0]).toMatch(/Pool size is missing \(pool-size\).*no size is given/)
    expect(writes(azure)).toEqual([])
  })

  test('and a run died with the autoscale off whose formula is too long to be kept: red, not green without nodes', async () => {
    const formula = `$TargetDedicatedNodes = 6; // ${'x'.repeat(3_000)}`
    const imageReference = { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' }
    const properties = {
      vmSize: 'Standard_D4s_v5',
      scaleSettings: { autoScale: { formula, evaluationInterval: 'PT5M' } },
      deploymentConfiguration: { virtualMachineConfiguration: { imageReference, nodeAgentSkuId: 'batch.node.ubuntu 24.04' } },
    }
    const azure = await azureOf({ ...scenario, pools: [{ id: 'render', nodes: 6, properties }] })
    const inputs = { ...FIRST, ...NO_SIZE }
    await killedAt(azure, inputs, 'POST', /disableAutoScale/i)
    const ran = await again(azure, inputs)
    expect(annotations(ran)[0]).toMatch(/pool render lost its autoscale formula in an interrupted run/)
    expect(azure.pools.get('render').nodes).toHaveLength(6)
  })

  test('and somebody has sized the pool since a run that did not wait: their size stays', async () => {
    const azure = await poolOnFirst()
    await again(azure, { ...SECOND, wait: 'none' })
    await again(azure, { ...SECOND, 'target-dedicated-nodes': '14', wait: 'none' })
    const ran = await again(azure, { ...SECOND, ...NO_SIZE })
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ 'target-dedicated-nodes': '14', 'current-dedicated-nodes': '14' })
  })

  test.each([
    ['the same', '1.1.0', 'render-1-1-0'],
    ['another', '1.2.0', 'render-1-2-0'],
  ])(
    'and a blue-green run died while the old pool was drained: with %s version, the new pool is as large as the old one was',
    async (_, version, name) => {
      const azure = await poolOnFirst({ jobs: [{ id: 'nightly', poolId: 'render' }] })
      const inputs = { ...SECOND, ...NO_SIZE, strategy: 'blue-green' }
      await killedAt(azure, inputs, 'POST', /\/pools\/render\/resize\?/)
      const ran = await again(azure, { ...inputs, 'image-version': version, rebuild: 'always' })
      expect(annotations(ran)).toEqual([])
      expect(ran.outputs).toMatchObject({ 'pool-id': name, 'current-dedicated-nodes': '10' })
      expect(azure.pools.all().map((pool) => [pool.name, pool.nodes.length])).toEqual([[name, 10]])
    },
  )

  test('and a blue-green run died with the canary there: the new pool is as large as the old one', async () => {
    const azure = await poolOnFirst()
    const inputs = { ...SECOND, strategy: 'blue-green', 'canary-nodes': '2' }
    await killedAt(azure, inputs, 'GET', /\/nodecounts/)
    expect(azure.pools.get('render-1-1-0').properties.scaleSettings.fixedScale.targetDedicatedNodes).toBe(2)
    const ran = await again(azure, { ...inputs, ...NO_SIZE })
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ 'current-dedicated-nodes': '10' })
  })
})

test('Spot nodes that an earlier resize could not take away are taken away, and stand for no dedicated ones', async () => {
  const azure = await azureOf({ ...scenario, nodes: [{ index: 0, state: 'unusable' }] })
  const inputs = { ...FIRST, 'max-resizes': '1' }
  await again(azure, { ...inputs, 'target-low-priority-nodes': '2' })
  azure.pools.get('render').properties.scaleSettings.fixedScale.targetLowPriorityNodes = 0
  const ran = await again(azure, inputs)
  expect(ran.outputs).toMatchObject({ 'pool-action': 'resized', 'current-low-priority-nodes': '0' })
  expect(annotations(ran)[0]).toContain('9 of 10 required dedicated nodes are healthy')
})

testConformance()
