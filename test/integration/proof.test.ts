/** The new image on a node of its own before a node of the pool goes: what it saves, what it costs, and that nothing of it stays. */
import { describe, expect, test } from 'vitest'
import { loadScenario, type Scenario, type ScenarioPool } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, reportOf, requestsTo, resizes, run, testConformance, writes } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const PROOF = /\/pools\/render-proof\?/
const OLD_IMAGE = { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' }
const old = (changes: Partial<ScenarioPool> = {}, properties: Readonly<Record<string, unknown>> = {}): ScenarioPool => ({
  id: 'render',
  nodes: 10,
  properties: {
    vmSize: 'Standard_D4s_v5',
    deploymentConfiguration: { virtualMachineConfiguration: { nodeAgentSkuId: 'batch.node.ubuntu 24.04', imageReference: OLD_IMAGE } },
    ...properties,
  },
  ...changes,
})
const broken = { pool: 'render-proof', index: 0, state: 'startTaskFailed' as const, stderr: 'boom' }
const names = ({ pools }: EmbeddedAzure) => pools.all().map(({ name }) => name)
const account = { name: 'renderbatch', dedicatedCoreQuota: 5_000 }
const CORES = 4

/** The pool has all its nodes, and none of them was ever asked to go. */
function expectUntouched({ azure }: { readonly azure: EmbeddedAzure }): void {
  expect(azure.pools.get('render').nodes).toHaveLength(10)
  expect(writes(azure).filter(({ liveRequest }) => /\/pools\/render[/?]/.test(liveRequest.url))).toEqual([])
  expect(names(azure)).toEqual(['render'])
}

describe.each(['in-place', 'replace'])('%s', (strategy) => {
  test('an image that does not work costs no node of the pool', async () => {
    const nodes = [broken, { ...broken, index: 1 }]
    const ran = await run('happy', { strategy }, { pools: [old()], nodes })
    expect(ran.exitCode).toBe(1)
    expect(ran.outputs).toMatchObject({ result: 'failed', 'pool-action': 'none', 'current-dedicated-nodes': '10' })
    expect(annotations(ran)[0]).toMatch(/Start task failed.*boom.*No node of the pool itself was touched/s)
    expect(ran.summary).toContain('**failed** in `render-proof`')
    expect(ran.summary).toContain('boom')
    expectUntouched(ran)
  })

  test('canary-nodes: 0 goes without', async () => {
    const ran = await run('happy', { strategy, 'canary-nodes': '0' }, { pools: [old()] })
    expect(annotations(ran)).toEqual([])
    expect(requestsTo(ran.azure, 'PUT', PROOF)).toEqual([])
  })
})

test('a pool at 0 nodes gets a proof, too: there is no other evidence', async () => {
  const ran = await run(
    'happy',
    { 'target-dedicated-nodes': '0' },
    { pools: [old({ nodes: 0 })], nodes: [broken, { ...broken, index: 1 }] },
  )
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)[0]).toContain('boom')
})

test('the plan names it, and makes nothing', async () => {
  const ran = await run('happy', { mode: 'plan', 'canary-nodes': '2' }, { pools: [old({}, { displayName: 'Render' })] })
  expect(annotations(ran)).toEqual([])
  expect(JSON.parse(ran.outputs.plan ?? '[]')).toContainEqual({
    verb: 'create',
    type: 'pool',
    name: 'render-proof',
    id: expect.stringMatching(/\/pools\/render-proof$/),
    reason: '2 dedicated nodes on the new image, before pool render loses a node; deleted afterwards; it goes without its display name',
  })
  expect(writes(ran.azure)).toEqual([])
})

describe('where the quotas leave no room', () => {
  const full = { pools: [old()], account: { ...account, dedicatedCoreQuota: 10 * CORES } }
  test('auto continues without, and reports it', async () => {
    const ran = await run('happy', {}, full)
    expect(annotations(ran)).toEqual([])
    expect(ran.log).toMatch(
      /No proof of the new image \(no-proof\): pool render would go to the new image without a proof.*40 dedicated cores: 40 are in use, 4 more/,
    )
    expect(requestsTo(ran.azure, 'PUT', PROOF)).toEqual([])
  })

  test('a number is a demand: refused before the first write', async () => {
    const ran = await run('happy', { 'canary-nodes': '1' }, full)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/proof-pool-quota|does not fit into the quota of 40 dedicated cores/)
    expect(writes(ran.azure)).toEqual([])
  })

  test('by the answer of Azure, where it gives no figures: auto continues without, a number is red with the pool untouched', async () => {
    const changes: Partial<Scenario> = {
      pools: [old()],
      resizes: [
        {
          pool: 'render-proof',
          gain: 0,
          error: { code: 'AccountCoreQuotaReached', message: 'The specified account has reached core quota' },
        },
      ],
    }
    const auto = await run('happy', {}, changes)
    expect(annotations(auto)).toEqual([])
    expect(auto.log).toMatch(/render-proof: the quota leaves no room for it, so render is refreshed without this proof/)
    expect((await reportOf(auto)).pools[0].proof).toMatchObject({ result: 'no-room' })
    expect(names(auto.azure)).toEqual(['render'])
    const demanded = await run('happy', { 'canary-nodes': '1' }, changes)
    expect(demanded.exitCode).toBe(1)
    expectUntouched(demanded)
  })
})

