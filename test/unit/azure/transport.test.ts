/** What every request to Azure may rely on, whichever client sends it. */
import { BatchManagementClient } from '@azure/arm-batch'
import { ComputeManagementClient } from '@azure/arm-compute'
import type { TokenCredential } from '@azure/core-auth'
import { createHttpHeaders, createPipelineRequest, type PipelineRequest, type PipelineResponse, RestError } from '@azure/core-rest-pipeline'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RequestCounter } from '../../../src/azure/request-log.ts'
import { createSender, type TransportOptions, transportOptions } from '../../../src/azure/transport.ts'

const URL_ASKED = 'https://management.azure.com/subscriptions/s?api-version=2025-01-01&t=639&s=signature&sig=secret'
const NOON = Date.parse('2026-11-24T12:00:00Z')
const credential: TokenCredential = { getToken: async () => ({ token: 'access-token', expiresOnTimestamp: NOON + 3_600_000 }) }

type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } | Error

/** Gives these answers, the last one for ever. */
function azureThat(...answers: readonly Answer[]) {
  const seen: PipelineRequest[] = []
  return {
    seen,
    sendRequest: async (request: PipelineRequest): Promise<PipelineResponse> => {
      const answer = answers[Math.min(seen.length, answers.length - 1)] ?? { status: 200 }
      seen.push(request)
      if (answer instanceof Error) throw answer
      return { request, status: answer.status, headers: createHttpHeaders(answer.headers), bodyAsText: answer.body ?? '' }
    },
  }
}

type Http = ReturnType<typeof azureThat>
const SENDERS: Readonly<
  Record<string, (options: TransportOptions, http: Http) => (request: PipelineRequest) => Promise<PipelineResponse>>
> = {
  'this action': (options, http) => createSender(credential, 'https://management.azure.com/.default', options, http),
  'arm-batch': (options, httpClient) => {
    const client = new BatchManagementClient(credential, 's', { ...options, httpClient })
    return (request) => client.sendRequest(request)
  },
  'arm-compute': (options, httpClient) => {
    const client = new ComputeManagementClient(credential, 's', { ...options, httpClient })
    return (request) => client.pipeline.sendRequest(httpClient, request)
  },
}

const failure = (code: string): RestError => new RestError('it broke', { code })

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: NOON })
})

afterEach(() => {
  vi.useRealTimers()
})

/** The end of a promise, and how long it took in the clock's time. */
async function settled<T>(promise: Promise<T>): Promise<{ readonly value?: T; readonly error?: unknown; readonly seconds: number }> {
  const startedAtMs = Date.now()
  let end: { readonly value?: T; readonly error?: unknown } | undefined
  promise.then(
    (value) => {
      end = { value }
    },
    (error: unknown) => {
      end = { error }
    },
  )
  while (!end) await vi.advanceTimersByTimeAsync(100)
  return { ...end, seconds: (Date.now() - startedAtMs) / 1_000 }
}

