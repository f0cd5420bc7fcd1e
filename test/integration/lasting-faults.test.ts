/** Faults that do not go away once a run is under way: red, in words of their own, and no pool is lost to them. */
import { describe, expect, test } from 'vitest'
import type { Intervention, SeenRequest } from '../embedded-azure/intervention.ts'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, type Ran, testConformance } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const FIRST = { ...scenario.inputs, 'image-version': '1.0.0' }
const NEXT = { ...FIRST, 'image-version': '2.0.0', rebuild: 'always' }

const THROTTLED = 'The server rejected the request because too many requests have been received for this subscription.'
const throttled = ({ plane }: SeenRequest): Intervention => ({
  kind: 'answer',
  status: 429,
  headers: { 'retry-after': '60' },
  body:
    plane === 'arm'
      ? { error: { code: 'TooManyRequests', message: THROTTLED } }
      : { code: 'TooManyRequests', message: { lang: 'en-US', value: THROTTLED } },
})

const ENTRA_IS_BUSY: Intervention = {
  kind: 'answer',
  status: 503,
  body: { error: 'temporarily_unavailable', error_description: 'AADSTS90033: A transient error has occurred.' },
}

/** From the first request that `since` matches on, whatever `what` matches is answered so. */
function fromThenOn(azure: EmbeddedAzure, since: RegExp, what: RegExp, how: (request: SeenRequest) => Intervention): void {
  let hasBegun = false
  azure.intervene = (request) => {
    const text = `${request.plane} ${request.method} ${request.url}`
    const isCaught = hasBegun && what.test(text)
    hasBegun ||= since.test(text)
    return isCaught ? how(request) : undefined
  }
}

const targetOf = (azure: EmbeddedAzure): number => azure.pools.get('render').properties.scaleSettings.fixedScale.targetDedicatedNodes
const verdictOf = ({ summary }: Ran): string => summary.split('\n').find((line) => /^\S+ \*\*/.test(line)) ?? ''

async function withWorkingPool(): Promise<EmbeddedAzure> {
  const azure = await azureOf(scenario)
  expect(annotations(await again(azure, FIRST))).toEqual([])
  return azure
}

describe('a data plane that hangs once the run has begun', () => {
  const hang = (): Intervention => ({ kind: 'hang' })

  test('while nodes are to be looked at: red, health unknown', async () => {
    const azure = await azureOf(scenario)
    fromThenOn(azure, /arm PUT .*\/pools\/render\?/, /^batch/, hang)
    const ran = await again(azure, FIRST)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)).toHaveLength(1)
    expect(annotations(ran)[0]).toMatch(/title=Node health unknown::.*no answer within 60 s/)
    expect(verdictOf(ran)).toMatch(/\*\*Failed\*\*/)
    expect(JSON.parse(ran.outputs.pools ?? '')[0]['healthy-nodes']).toBeNull()
  })

  test.each<[string, RegExp]>([
    ['before the drain', /arm PUT .*\/versions\/2\.0\.0\?/],
    ['in the drain', /batch POST .*\/pools\/render\/resize\?/],
    ['once the image is set', /arm PATCH .*\/pools\/render\?.*/],
  ])('%s of a working pool: red, and the pool keeps its size', async (_, since) => {
    const azure = await withWorkingPool()
    fromThenOn(azure, since, /^batch/, hang)
    const ran = await again(azure, NEXT)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/no answer within 60 s/)
    expect(targetOf(azure)).toBe(10)
  })
})

test('a former size that could not be put back is put back by the post step', async () => {
  const azure = await withWorkingPool()
  fromThenOn(azure, /batch POST .*\/pools\/render\/resize\?/, /^batch|^arm PATCH/, () => ({ kind: 'hang' }))
  const ran = await again(azure, NEXT)
  expect(ran.exitCode).toBe(1)
  expect(ran.log).toContain('its former size could not be put back')
  expect(targetOf(azure)).toBe(0)
  azure.intervene = undefined
  const post = await again(azure, NEXT, { state: ran.state })
  expect(post.exitCode).toBe(0)
  expect(targetOf(azure)).toBe(10)
})

describe('throttling that lasts', () => {
  test.each<[string, RegExp, RegExp]>([
    ['a pool is read', /arm PUT .*\/pools\/render\?/, /^arm GET .*\/pools\/render\?/],
    ['a pool is made', /arm GET/, /^arm PUT .*\/pools\/render\?/],
    ['nodes are counted', /arm PUT .*\/pools\/render\?/, /^batch GET .*\/nodecounts/],
    ['nodes are listed', /arm PUT .*\/pools\/render\?/, /^batch GET .*\/nodes\?/],
  ])('where %s: red as throttling, not as a failed sign-in', async (_, since, what) => {
    const azure = await azureOf(scenario)
    fromThenOn(azure, since, what, throttled)
    const ran = await again(azure, FIRST)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)).toHaveLength(1)
    expect(annotations(ran)[0]).toMatch(/TooManyRequests|too many requests/i)
    expect(annotations(ran)[0]).not.toMatch(/sign-in failed/i)
  })

  test('is not hidden by a token that cannot be renewed meanwhile', async () => {
    const azure = await azureOf(scenario)
    let reads = 0
    fromThenOn(azure, /arm PUT .*\/pools\/render\?/, /^arm GET .*\/pools\/render\?|^entra/, (request) => {
      if (request.plane === 'entra') return reads > 0 ? ENTRA_IS_BUSY : { kind: 'act' }
      reads += 1
      return reads === 1 ? { kind: 'act' } : throttled(request)
    })
    // As short as this, a new token is requested beside each request while the last one still serves.
    azure.entra.expiresInS = 100
    const ran = await again(azure, FIRST)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)).toHaveLength(1)
    expect(annotations(ran)[0]).toMatch(/TooManyRequests/)
    expect(verdictOf(ran)).toMatch(/\*\*Failed\*\*/)
  })

  test('of Entra ID, once a token is to be renewed, is said in its own words', async () => {
    const azure = await azureOf({ ...scenario, resizes: [{ gain: 4 }, { gain: 10 }] })
    fromThenOn(azure, /arm PUT .*\/pools\/render\?/, /^entra/, () => ENTRA_IS_BUSY)
    azure.entra.expiresInS = 600
    const ran = await again(azure, FIRST)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)).toEqual([
      expect.stringMatching(/title=Azure sign-in failed::AADSTS90033: A transient error has occurred\.%0A/),
    ])
    expect(verdictOf(ran)).toMatch(/\*\*Failed\*\*/)
  })
})

testConformance()
