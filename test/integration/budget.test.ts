/** What a run may cost, in counts that no machine changes: requests, and bytes that the runner loads. Seconds are for `npm run bench`. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import { isDiscovery, oldVersions, poolsOf } from '../fixtures/loads.ts'
import { again, annotations, azureOf, type Ran } from '../fixtures/whole-runs.ts'

const DIST = path.join(import.meta.dirname, '../../dist')

/** Time passes hardly faster than the machine works: how often Azure is asked follows from Azure's times alone. */
const SPEED = 2

const azure = (name: string, changes: Partial<Scenario> = {}) => azureOf({ ...loadScenario(name), ...changes }, SPEED)

/** How many requests a run sent, on a world that had seen `before`. */
async function requestsOf(running: Promise<Ran>, before = 0): Promise<number> {
  const ran = await running
  expect(annotations(ran)).toEqual([])
  expect(ran.exitCode).toBe(0)
  return ran.azure.exchanges.slice(before).filter(({ liveRequest }) => !isDiscovery(liveRequest.url)).length
}

describe('the reference trace', () => {
  const { inputs } = loadScenario('reference-trace')

  test('needs at most 75 requests to healthy nodes, and 15 where nothing has changed', async () => {
    const world = await azure('reference-trace')
    expect(await requestsOf(again(world, inputs))).toBeLessThanOrEqual(75)
    const unchanged = again(world, inputs)
    expect(await requestsOf(unchanged, world.exchanges.length)).toBeLessThanOrEqual(15)
    expect((await unchanged).outputs).toMatchObject({ result: 'unchanged', 'current-dedicated-nodes': '10' })
  })

  test('is planned with at most 20 requests: what an unchanged run reads, the gallery, VM sizes and permissions', async () => {
    expect(await requestsOf(again(await azure('reference-trace'), { ...inputs, mode: 'plan' }))).toBeLessThanOrEqual(20)
  })
})

describe('at scale', () => {
  const { account, inputs } = loadScenario('happy')
  const large = { account: { ...account, dedicatedCoreQuota: 1_000_000, poolQuota: 500 } }

  test('50 pools need at most 20 requests each', async () => {
    const world = await azure('happy', large)
    expect(await requestsOf(again(world, { ...inputs, ...poolsOf(50, 10) }))).toBeLessThanOrEqual(50 * 20)
  })

  test('pruning 100 versions needs at most 260 requests', async () => {
    const world = await azure('happy')
    const pruning = oldVersions(world, 100)
    expect(await requestsOf(again(world, pruning))).toBeLessThanOrEqual(260)
  })
})

describe('the bundle', () => {
  const files = readdirSync(DIST)
    .filter((name) => name.endsWith('.js'))
    .map((name) => path.join(DIST, name))
  const bytesOf = (some: readonly string[]) => some.reduce((sum, file) => sum + statSync(file).size, 0)

  test('has at most 2.1 MB in all', () => {
    expect(bytesOf(files)).toBeLessThanOrEqual(2_100_000)
  })

  test('a run that needs no Azure reads at most 0.85 MB of it', () => {
    expect(bytesOf(['index.js', 'post.js', 'main.js'].map((name) => path.join(DIST, name)))).toBeLessThanOrEqual(850_000)
  })

  test('what only runs with `comment: true` need is in no file that others read', () => {
    const isForComments = (file: string) => readFileSync(file, 'utf8').includes('/repos/{owner}/{repo}/issues/{issue_number}/comments')
    const forComments = files.filter(isForComments)
    expect(forComments.map((file) => path.basename(file))).not.toContain('main.js')
    expect(bytesOf(forComments)).toBeLessThanOrEqual(150_000)
  })
})
