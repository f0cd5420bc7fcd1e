/** What happens to an existing pool on another image: every strategy, canaries, rollback, and other people's hands. */
import { expect, test } from 'vitest'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, type Ran, reportOf, requestsTo, resizes, run, testConformance } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const FIRST = { ...scenario.inputs, 'image-version': '1.0.0' }
const SECOND = { ...scenario.inputs, 'image-version': '1.1.0', rebuild: 'always' }

/** A pool of 10 nodes on version 1.0.0, made by the action itself. */
async function poolOnFirst(changes: Partial<Scenario> = {}, inputs: Readonly<Record<string, string>> = {}): Promise<EmbeddedAzure> {
  const azure = await azureOf({ ...scenario, ...changes })
  const first = await again(azure, { ...FIRST, ...inputs })
  expect(annotations(first)).toEqual([])
  return azure
}

const imageOf = (azure: EmbeddedAzure, pool: string): string =>
  azure.pools.get(pool).properties.deploymentConfiguration.virtualMachineConfiguration.imageReference.id
const isMarked = (azure: EmbeddedAzure, pool: string): boolean =>
  JSON.stringify(azure.pools.get(pool).properties).includes('image-pool-before')
const green = (ran: Ran): void => {
  expect(annotations(ran)).toEqual([])
  expect(ran.exitCode).toBe(0)
}

/** When a request of that kind was sent for the first time, by its place among all. */
const placeOf = ({ exchanges }: EmbeddedAzure, method: string, url: RegExp): number =>
  exchanges.findIndex(({ liveRequest }) => liveRequest.method === method && url.test(liveRequest.url))

test('in-place: proven on a node beside, then drained to 0 with the deallocation option, image patched, grown again; the pool keeps its name', async () => {
  const azure = await poolOnFirst()
  const ran = await again(azure, SECOND)
  green(ran)
  expect(ran.outputs).toMatchObject({
    result: 'succeeded',
    'pool-id': 'render',
    'pool-action': 'reimaged',
    'current-dedicated-nodes': '10',
  })
  expect(imageOf(azure, 'render')).toMatch(/versions\/1\.1\.0$/)
  const [drain, ...others] = resizes(azure)
  expect(others).toEqual([])
  expect(placeOf(azure, 'PUT', /\/pools\/render-proof\?/)).toBeGreaterThan(0)
  expect(placeOf(azure, 'DELETE', /\/pools\/render-proof\?/)).toBeLessThan(placeOf(azure, 'POST', /\/pools\/render\/resize\?/))
  expect(azure.pools.all().map(({ name }) => name)).toEqual(['render'])
  expect(ran.summary).toMatch(/Proof.*1 dedicated node healthy in `render-proof`; deleted/)
  expect((await reportOf(ran)).pools[0].proof).toMatchObject({ name: 'render-proof', result: 'healthy', target: { dedicated: 1 } })
  expect(isMarked(azure, 'render')).toBe(false)
  expect(drain?.liveRequest.body).toMatchObject({ targetDedicatedNodes: 0, nodeDeallocationOption: 'taskcompletion' })
})

test('in-place: tasks that outlast one resize are waited for, none is killed', async () => {
  const azure = await poolOnFirst()
  const pool = azure.pools.get('render')
  pool.tasksEndAtMs = azure.clock.now().getTime() + 60 * 60_000
  const ran = await again(azure, { ...SECOND, 'resize-timeout': '15m' })
  green(ran)
  const drains = resizes(azure).filter(
    ({ liveRequest }) => (liveRequest.body as { targetDedicatedNodes: number }).targetDedicatedNodes === 0,
  )
  expect(drains.length).toBeGreaterThan(1)
  for (const { liveRequest } of drains) expect(liveRequest.body).toMatchObject({ nodeDeallocationOption: 'taskcompletion' })
})