test('no capacity: red, the pool untouched, and and the way to go without is reported', async () => {
  const error = { code: 'AllocationFailed', message: 'Desired number of dedicated nodes could not be allocated' }
  const ran = await run('happy', { 'max-resizes': '1' }, { pools: [old()], resizes: [{ pool: 'render-proof', gain: 0, error }] })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)[0]).toMatch(/AllocationFailed.*canary-nodes: 0/s)
  expectUntouched(ran)
})

test("a pool of somebody else that has the proof pool's name: an error before the first write", async () => {
  const ran = await run('happy', {}, { pools: [old(), old({ id: 'render-proof', nodes: 1 })] })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)[0]).toContain('render-proof was not made by this action')
  expect(writes(ran.azure)).toEqual([])
})

test('pools that differ in id and size share one; it is named after the first', async () => {
  const spec = `
- { id: one, vmSize: Standard_D4s_v5, scaleSettings: { fixedScale: { targetDedicatedNodes: 3 } } }
- { id: two, vmSize: Standard_D4s_v5, scaleSettings: { fixedScale: { targetDedicatedNodes: 5 } } }`
  const inputs = { 'pool-spec': spec, 'pool-id': '', 'vm-size': '', 'target-dedicated-nodes': '', 'resize-timeout': '' }
  const ran = await run('happy', inputs, { pools: [old({ id: 'one', nodes: 3 }), old({ id: 'two', nodes: 5 })] })
  expect(annotations(ran)).toEqual([])
  expect(requestsTo(ran.azure, 'PUT', /\/pools\//).map(({ liveRequest }) => /pools\/([\w-]+)/.exec(liveRequest.url)?.[1])).toEqual([
    'one-proof',
  ])
  expect(names(ran.azure)).toEqual(['one', 'two'])
})

test('Spot pools are proven on Spot nodes', async () => {
  const spot = { scaleSettings: { fixedScale: { targetDedicatedNodes: 0, targetLowPriorityNodes: 4 } } }
  const inputs = { 'target-dedicated-nodes': '0', 'target-low-priority-nodes': '4' }
  const ran = await run('happy', inputs, { pools: [old({ nodes: 0 }, spot)] })
  expect(annotations(ran)).toEqual([])
  const [made] = requestsTo(ran.azure, 'PUT', PROOF)
  expect(made?.liveRequest.body).toMatchObject({
    properties: { scaleSettings: { fixedScale: { targetDedicatedNodes: 0, targetLowPriorityNodes: 1 } } },
  })
})

test('where both do not fit, the proof pool is gone before the pool grows', async () => {
  const tight = { ...account, dedicatedCoreQuota: 11 * CORES }
  const ran = await run('happy', { 'target-dedicated-nodes': '11' }, { pools: [old()], account: tight })
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs['current-dedicated-nodes']).toBe('11')
  expect(resizes(ran.azure)).toHaveLength(1)
})

describe('a run that ends early', () => {
  const whenMade = (azure: EmbeddedAzure, controller: AbortController) => {
    azure.intervene = ({ method, url }) =>
      method === 'PUT' && PROOF.test(url) ? { kind: 'act', after: () => controller.abort() } : undefined
  }

  test('cancelled: the post step deletes the proof pool', async () => {
    const azure = await azureOf({ ...scenario, pools: [old()] })
    const interrupt = new AbortController()
    whenMade(azure, interrupt)
    const ran = await again(azure, scenario.inputs, { interrupt: interrupt.signal })
    azure.intervene = undefined
    expect(ran.outputs.result).toBe('cancelled')
    expect(names(azure)).toContain('render-proof')
    const post = await again(azure, scenario.inputs, { state: ran.state })
    expect(post.log).toContain('deleting proof pool')
    expect(names(azure)).toEqual(['render'])
  })

  test('cancelled: no resize of a pool is stopped that the run did not resize', async () => {
    const azure = await azureOf({ ...scenario, pools: [old()] })
    const interrupt = new AbortController()
    whenMade(azure, interrupt)
    const ran = await again(azure, { ...scenario.inputs, 'on-cancel': 'stop-resize' }, { interrupt: interrupt.signal })
    expect(ran.outputs.result).toBe('cancelled')
    expect(ran.log).not.toContain('The resize of pool render was stopped')
    expect(requestsTo(azure, 'POST', /stopResize/i)).toEqual([])
  })

  test('killed: the next run deletes what is left, and makes its own', async () => {
    const azure = await azureOf({ ...scenario, pools: [old()] })
    const kill = new AbortController()
    whenMade(azure, kill)
    await again(azure, scenario.inputs, { kill: kill.signal })
    azure.intervene = undefined
    expect(names(azure)).toEqual(['render', 'render-proof'])
    const ran = await again(azure, scenario.inputs)
    expect(annotations(ran)).toEqual([])
    expect(requestsTo(azure, 'PUT', PROOF)).toHaveLength(2)
    expect(names(azure)).toEqual(['render'])
  })

  test('killed: mode: prune deletes what is left', async () => {
    const azure = await azureOf({ ...scenario, pools: [old()] })
    const kill = new AbortController()
    whenMade(azure, kill)
    await again(azure, scenario.inputs, { kill: kill.signal })
    azure.intervene = undefined
    const ran = await again(azure, { ...scenario.inputs, mode: 'prune', 'retain-versions': '1' })
    expect(annotations(ran)).toEqual([])
    expect(names(azure)).toEqual(['render'])
  })
})

testConformance()
