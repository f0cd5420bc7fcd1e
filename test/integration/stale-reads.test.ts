/** Azure answers from several places, and not all of them have heard of the last change: a reading may be older than the one before it. */
import { expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, testConformance } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const FIRST = { ...scenario.inputs, 'image-version': '1.0.0' }
const SECOND = { ...scenario.inputs, 'image-version': '1.1.0' }
const LATE_MS = 30_000

/** For half a minute after a pool has changed, every second reading of it shows what it was before. */
function answersLate(azure: EmbeddedAzure): () => number {
  let readings = 0
  let late = 0
  azure.intervene = ({ plane, method, url }) => {
    const name = /\/pools\/([^/?]+)\?/.exec(url)?.[1]
    if (plane !== 'arm' || method !== 'GET' || !name) return undefined
    readings += 1
    const nowMs = azure.clock.now().getTime()
    const pool = azure.pools.find(name)
    if (!pool) return undefined
    const before = azure.exchanges.findLast(
      ({ plane: of, liveRequest, liveResponse }) =>
        of === 'arm' &&
        liveRequest.method === 'GET' &&
        liveRequest.url.includes(`/pools/${name}?`) &&
        liveResponse.statusCode === '200' &&
        (liveResponse.body as { readonly etag: string }).etag !== pool.etag,
    )
    const changedMs = Math.max(Date.parse(pool.properties.lastModified), Date.parse(pool.properties.allocationStateTransitionTime))
    if (readings % 2 === 0 || !before || nowMs - changedMs > LATE_MS) return undefined
    late += 1
    const body = before.liveResponse.body as { readonly etag: string }
    return { kind: 'answer', status: 200, headers: { etag: body.etag }, body }
  }
  return () => late
}

test.each<[string, Readonly<Record<string, string>>, number]>([
  ['in place', SECOND, 10],
  ['replace', { ...SECOND, strategy: 'replace' }, 10],
  ['blue-green', { ...SECOND, strategy: 'blue-green' }, 10],
  ['a resize', { ...FIRST, 'target-dedicated-nodes': '14' }, 14],
])('%s ends as ever', async (_, inputs, nodes) => {
  const azure = await azureOf(scenario)
  await again(azure, FIRST)
  const late = answersLate(azure)
  const ran = await again(azure, inputs)
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': String(nodes) })
  expect(late()).toBeGreaterThan(0)
  expect(azure.pools.all().map(({ nodes: { length } }) => length)).toEqual([nodes])
})

testConformance()