test('blue-green: new pool beside, jobs and schedules moved, old pool drained and deleted', async () => {
  const azure = await poolOnFirst({
    jobs: [
      { id: 'nightly', poolId: 'render' },
      { id: 'elsewhere', poolId: 'other' },
    ],
    jobSchedules: [{ id: 'hourly', poolId: 'render' }],
  })
  const ran = await again(azure, { ...SECOND, strategy: 'blue-green' })
  green(ran)
  expect(ran.outputs).toMatchObject({
    result: 'succeeded',
    'pool-id': 'render-1-1-0',
    'pool-action': 'blue-green',
    'current-dedicated-nodes': '10',
  })
  expect(azure.pools.all().map(({ name }) => name)).toEqual(['render-1-1-0'])
  const patched = requestsTo(azure, 'PATCH', /\/jobs\//)
  for (const { liveRequest } of patched) expect(liveRequest.url).toContain('/jobs/nightly?')
  expect(patched.map(({ liveRequest }) => liveRequest.body)).toContainEqual({ poolInfo: { poolId: 'render-1-1-0' } })
  expect(azure.pools.jobs.all).toEqual([
    expect.objectContaining({ id: 'nightly', poolId: 'render-1-1-0', state: 'active', metadata: [] }),
    expect.objectContaining({ id: 'elsewhere', poolId: 'other', state: 'active', metadata: [] }),
  ])
  expect(requestsTo(azure, 'POST', /\/jobs\/nightly\/(?:disable|enable)\?/)).toHaveLength(2)
  const [schedule] = requestsTo(azure, 'PATCH', /\/jobschedules\/hourly/)
  expect(schedule?.liveRequest.body).toMatchObject({ jobSpecification: { poolInfo: { poolId: 'render-1-1-0' }, displayName: 'hourly' } })
})

test('blue-green again: the pool of the last refresh is the one that is replaced; the same again changes nothing', async () => {
  const azure = await poolOnFirst()
  const inputs = { ...SECOND, strategy: 'blue-green' }
  green(await again(azure, inputs))
  const third = await again(azure, { ...inputs, 'image-version': '1.2.0' })
  green(third)
  expect(azure.pools.all().map(({ name }) => name)).toEqual(['render-1-2-0'])
  const fourth = await again(azure, { ...inputs, 'image-version': '1.2.0', rebuild: 'auto' })
  green(fourth)
  expect(fourth.outputs).toMatchObject({ result: 'unchanged', 'pool-id': 'render-1-2-0' })
})

test('replace: the pool is deleted and created again', async () => {
  const azure = await poolOnFirst()
  const ran = await again(azure, { ...SECOND, strategy: 'replace' })
  green(ran)
  expect(ran.outputs).toMatchObject({ 'pool-action': 'replaced', 'current-dedicated-nodes': '10' })
  expect(imageOf(azure, 'render')).toMatch(/versions\/1\.1\.0$/)
})

test('resize-only: the size changes, the image stays', async () => {
  const azure = await poolOnFirst()
  const ran = await again(azure, { ...SECOND, strategy: 'resize-only', 'target-dedicated-nodes': '12' })
  green(ran)
  expect(ran.outputs).toMatchObject({ 'pool-action': 'resized', 'current-dedicated-nodes': '12' })
  expect(imageOf(azure, 'render')).toMatch(/versions\/1\.0\.0$/)
})

test.each(['plan', 'apply'])('resize-only: what of the spec cannot be given to a pool with nodes is reported (mode: %s)', async (mode) => {
  const azure = await poolOnFirst()
  const spec = 'taskSlotsPerNode: 2\nstartTask: { commandLine: /opt/mount-data-disks }'
  const inputs = { ...FIRST, strategy: 'resize-only', 'vm-size': 'Standard_D8s_v5', 'pool-spec': spec, mode }
  const ran = await again(azure, inputs)
  green(ran)
  const told = /Pool render keeps its taskSlotsPerNode, vmSize: the requested change needs a pool without nodes/
  expect(ran.log).toMatch(told)
  expect((await reportOf(ran)).warnings).toContainEqual(expect.stringMatching(told))
  expect(azure.pools.get('render').properties).toMatchObject({ vmSize: 'STANDARD_D4S_V5' })
})

test('fail: red before anything is written', async () => {
  const azure = await poolOnFirst()
  const before = azure.exchanges.length
  const ran = await again(azure, { ...SECOND, strategy: 'fail' })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)[0]).toContain('strategy: fail')
  const sent = azure.exchanges.slice(before).filter(({ plane, liveRequest }) => plane === 'arm' && liveRequest.method !== 'GET')
  expect(sent).toEqual([])
})

