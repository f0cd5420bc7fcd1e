/** What a run may cost, in counts that no machine changes: requests, and bytes that the runner loads. Seconds are for `npm run bench`. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { annotations, run } from '../fixtures/whole-runs.ts'

const DIST = path.join(import.meta.dirname, '../../dist')

test('the reference trace is followed to healthy nodes with at most 90 requests', async () => {
  const ran = await run('reference-trace')
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '10' })
  expect(ran.azure.exchanges.length).toBeLessThanOrEqual(90)
})

test('with ten pools, requests per pool do not grow', async () => {
  const pool = (index: number) => ({
    id: `render-${index}`,
    vmSize: 'Standard_D2s_v5',
    scaleSettings: { fixedScale: { targetDedicatedNodes: 2, resizeTimeout: 'PT30M' } },
  })
  const poolsOf = (count: number) => ({
    'pool-id': '',
    'vm-size': '',
    'target-dedicated-nodes': '',
    'resize-timeout': '',
    'pool-spec': JSON.stringify(Array.from({ length: count }, (_, index) => pool(index))),
  })
  const [one, ten] = [await run('happy', poolsOf(1)), await run('happy', poolsOf(10))]
  expect(annotations(ten)).toEqual([])
  expect(ten.azure.exchanges.length / 10).toBeLessThan(one.azure.exchanges.length)
})

test('the bundle has at most 2.1 MB, and 150 kB that only runs with `comment: true` load', () => {
  const files = readdirSync(DIST)
    .filter((name) => name.endsWith('.js'))
    .map((name) => path.join(DIST, name))
  const isForComments = (file: string) => readFileSync(file, 'utf8').includes('/repos/{owner}/{repo}/issues/{issue_number}/comments')
  const bytesOf = (some: readonly string[]) => some.reduce((sum, file) => sum + statSync(file).size, 0)
  const forComments = files.filter(isForComments)
  expect(forComments.map((file) => path.basename(file))).not.toContain('main.js')
  expect(bytesOf(forComments)).toBeLessThanOrEqual(150_000)
  expect(bytesOf(files) - bytesOf(forComments)).toBeLessThanOrEqual(2_100_000)
})
