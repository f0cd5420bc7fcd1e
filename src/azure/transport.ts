import { type PipelinePolicy, type PipelineRequest, type PipelineResponse, RestError } from '@azure/core-rest-pipeline'

/** What the transport tells about its requests. */
export interface TransportLog {
  debug(message: string): void
}

/** Requests sent so far, for the report. */
export class RequestCounter {
  total = 0
  writes = 0
  retries = 0
}

const REQUEST_TIMEOUT_MS = 60_000
/** A server may ask for more patience than a run has: https://github.com/Azure/azure-sdk-for-js/issues/39793 */
const LONGEST_RETRY_AFTER_S = 300
/** What a bare 429 is taken to ask for; the SDK would give up at once. */
const BARE_RETRY_AFTER_S = 5
/** Network failures that the SDK's retry policy does not know. */
const TRANSIENT_CODES = new Set(['EAI_AGAIN', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_SOCKET', 'ERR_STREAM_PREMATURE_CLOSE'])

/** Options for every Azure client of a run: one user agent, one retry policy, a timeout on each request, a redacted debug log. */
export function transportOptions(log: TransportLog, counter: RequestCounter, userAgentPrefix: string) {
  return {
    userAgentOptions: { userAgentPrefix },
    retryOptions: { maxRetries: 6, retryDelayInMs: 1_000, maxRetryDelayInMs: 30_000 },
    additionalPolicies: [
      { policy: keepAsking(), position: 'perRetry' as const },
      { policy: observe(log, counter), position: 'perRetry' as const },
    ],
  }
}

/** Gives each try its own timeout, and makes timeouts, bare 429s and DNS hiccups look like what the retry policy retries. */
export function keepAsking(): PipelinePolicy {
  return {
    name: 'keepAskingPolicy',
    async sendRequest(request, next) {
      const caller = request.abortSignal
      const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
      request.abortSignal = caller ? AbortSignal.any([caller as AbortSignal, timeout]) : timeout
      try {
        const response = await next(request)
        refuseCutOffJson(request, response)
        mendRetryAfter(response)
        return response
      } catch (error) {
        throw transient(error, request, timeout.aborted && !caller?.aborted)
      } finally {
        if (caller) request.abortSignal = caller
        else delete request.abortSignal
      }
    },
  }
}

function mendRetryAfter({ headers, status }: PipelineResponse): void {
  const asked = Number(headers.get('retry-after'))
  if (asked > LONGEST_RETRY_AFTER_S) headers.set('retry-after', String(LONGEST_RETRY_AFTER_S))
  if (status === 429 && !headers.has('retry-after')) headers.set('retry-after', String(BARE_RETRY_AFTER_S))
}

/** A body that ends early is a lost answer, not an answer. */
function refuseCutOffJson(request: PipelineRequest, { headers, status, bodyAsText }: PipelineResponse): void {
  if (status >= 400 || !bodyAsText || !headers.get('content-type')?.includes('json')) return
  try {
    JSON.parse(bodyAsText)
  } catch {
    throw new RestError('the answer is cut off: its JSON does not end', { code: 'ECONNRESET', request })
  }
}

function transient(error: unknown, request: PipelineRequest, timedOut: boolean): unknown {
  if (timedOut) return new RestError(`no answer within ${REQUEST_TIMEOUT_MS / 1_000} s`, { code: 'ETIMEDOUT', request })
  if (error instanceof RestError && error.code && TRANSIENT_CODES.has(error.code)) {
    return new RestError(error.message, { code: 'ECONNRESET', request })
  }
  return error
}

const WRITES = new Set(['PUT', 'PATCH', 'POST', 'DELETE'])

function observe(log: TransportLog, counter: RequestCounter): PipelinePolicy {
  const seen = new WeakSet<PipelineRequest>()
  return {
    name: 'observePolicy',
    async sendRequest(request, next) {
      counter.total += 1
      if (seen.has(request)) counter.retries += 1
      else if (WRITES.has(request.method)) counter.writes += 1
      seen.add(request)
      const line = `${request.method} ${redactUrl(request.url)}`
      const startedAtMs = Date.now()
      try {
        const response = await next(request)
        log.debug(`${line} → ${response.status} in ${Date.now() - startedAtMs} ms${traceOf(response)}`)
        return response
      } catch (error) {
        log.debug(`${line} → ${error instanceof Error ? error.message : String(error)}`)
        throw error
      }
    },
  }
}

function traceOf({ headers }: PipelineResponse): string {
  const names = ['x-ms-request-id', 'x-ms-correlation-request-id', 'retry-after', 'x-ms-ratelimit-remaining-resource']
  return names.flatMap((name) => (headers.has(name) ? [` ${name}=${headers.get(name)}`] : [])).join('')
}

/** Operation URLs carry signatures; only the api-version is fit to print. */
export function redactUrl(url: string): string {
  const { origin, pathname, searchParams } = new URL(url)
  const version = searchParams.get('api-version')
  return `${origin}${pathname}${version ? `?api-version=${version}` : ''}`
}