test('fail: a pool on the image that is to be otherwise: red in the names of what differs', async () => {
  const azure = await poolOnFirst()
  const ran = await again(azure, { ...FIRST, strategy: 'fail', 'vm-size': 'Standard_D8s_v5' })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)[0]).toMatch(/Pool differs from the request.*is on the image, but differs from the request in vmSize/)
  expect(annotations(ran)[0]).not.toContain('it would be')
})

test('fail: a pool that is on the image already is welcome', async () => {
  const azure = await poolOnFirst()
  const ran = await again(azure, { ...FIRST, strategy: 'fail', 'target-dedicated-nodes': '12' })
  green(ran)
  expect(ran.outputs).toMatchObject({ 'pool-action': 'resized', 'current-dedicated-nodes': '12' })
})

test('a pool that shrinks does so by the deallocation requested option', async () => {
  const azure = await poolOnFirst()
  const ran = await again(azure, { ...FIRST, 'target-dedicated-nodes': '4', 'node-deallocation-option': 'requeue' })
  green(ran)
  expect(ran.outputs).toMatchObject({ 'pool-action': 'resized', 'current-dedicated-nodes': '4' })
  expect(resizes(azure)[0]?.liveRequest.body).toMatchObject({ targetDedicatedNodes: 4, nodeDeallocationOption: 'requeue' })
})

test('blue-green: a canary first; if it does not get healthy, no more are requested, and the old pool is not touched', async () => {
  const azure = await poolOnFirst({ nodes: [{ pool: 'render-1-1-0', index: 0, state: 'startTaskFailed', stderr: 'boom' }] })
  const ran = await again(azure, { ...SECOND, strategy: 'blue-green', 'on-failure': 'keep' })
  expect(ran.exitCode).toBe(1)
  expect(ran.outputs['current-dedicated-nodes']).toBe('1')
  expect(annotations(ran)[0]).toContain('boom')
  expect(azure.pools.get('render').nodes).toHaveLength(10)
})

test('blue-green: healthy canaries are followed by the rest', async () => {
  const azure = await poolOnFirst()
  const ran = await again(azure, { ...SECOND, strategy: 'blue-green', 'canary-nodes': '2' })
  green(ran)
  expect(ran.outputs['current-dedicated-nodes']).toBe('10')
  const [made] = requestsTo(azure, 'PUT', /\/pools\/render-1-1-0\?/)
  expect(made?.liveRequest.body).toMatchObject({ properties: { scaleSettings: { fixedScale: { targetDedicatedNodes: 2 } } } })
})

test('on-failure: rollback puts the previous image back on healthy nodes, and ends red', async () => {
  const azure = await poolOnFirst({
    nodes: Array.from({ length: 10 }, (_, index) => ({ index: index + 10, state: 'startTaskFailed' as const, stderr: 'boom' })),
  })
  const ran = await again(azure, { ...SECOND, 'on-failure': 'rollback' })
  expect(ran.exitCode).toBe(1)
  expect(ran.outputs).toMatchObject({ result: 'rolled-back', 'current-dedicated-nodes': '10' })
  expect(imageOf(azure, 'render')).toMatch(/versions\/1\.0\.0$/)
  expect(annotations(ran)[0]).toContain('boom')
  expect(ran.summary).toMatch(/rolled back/i)
})

