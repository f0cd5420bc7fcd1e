/** Tokens of long runs, and of token endpoints in trouble, through the bundle. */
import { afterEach, describe, expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { assertions, closing, isToken, plan, tokens, told } from '../fixtures/sign-ins.ts'
import { again, annotations, azureOf } from '../fixtures/whole-runs.ts'

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

describe('a token endpoint in trouble', () => {
  test.each([429, 503])('%i for a while: asked again, by a new credential', async (status) => {
    let refused = 0
    const ran = await plan({}, {}, (azure) => {
      azure.intervene = (request) => {
        if (!isToken(request) || refused >= 8) return undefined
        refused += 1
        return { kind: 'answer', status, body: { error: 'temporarily_unavailable', error_description: 'AADSTS90033: A transient error.' } }
      }
    })
    expect(ran.exitCode).toBe(0)
    expect(refused).toBe(8)
  })

  test('permanently: reported as such', async () => {
    const ran = await plan({}, {}, (azure) => {
      azure.intervene = (request) =>
        isToken(request)
          ? {
              kind: 'answer',
              status: 503,
              body: { error: 'temporarily_unavailable', error_description: 'AADSTS90033: A transient error.' },
            }
          : undefined
    })
    expect(ran.exitCode).toBe(1)
    expect(told(ran)).toContain('::AADSTS90033: A transient error.')
    expect(told(ran)).toContain('busy for longer')
  })

  test.each(['reset', 'cut', 'hang'] as const)('GitHub in trouble while a token is renewed (%s): asked again', async (kind) => {
    let disturbed = 0
    const ran = await plan({}, { env: { EMBEDDED_AZURE_SHORTEST_TIMEOUT_MS: '1000' } }, (azure) => {
      azure.intervene = ({ plane }) => {
        // The early one is asked for again in any case; the next is nobody's but the credential's.
        if (plane !== 'github' || ++disturbed > 2) return undefined
        return { kind }
      }
    })
    expect(annotations(ran)).toEqual([])
    expect(ran.exitCode).toBe(0)
    expect(disturbed).toBeGreaterThan(2)
  })

  test('an assertion that has become too old is requested again', async () => {
    let refused = 0
    const ran = await plan({}, {}, (azure) => {
      azure.intervene = (request) => {
        if (!isToken(request) || refused >= 1) return undefined
        refused += 1
        return {
          kind: 'answer',
          status: 401,
          body: { error: 'invalid_client', error_description: 'AADSTS700024: Client assertion is not within its valid time range.' },
        }
      }
    })
    expect(ran.exitCode).toBe(0)
    expect(assertions(ran).length).toBeGreaterThan(1)
  })
})

describe('tokens', () => {
  test('one request a scope, however many ask at once', async () => {
    const ran = await plan()
    expect(ran.exitCode).toBe(0)
    const scopes = tokens(ran).map(({ liveRequest }) => liveRequest.url)
    expect(scopes).toHaveLength(2)
  })

  test('a run of five hours renews them, each with a fresh assertion', async () => {
    // Each of the first two resizes lasts until its timeout.
    const scenario = { ...loadScenario('happy'), resizes: [{ gain: 4 }, { gain: 4 }, { gain: 10 }] }
    const azure = await azureOf(scenario)
    const startedAtMs = azure.clock.now().getTime()
    const ran = await again(azure, { ...scenario.inputs, 'resize-timeout': '150m' })
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '10' })
    expect(azure.clock.now().getTime() - startedAtMs).toBeGreaterThan(300 * 60_000)
    // A token lives 75 minutes: four renewals at least, for ARM and for Batch.
    expect(tokens(ran).length).toBeGreaterThanOrEqual(8)
    expect(assertions(ran).length).toBeGreaterThanOrEqual(4)
    expect(azure.exchanges.filter(({ liveResponse }) => liveResponse.statusCode === '401')).toEqual([])
  })
})
