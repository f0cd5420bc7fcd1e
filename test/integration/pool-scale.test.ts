/** Pools as large as Batch allows: followed to health with flat memory and a log that a person can read; and jobs that lose no task. */
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import { again, annotations, azureOf, type Ran, requestsTo, resizes, testConformance } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const LARGE: Scenario = { ...scenario, account: { ...scenario.account, dedicatedCoreQuota: 50_000, lowPriorityCoreQuota: 10_000 } }

const PEAK_MEMORY = path.join(import.meta.dirname, '../tools/peak-memory.cjs')

const MINUTE_MS = 60_000

async function measured(inputs: Readonly<Record<string, string>>, changes: Partial<Scenario> = {}): Promise<{ ran: Ran; peakKiB: number }> {
  const azure = await azureOf({ ...LARGE, ...changes })
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'peak-')), 'kib')
  const ran = await again(azure, { ...scenario.inputs, ...inputs }, { preload: PEAK_MEMORY, env: { PEAK_MEMORY_FILE: file } })
  return { ran, peakKiB: Number(await readFile(file, 'utf8')) }
}

const linesOf = ({ log }: Ran): number => log.split('\n').filter((line) => !/^::(?:debug|add-mask)/.test(line)).length

test('5,000 nodes from a gallery image: healthy, memory flat against 10 nodes, a readable log', async () => {
  const small = await measured({})
  const { ran, peakKiB } = await measured({ 'target-dedicated-nodes': '5000' })
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '5000', 'node-states': '{"idle":5000}' })
  expect(ran.summary).toContain('5,000 of 5,000 nodes')
  expect(linesOf(ran)).toBeLessThan(300)
  expect(peakKiB).toBeGreaterThan(0)
  expect(peakKiB).toBeLessThan(1.5 * small.peakKiB)
})

test('2,500 dedicated and 1,000 Spot nodes from a managed image, where the account takes one', async () => {
  const account = { ...LARGE.account, acceptsManagedImages: true }
  const inputs = { 'image-kind': 'managed', gallery: '', 'target-dedicated-nodes': '2500', 'target-low-priority-nodes': '1000' }
  const { ran } = await measured(inputs, { account })
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '2500', 'current-low-priority-nodes': '1000' })
  expect(JSON.parse(ran.outputs['node-states'] ?? '')).toEqual({ idle: 3500 })
  expect(ran.outputs['image-id']).toMatch(/\/providers\/Microsoft\.Compute\/images\/golden-/)
  expect(linesOf(ran)).toBeLessThan(300)
})

test('2,500 nodes that all fail: a bounded log and summary, every node counted', async () => {
  const nodes = Array.from({ length: 2_500 }, (_, index) => ({
    index,
    state: 'startTaskFailed' as const,
    stderr: `boom ${'x'.repeat(4_000)}`,
  }))
  const { ran } = await measured({ 'target-dedicated-nodes': '2500' }, { nodes })
  expect(ran.exitCode).toBe(1)
  expect(linesOf(ran)).toBeLessThan(300)
  expect(Buffer.byteLength(ran.summary)).toBeLessThan(200_000)
  expect(ran.summary).toContain('2,480 more unhealthy nodes')
  expect(JSON.parse(ran.outputs['node-states'] ?? '')).toEqual({ startTaskFailed: 2500 })
})

test('blue-green moves a running job without losing a task', async () => {
  const jobs = [{ id: 'nightly', poolId: 'render', tasks: { count: 40, minutes: 20 } }]
  const azure = await azureOf({ ...scenario, jobs })
  expect(annotations(await again(azure, { ...scenario.inputs, 'image-version': '1.0.0' }))).toEqual([])
  const job = azure.pools.jobs.all[0]
  const countOf = (state: string) => job?.tasks.filter((task) => task.state === state).length ?? 0
  azure.clock.skip(MINUTE_MS)
  expect(countOf('running')).toBe(10)

  const moved = await again(azure, { ...scenario.inputs, 'image-version': '1.1.0', strategy: 'blue-green' })
  expect(annotations(moved)).toEqual([])
  expect(moved.outputs).toMatchObject({ result: 'succeeded', 'pool-id': 'render-1-1-0' })
  expect(requestsTo(azure, 'POST', /\/jobs\/nightly\/disable\?/)[0]?.liveRequest.body).toEqual({ disableTasks: 'wait' })
  expect(job).toMatchObject({ state: 'active', poolId: 'render-1-1-0', metadata: [] })
  expect(countOf('completed')).toBeGreaterThanOrEqual(10)

  azure.clock.skip(180 * MINUTE_MS)
  expect(countOf('completed')).toBe(40)
  expect(job?.tasks.map(({ result, starts }) => ({ result, starts }))).toEqual(Array(40).fill({ result: 'success', starts: 1 }))
})

test('in-place lets running tasks end, and the others wait for the new nodes', async () => {
  const jobs = [{ id: 'nightly', poolId: 'render', tasks: { count: 20, minutes: 30 } }]
  const azure = await azureOf({ ...scenario, jobs })
  await again(azure, { ...scenario.inputs, 'image-version': '1.0.0' })
  const tasks = azure.pools.jobs.all[0]?.tasks ?? []
  azure.clock.skip(MINUTE_MS)
  expect(tasks.filter(({ state }) => state === 'running')).toHaveLength(10)
  const ran = await again(azure, { ...scenario.inputs, 'image-version': '1.1.0', 'resize-timeout': '15m' })
  expect(annotations(ran)).toEqual([])
  expect(ran.log).toMatch(
    /still waiting for 10 nodes of pool render to drain \(their tasks end first\), 10 dedicated nodes left; waiting for \d/,
  )
  expect(resizes(azure).length).toBeGreaterThan(0)
  azure.clock.skip(180 * MINUTE_MS)
  expect(tasks.filter(({ state }) => state === 'completed')).toHaveLength(20)
  expect(tasks.every(({ starts, result }) => starts === 1 && result === 'success')).toBe(true)
})

testConformance()