test('blue-green with rollback: the old pool keeps its jobs and nodes, the new one goes', async () => {
  const azure = await poolOnFirst(
    {
      jobs: [{ id: 'nightly', poolId: 'render' }],
      nodes: Array.from({ length: 10 }, (_, index) => ({ index, state: 'startTaskFailed' as const, stderr: 'boom' })),
    },
    { wait: 'steady' },
  )
  const ran = await again(azure, { ...SECOND, strategy: 'blue-green', 'on-failure': 'rollback' })
  expect(ran.exitCode).toBe(1)
  expect(ran.outputs).toMatchObject({ result: 'rolled-back', 'pool-id': 'render', 'current-dedicated-nodes': '10' })
  expect(azure.pools.all().map(({ name }) => name)).toEqual(['render'])
  expect((await reportOf(ran)).accountPools.map(({ name }: { name: string }) => name)).toEqual(['render'])
  expect(requestsTo(azure, 'PATCH', /\/jobs\//)).toEqual([])
})

test('somebody resizes while this run waits: left alone, and reported', async () => {
  const azure = await poolOnFirst()
  const resizeAway = () => {
    const pool = azure.pools.get('render')
    pool.stop?.()
    azure.pools.resize(pool, { targetDedicatedNodes: 3, targetLowPriorityNodes: 0, resizeTimeout: 'PT15M' })
  }
  azure.intervene = ({ method, url }) =>
    method === 'POST' && /\/pools\/render\/resize\?/.test(url) ? { kind: 'act', after: resizeAway } : undefined
  const ran = await again(azure, { ...FIRST, 'target-dedicated-nodes': '12' })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)[0]).toMatch(/resized by someone else|Pool resized/i)
  expect(azure.pools.get('render').properties.scaleSettings.fixedScale.targetDedicatedNodes).toBe(3)
})

test('an autoscale pool gets the image, proven beside it; its size is left to the formula', async () => {
  const spec = `id: render
vmSize: Standard_D4s_v5
scaleSettings:
  autoScale: { formula: "$TargetDedicatedNodes = 6;", evaluationInterval: PT5M }`
  const inputs = { 'pool-spec': spec, 'pool-id': '', 'vm-size': '', 'target-dedicated-nodes': '', 'resize-timeout': '' }
  const azure = await poolOnFirst({}, inputs)
  const ran = await again(azure, { ...SECOND, ...inputs })
  green(ran)
  expect(requestsTo(azure, 'PUT', /\/pools\/render-proof\?/)).toHaveLength(1)
  expect(ran.outputs).toMatchObject({ 'pool-action': 'reimaged', 'current-dedicated-nodes': '6' })
  expect(azure.pools.get('render').properties.scaleSettings.autoScale.formula).toContain('= 6')
  expect(requestsTo(azure, 'POST', /disableAutoScale/i)).toHaveLength(1)
})

test('several pools side by side: one failing does not stop the others, and all are reported', async () => {
  const spec = `
- { id: one, vmSize: Standard_D4s_v5, scaleSettings: { fixedScale: { targetDedicatedNodes: 3 } } }
- { id: two, vmSize: Standard_D4s_v5, scaleSettings: { fixedScale: { targetDedicatedNodes: 4000 } } }
- { id: three, vmSize: Standard_D4s_v5, scaleSettings: { fixedScale: { targetDedicatedNodes: 5 } } }`
  const ran = await run(
    'happy',
    { 'pool-spec': spec, 'pool-id': '', 'vm-size': '', 'target-dedicated-nodes': '', 'resize-timeout': '' },
    {
      account: { name: 'renderbatch', dedicatedCoreQuota: 50_000, familyQuota: { standardDSv5Family: 50_000 } },
      resizes: [
        { pool: 'two', gain: 0, error: { code: 'AccountCoreQuotaReached', message: 'The specified account has reached core quota' } },
      ],
    },
  )
  expect(ran.exitCode).toBe(1)
  const pools = JSON.parse(ran.outputs.pools ?? '[]')
  expect(
    pools.map((pool: Record<string, unknown>) => [
      pool['pool-id'] ?? pool.poolId ?? pool.id,
      pool['current-dedicated-nodes'] ?? pool.currentDedicatedNodes,
    ]),
  ).toEqual([
    ['one', 3],
    ['two', 0],
    ['three', 5],
  ])
})

testConformance()
