/** The ten situations in which other tools report success at 0 of N nodes, wait for ever, or blame the wrong thing. */
import { expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import {
  again,
  annotations,
  azureOf,
  namesOf,
  type Ran,
  reportOf,
  requestsTo,
  resizes,
  run,
  testConformance,
} from '../fixtures/whole-runs.ts'

/** What a reader is told, wherever they look: exit code, outputs, summary, one annotation; and how often Azure was asked. */
function verdict(ran: Ran, expected: { readonly result: string; readonly told?: RegExp; readonly resizes: number }): void {
  const isGreen = expected.told === undefined
  expect(ran.exitCode).toBe(isGreen ? 0 : 1)
  expect(ran.outputs.result).toBe(expected.result)
  expect(annotations(ran)).toHaveLength(isGreen ? 0 : 1)
  expect(ran.summary).toMatch(isGreen ? /\*\*(?:Succeeded|Unchanged)\*\*/ : /\*\*Failed\*\* after/)
  if (expected.told) {
    expect(annotations(ran)[0]).toMatch(expected.told)
    expect(ran.summary.replaceAll('\\', '')).toMatch(expected.told)
    expect(ran.summary).not.toContain('**Succeeded**')
  }
  expect(resizes(ran.azure)).toHaveLength(expected.resizes)
}

const MARKETPLACE_POOL = {
  vmSize: 'Standard_D4s_v5',
  deploymentConfiguration: {
    virtualMachineConfiguration: {
      imageReference: { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' },
      nodeAgentSkuId: 'batch.node.ubuntu 24.04',
    },
  },
}

test('1. steady with 0 of N and a timeout: asked again up to the cap, then red with the code', async () => {
  const ran = await run('happy', { 'max-resizes': '3' }, { resizes: [{ gain: 0 }] })
  // The first resize is the one that creating the pool begins.
  verdict(ran, { result: 'failed', told: /0 of 10 dedicated.*AllocationTimedout/, resizes: 2 })
  expect(ran.outputs).toMatchObject({ 'current-dedicated-nodes': '0', 'resize-attempts': '3' })
})

test('2. steady with fewer than N and a quota error: red at once, with quota and need', async () => {
  const error = { code: 'AccountCoreQuotaReached', message: 'The specified account has reached core quota' }
  const ran = await run('happy', {}, { resizes: [{ gain: 4, error }] })
  verdict(ran, { result: 'failed', told: /4 of 10 dedicated.*AccountCoreQuotaReached/, resizes: 0 })
  expect(ran.outputs).toMatchObject({ 'current-dedicated-nodes': '4', 'resize-attempts': '1' })
})

test('3. AllocationFailed with an inner provider error: red at once, in the innermost words', async () => {
  const ran = await run(
    'happy',
    {},
    {
      resizes: [
        {
          gain: 0,
          error: {
            code: 'AllocationFailed',
            message: 'Desired number of dedicated nodes could not be allocated',
            details: [
              {
                code: 'Provider Error Json',
                message: JSON.stringify({
                  error: { code: 'BadRequest', message: "The selected VM size 'STANDARD_A1_V2' cannot boot Hypervisor Generation '2'." },
                }),
              },
              { code: 'Provider Error Json Truncated', message: 'False' },
            ],
          },
        },
      ],
    },
  )
  verdict(ran, { result: 'failed', told: /cannot boot Hypervisor Generation '2'/, resizes: 0 })
  expect(JSON.parse(ran.outputs['resize-errors'] ?? '')).toContainEqual(
    expect.objectContaining({ code: 'AllocationFailed', innermostCode: 'BadRequest', class: 'fatal' }),
  )
})

test('4. one node whose start task failed: red, with the end of its stderr', async () => {
  const ran = await run('start-task-failed')
  verdict(ran, { result: 'failed', told: /setup.sh: not found/, resizes: 0 })
  expect(JSON.parse(ran.outputs['node-states'] ?? '')).toHaveProperty('startTaskFailed')
})

test('5a. one unusable node: removed and requested again, then green', async () => {
  const ran = await run(
    'happy',
    {},
    { nodes: [{ index: 3, state: 'unusable', errors: [{ code: 'DiskFull', message: 'The disk is full' }] }] },
  )
  verdict(ran, { result: 'succeeded', resizes: 1 })
  expect(ran.outputs).toMatchObject({ 'current-dedicated-nodes': '10', 'node-states': '{"idle":10}' })
  const [removed] = requestsTo(ran.azure, 'POST', /\/removenodes\?/)
  expect(removed?.liveRequest.body).toMatchObject({ nodeList: ['tvmps_render_3'], nodeDeallocationOption: 'taskcompletion' })
})

test('5b. nodes that are permanently unusable: red within the cap, with their errors', async () => {
  const nodes = Array.from({ length: 40 }, (_, index) => ({
    index,
    state: 'unusable' as const,
    errors: [{ code: 'VMNetworkError', message: 'The node could not reach the Batch service' }],
  }))
  const ran = await run('happy', {}, { nodes })
  verdict(ran, { result: 'failed', told: /VMNetworkError/, resizes: 1 })
})

test('6. errors of an earlier resize are not blamed on this run', async () => {
  const first = await run('happy')
  const pool = first.azure.pools.get('render')
  pool.properties.resizeOperationStatus.errors = [
    { code: 'AccountCoreQuotaReached', message: 'The specified account has reached core quota' },
  ]
  const second = await again(first.azure, { ...loadScenario('happy').inputs, 'target-dedicated-nodes': '12' })
  verdict(second, { result: 'succeeded', resizes: 1 })
  expect(second.outputs).toMatchObject({
    'pool-action': 'resized',
    'current-dedicated-nodes': '12',
    'resize-errors': '[]',
  })
})

test('7. a pool that somebody is resizing: waited for, and reported', async () => {
  const first = await run('happy', {}, { resizes: [{ gain: 10 }, { gain: 0 }, { gain: 10 }] })
  const { pools } = first.azure
  let isResizing = false
  first.azure.intervene = ({ method, url }) => {
    if (isResizing || method !== 'GET' || !/\/pools\/render\?/.test(url)) return undefined
    isResizing = true
    pools.resize(pools.get('render'), { targetDedicatedNodes: 11, targetLowPriorityNodes: 0, resizeTimeout: 'PT15M' })
    return undefined
  }
  const second = await again(first.azure, { ...loadScenario('happy').inputs, 'target-dedicated-nodes': '12' })
  expect(second.log).toMatch(/already (?:being )?resiz/i)
  verdict(second, { result: 'succeeded', resizes: 1 })
  expect(second.outputs).toMatchObject({ 'current-dedicated-nodes': '12' })
})

test('8. a version that ends Failed: red in its words, and the next run removes and rebuilds it', async () => {
  const scenario = loadScenario('happy')
  const azure = await azureOf(scenario)
  const inputs = { ...scenario.inputs, 'image-version': '1.0.0' }
  let spoiled = false
  azure.intervene = ({ method, url }) => {
    if (method !== 'PUT' || !url.includes('/versions/') || spoiled) return undefined
    spoiled = true
    const disk = azure.world.all().find(({ name }) => name === 'golden-1.0.0-os')
    return {
      kind: 'act',
      after: () => {
        const definition = azure.world.all().find(({ type }) => type === 'Microsoft.Compute/galleries/images')
        if (definition && disk) definition.properties.hyperVGeneration = 'V1'
      },
    }
  }
  const first = await again(azure, inputs)
  verdict(first, { result: 'failed', told: /different Hypervisor generation/, resizes: 0 })
  const definition = azure.world.all().find(({ type }) => type === 'Microsoft.Compute/galleries/images')
  if (definition) definition.properties.hyperVGeneration = 'V2'
  const second = await again(azure, inputs)
  verdict(second, { result: 'succeeded', resizes: 0 })
  expect(second.outputs).toMatchObject({ 'image-version': '1.0.0' })
  expect(namesOf(azure, 'galleries/images/versions')).toEqual(['1.0.0'])
})

test('9. a runner killed after the second of three snapshots: the next run takes them up, none is left over', async () => {
  const scenario = loadScenario('happy')
  const azure = await azureOf(scenario)
  const inputs = { ...scenario.inputs, 'image-version': '1.0.0' }
  const killer = new AbortController()
  let snapshots = 0
  azure.intervene = ({ method, url }) => {
    if (method === 'PUT' && url.includes('/snapshots/') && ++snapshots === 2) return { kind: 'act', after: () => killer.abort() }
    return undefined
  }
  const first = await again(azure, inputs, { kill: killer.signal })
  expect(first.exitCode).not.toBe(0)
  expect(namesOf(azure, 'snapshots').length).toBeGreaterThan(0)
  azure.intervene = undefined
  const second = await again(azure, inputs)
  verdict(second, { result: 'succeeded', resizes: 0 })
  expect(namesOf(azure, 'snapshots')).toEqual([])
  expect(namesOf(azure, 'galleries/images/versions')).toEqual(['1.0.0'])
})

test('10. a long resize timeout: nodes that come late are waited for', async () => {
  const ran = await run('capacity', { 'resize-timeout': 'PT45M' }, { resizes: [{ gain: 400 }, { gain: 900 }] })
  verdict(ran, { result: 'succeeded', resizes: 1 })
  const { pools } = await reportOf(ran)
  const [first] = pools[0].attempts
  expect(Date.parse(first.finishedAt) - Date.parse(first.startedAt)).toBeGreaterThan(40 * 60_000)
  for (const { liveRequest } of resizes(ran.azure)) expect(liveRequest.body).toMatchObject({ resizeTimeout: 'PT45M' })
})

test('a pool of the account on a Marketplace image is shown with it, and left alone', async () => {
  const ran = await run('happy', {}, { pools: [{ id: 'other', properties: MARKETPLACE_POOL, nodes: 2 }] })
  expect(ran.outputs.result).toBe('succeeded')
  expect(ran.summary.replaceAll('<wbr>', '')).toContain('canonical:ubuntu-24&#95;04-lts:server:latest')
  expect(requestsTo(ran.azure, 'PATCH', /pools\/other/)).toEqual([])
})

testConformance()
