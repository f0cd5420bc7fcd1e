/** `smoke-test`: a command line as a Batch task on nodes of the new image, as part of the gate. */
import { describe, expect, test } from 'vitest'
import { loadScenario, type ScenarioPool } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, type Ran, reportOf, requestsTo, run, testConformance, writes } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const SMOKE = { 'smoke-test': '/opt/render/bin/render --self-test' }
const failing = { index: 0, exitCode: 3, stderr: 'libOpenEXR.so.31: cannot open shared object file\n', stdout: 'self-test of 14 plugins\n' }
const old: ScenarioPool = {
  id: 'render',
  nodes: 10,
  properties: {
    vmSize: 'Standard_D4s_v5',
    deploymentConfiguration: {
      virtualMachineConfiguration: {
        nodeAgentSkuId: 'batch.node.ubuntu 24.04',
        imageReference: { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' },
      },
    },
  },
}

const tasksOf = ({ azure }: Ran) =>
  requestsTo(azure, 'POST', /\/jobs\/[\w-]+\/tasks\?/).map(({ liveRequest }) => ({
    job: /jobs\/([\w-]+)/.exec(liveRequest.url)?.[1],
    ...(liveRequest.body as Readonly<Record<string, unknown>>),
  }))
/** No job of a smoke test is there, or it is on its way out. */
const jobsLeft = ({ pools }: EmbeddedAzure) => pools.jobs.all.filter(({ state }) => state !== 'deleting').map(({ id }) => id)

test('on every node of the proof pool, as one task each that takes the whole node', async () => {
  const ran = await run('happy', { ...SMOKE, 'canary-nodes': '2', 'smoke-test-timeout': '10m' }, { pools: [old] })
  expect(annotations(ran)).toEqual([])
  const task = { commandLine: SMOKE['smoke-test'], requiredSlots: 1, constraints: { maxWallClockTime: 'PT10M', maxTaskRetryCount: 0 } }
  expect(tasksOf(ran)).toEqual([
    { ...task, job: 'image-pool-smoke-test-render-proof', id: 'node-0', affinityInfo: { affinityId: 'TVM:tvmps_render-proof_0' } },
    { ...task, job: 'image-pool-smoke-test-render-proof', id: 'node-1', affinityInfo: { affinityId: 'TVM:tvmps_render-proof_1' } },
  ])
  expect((await reportOf(ran)).pools[0].smokeTest).toMatchObject([{ result: 'passed' }, { result: 'passed' }])
  expect(jobsLeft(ran.azure)).toEqual([])
})

test('where it fails, the pool is not touched; exit code and end of output are reported', async () => {
  const ran = await run('happy', SMOKE, { pools: [old], tasks: [failing] })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)[0]).toMatch(/Smoke test failed.*exit code 3.*libOpenEXR.*No node of the pool itself was touched/s)
  expect(ran.summary).toContain('ended with exit code 3')
  expect(ran.summary).toContain('libOpenEXR.so.31')
  expect(ran.summary).toContain('self-test of 14 plugins')
  expect(ran.azure.pools.get('render').nodes).toHaveLength(10)
  expect(ran.azure.pools.all()).toHaveLength(1)
  expect(jobsLeft(ran.azure)).toEqual([])
})

test('where the account may have no more jobs, the pool is not touched either', async () => {
  // https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes
  const code = 'ActiveJobAndScheduleQuotaReached'
  const message = { lang: 'en-US', value: 'The maximum number of active jobs and job schedules for the account has been reached.' }
  const ran = await run('happy', SMOKE, { pools: [old] }, (azure) => {
    azure.intervene = ({ method, url }) =>
      method === 'POST' && /^\/jobs\?/.test(url) ? { kind: 'answer', status: 409, body: { code, message } } : undefined
  })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)[0]).toMatch(/Job quota reached.*No node of the pool itself was touched/s)
  expect(annotations(ran)[0]).not.toContain('canary-nodes: 0')
  expect(ran.azure.pools.get('render').nodes).toHaveLength(10)
  expect(ran.azure.pools.all()).toHaveLength(1)
})

