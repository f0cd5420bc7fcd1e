/** What a run makes of a pool that an earlier run, or a person, left otherwise than it is asked for by now. */
import { expect, test } from 'vitest'
import { loadScenario, type Scenario } from '../azure/scenario.ts'
import type { EmbeddedAzure } from '../azure/server.ts'
import { again, annotations, azureOf, testConformance } from './embedded.ts'

const scenario = loadScenario('happy')
const FIRST = { ...scenario.inputs, 'image-version': '1.0.0' }
const SECOND = { ...scenario.inputs, 'image-version': '1.1.0' }
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

testConformance()