describe.each(Object.entries(SENDERS))('a request of %s', (_, senderOf) => {
  const setUp = (answers: readonly Answer[], deadlineMs = NOON + 7_200_000) => {
    const http = azureThat(...answers)
    const counter = new RequestCounter()
    const lines: string[] = []
    const controller = new AbortController()
    const options = transportOptions({
      log: { debug: (line) => lines.push(line) },
      counter,
      userAgentPrefix: 'azure-batch-image-pool/9.9.9',
      run: { signal: controller.signal, deadlineMs },
      proxyFor: () => undefined,
    })
    const send = senderOf(options, http)
    return {
      http,
      counter,
      lines,
      controller,
      ask: (method: 'GET' | 'PUT' = 'GET') => send(createPipelineRequest({ url: URL_ASKED, method })),
    }
  }

  test.each<[string, Answer, number, number]>([
    ['a 429 with seconds', { status: 429, headers: { 'retry-after': '17' } }, 17, 18],
    ['a 503 with seconds', { status: 503, headers: { 'retry-after': '17' } }, 17, 18],
    ['a 429 with milliseconds', { status: 429, headers: { 'x-ms-retry-after-ms': '2500' } }, 2.5, 3],
    ['a 429 with a date', { status: 429, headers: { 'retry-after': 'Tue, 24 Nov 2026 12:00:30 GMT' } }, 30, 31],
    [
      "a 429 with a date by the server's own clock",
      { status: 429, headers: { date: 'Tue, 24 Nov 2026 15:00:00 GMT', 'retry-after': 'Tue, 24 Nov 2026 15:00:20 GMT' } },
      20,
      21,
    ],
    ['a bare 429', { status: 429 }, 5, 6],
    ['a 429 with nonsense', { status: 429, headers: { 'retry-after': 'soon' } }, 5, 6],
    ['a 429 that says at once', { status: 429, headers: { 'retry-after': '0' } }, 1, 2],
    ['a 429 that asks for a year', { status: 429, headers: { 'retry-after': '31536000' } }, 300, 301],
    ['a bare 503', { status: 503 }, 0.1, 2],
    ['a 500', { status: 500 }, 0.1, 2],
    ['a 502 page', { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>' }, 0.1, 2],
    ['a 408', { status: 408 }, 0.1, 2],
    ...['ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'PARSE_ERROR'].map(
      (code): [string, Answer, number, number] => [code, failure(code), 0.1, 2],
    ),
    ['JSON that does not end', { status: 200, headers: { 'content-type': 'application/json' }, body: '{"value": [1,' }, 0.1, 2],
    ['a page of a proxy', { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<html></html>' }, 0.1, 2],
  ])('is sent again after %s', async (_name, first, atLeast, atMost) => {
    const { http, counter, ask } = setUp([first, { status: 200 }])
    const { value, seconds } = await settled(ask('PUT'))
    expect(value?.status).toBe(200)
    expect(http.seen).toHaveLength(2)
    expect(seconds).toBeGreaterThanOrEqual(atLeast)
    expect(seconds).toBeLessThan(atMost)
    expect(counter).toMatchObject({ total: 2, writes: 1, retries: 1 })
  })

  test.each([400, 403, 404, 409, 412])('is not sent again after a %i', async (status) => {
    const { http, ask } = setUp([{ status, body: '{"error":{"code":"No"}}' }])
    const { value } = await settled(ask())
    expect(value).toMatchObject({ status, bodyAsText: '{"error":{"code":"No"}}' })
    expect(http.seen).toHaveLength(1)
  })

  test('is sent seven times at most; the last answer is kept', async () => {
    const { http, ask } = setUp([{ status: 503, headers: { 'content-type': 'text/html' }, body: 'busy' }])
    const { value } = await settled(ask())
    expect(value).toMatchObject({ status: 503, bodyAsText: 'busy' })
    expect(http.seen).toHaveLength(7)
  })

  test('waits no longer than what remains of the run', async () => {
    const { ask } = setUp([{ status: 429, headers: { 'retry-after': '200' } }, { status: 200 }], NOON + 60_000)
    const { value, seconds } = await settled(ask())
    expect(value?.status).toBe(200)
    expect(seconds).toBeLessThan(60)
    expect(seconds).toBeGreaterThan(40)
  })

  test.each(['GET', 'PUT'] as const)('a %s ends with the run, though its caller gave no signal', async (method) => {
    const { http, controller, ask } = setUp([{ status: 503, headers: { 'retry-after': '200' } }])
    const pending = settled(ask(method))
    await vi.advanceTimersByTimeAsync(1_000)
    controller.abort(new Error('cancelled'))
    const { error, seconds } = await pending
    expect(error).toMatchObject({ name: 'AbortError' })
    expect(seconds).toBeLessThan(3)
    expect(http.seen).toHaveLength(1)
  })

  test('is still sent after the end of the run, to stop what was begun', async () => {
    const { controller, ask } = setUp([{ status: 200 }])
    controller.abort(new Error('cancelled'))
    expect((await settled(ask('PUT'))).value?.status).toBe(200)
  })

  test('asks again where a resource comes without its properties', async () => {
    const body = '{"id":"/subscriptions/s/…/batchAccounts/b","name":"b","type":"Microsoft.Batch/batchAccounts","location":"westeurope"}'
    const { http, ask } = setUp([{ status: 200, headers: { 'content-type': 'application/json' }, body }, { status: 200 }])
    await settled(ask('GET'))
    expect(http.seen).toHaveLength(2)
  })

  test('says who sends it', async () => {
    const { http, ask } = setUp([{ status: 200 }])
    await settled(ask())
    expect(http.seen[0]?.headers.get('user-agent')).toMatch(/^azure-batch-image-pool\/9\.9\.9 /)
    expect(http.seen[0]?.headers.get('authorization')).toBe('Bearer access-token')
  })

  test('opens sixteen connections to a host at most', async () => {
    const { http, ask } = setUp([{ status: 200 }])
    await settled(ask())
    expect(http.seen[0]?.agent).toMatchObject({ maxSockets: 16 })
  })

  test('leaves a line in the debug log: trace ids, no signature, no token, no body', async () => {
    const headers = { 'x-ms-request-id': 'r-1', 'x-ms-correlation-request-id': 'c-1', 'content-type': 'application/json' }
    const { lines, ask } = setUp([
      new RestError(`Cannot connect to ${URL_ASKED}`, { code: 'ECONNRESET' }),
      { status: 200, headers, body: '{"password":"hunter2"}' },
    ])
    await settled(ask())
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain('Cannot connect to https://management.azure.com/subscriptions/s')
    expect(lines[1]).toMatch(/^GET https:\/\/management\.azure\.com\/subscriptions\/s\?api-version=2025-01-01 → 200 in \d+ ms .*r-1.*c-1/)
    for (const secret of ['signature', 'sig=', 'secret', 'access-token', 'hunter2']) expect(lines.join('\n')).not.toContain(secret)
  })
})