test('where the node of the proof is gone by then, it is owed on the pool', async () => {
  const ran = await run('happy', SMOKE, { pools: [old] }, (azure) => {
    azure.intervene = ({ method, url }) =>
      method === 'GET' && /\/pools\/render-proof\/nodes\?.*(?:idle|running)/.test(url)
        ? { kind: 'answer', status: 200, body: { value: [] } }
        : undefined
  })
  expect(annotations(ran)).toEqual([])
  expect(ran.log).toContain('Pool render-proof has no node for the smoke test to run on')
  expect(tasksOf(ran).map(({ job }) => job)).toEqual(Array(3).fill('image-pool-smoke-test-render'))
})

test('what it writes cannot speak for the action', async () => {
  const stderr =
    '\u0000\u001b[31m\n::error::from the node\n```\n</details><script>alert(1)</script>\n##[error]from the node\r\n::set-output name=result::succeeded'
  const ran = await run('happy', SMOKE, { pools: [old], tasks: [{ ...failing, stderr, stdout: '\ufeff\u202eevil' }] })
  expect(ran.outputs.result).toBe('failed')
  expect(annotations(ran)).toHaveLength(1)
  expect(ran.log).not.toMatch(/^\s*::(?:set-output|error::from)|##\[error/m)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
  expect(ran.summary).not.toMatch(/[\u0000\u001b\u202e]/)
  expect(ran.summary).toMatch(/````+text\n[\s\S]*<script>alert\(1\)<\/script>/)
})

test.each([
  ['of a proof pool', { pools: [old] }, 'image-pool-smoke-test-render-proof'],
  ['of the pool itself', {}, 'image-pool-smoke-test-render'],
])('the job %s that Azure would not delete is deleted by the next run, though it tests nothing', async (_, changes, job) => {
  const azure = await azureOf({ ...scenario, ...changes })
  azure.intervene = ({ method, url }) =>
    method === 'DELETE' && /\/jobs\//.test(url)
      ? { kind: 'answer', status: 409, body: { code: 'OperationInvalidForCurrentState', message: { lang: 'en-US', value: 'not now' } } }
      : undefined
  const inputs = { ...scenario.inputs, ...SMOKE, 'image-version': '1.0.0' }
  const first = await again(azure, inputs)
  expect(annotations(first)).toEqual([])
  await again(azure, inputs, { state: first.state })
  azure.intervene = undefined
  expect(jobsLeft(azure)).toEqual([job])
  const second = await again(azure, inputs)
  expect(annotations(second)).toEqual([])
  expect(second.outputs.result).toBe('unchanged')
  expect(jobsLeft(azure)).toEqual([])
})

test('without a proof: on up to 3 nodes once the pool is up, before its jobs', async () => {
  const ran = await run('happy', SMOKE)
  expect(annotations(ran)).toEqual([])
  expect(tasksOf(ran)).toHaveLength(3)
  expect(requestsTo(ran.azure, 'POST', /\/jobs\?/)[0]?.liveRequest.body).toMatchObject({ priority: 1_000, poolInfo: { poolId: 'render' } })
  expect(JSON.stringify(ran.azure.pools.get('render').properties.metadata ?? [])).not.toMatch(/image-pool-(?:before|untested)/)
})

test('a new pool that fails it is left as it is, red, and red again until it passes', async () => {
  const azure = await azureOf({ ...scenario, tasks: [failing, { ...failing, index: 3 }] })
  for (const attempt of [1, 2]) {
    const ran = await again(azure, { ...scenario.inputs, ...SMOKE })
    expect(ran.exitCode, `attempt ${attempt}`).toBe(1)
    expect(annotations(ran)[0]).toContain('Smoke test failed')
    expect(azure.pools.get('render').nodes).toHaveLength(10)
  }
  const third = await again(azure, { ...scenario.inputs, ...SMOKE })
  expect(annotations(third)).toEqual([])
  expect(third.exitCode).toBe(0)
  const written = writes(azure).length
  const fourth = await again(azure, { ...scenario.inputs, ...SMOKE })
  expect(fourth.outputs.result).toBe('unchanged')
  expect(writes(azure)).toHaveLength(written)
})

test('in place without a proof: rolled back where it fails', async () => {
  const azure = await azureOf({ ...scenario, tasks: [failing], resizes: [] })
  expect(annotations(await again(azure, { ...scenario.inputs, 'image-version': '1.0.0' }))).toEqual([])
  const ran = await again(azure, { ...scenario.inputs, ...SMOKE, 'image-version': '1.1.0', rebuild: 'always', 'canary-nodes': '0' })
  expect(ran.outputs).toMatchObject({ result: 'rolled-back', 'current-dedicated-nodes': '10' })
  expect(annotations(ran)[0]).toContain('Smoke test failed')
})

test('blue-green: on the canary, before the old pool gives its jobs', async () => {
  const inputs = { ...SMOKE, strategy: 'blue-green', 'image-version': '1.0.0' }
  const ran = await run('happy', inputs, { pools: [old], jobs: [{ id: 'nightly', poolId: 'render' }], tasks: [failing] })
  expect(ran.outputs).toMatchObject({ result: 'rolled-back', 'pool-id': 'render' })
  expect(tasksOf(ran)).toHaveLength(1)
  expect(requestsTo(ran.azure, 'PATCH', /\/jobs\//)).toEqual([])
})

test('in a container pool it runs in its first image', async () => {
  const spec = `deploymentConfiguration:
  virtualMachineConfiguration:
    containerConfiguration: { type: DockerCompatible, containerImageNames: [farm/render:7] }`
  const ran = await run('happy', { ...SMOKE, 'pool-spec': spec })
  expect(annotations(ran)).toEqual([])
  expect(tasksOf(ran)[0]).toMatchObject({ containerSettings: { imageName: 'farm/render:7' } })
})

describe('its time', () => {
  test('once begun it has smoke-test-timeout: Batch ends it then', async () => {
    const ran = await run('happy', { ...SMOKE, 'smoke-test-timeout': '5m' }, { tasks: [{ index: 0, minutes: 60 }] })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/smoke test did not end in time.*smoke-test-timeout/s)
  })
})

describe('a run that ends early', () => {
  test.each([
    ['killed, with the post step', true],
    ['killed, without', false],
  ])('%s: the job goes, and the next run proves the image anew', async (_, hasPost) => {
    const azure = await azureOf({ ...scenario, pools: [old], tasks: [{ index: 0, minutes: 10 }] })
    const kill = new AbortController()
    azure.intervene = ({ method, url }) =>
      method === 'POST' && /\/tasks\?/.test(url) ? { kind: 'act', after: () => kill.abort() } : undefined
    const inputs = { ...scenario.inputs, ...SMOKE }
    const killed = await again(azure, inputs, { kill: kill.signal })
    azure.intervene = undefined
    expect(jobsLeft(azure)).toEqual(['image-pool-smoke-test-render-proof'])
    if (hasPost) {
      await again(azure, inputs, { state: killed.state })
      expect(jobsLeft(azure)).toEqual([])
      expect(azure.pools.all()).toHaveLength(1)
    }
    const ran = await again(azure, inputs)
    expect(annotations(ran)).toEqual([])
    expect(jobsLeft(azure)).toEqual([])
  })
})

test.each([
  ['a pool that nobody waits for', { wait: 'none' }, /`wait: none` leaves out/],
  [
    'a container pool without an image',
    { 'pool-spec': 'deploymentConfiguration: { virtualMachineConfiguration: { containerConfiguration: { type: DockerCompatible } } }' },
    /container pool render has no `containerImageNames`/,
  ],
])('is refused for %s', async (_, inputs, words) => {
  const ran = await run('happy', { ...SMOKE, ...inputs })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)[0]).toMatch(words)
})

testConformance()
