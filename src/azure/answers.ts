/** What counts as an answer, and which failures the SDK's retry policy should try again. */
import { type HttpHeaders, type PipelinePolicy, type PipelineRequest, type PipelineResponse, RestError } from '@azure/core-rest-pipeline'
import { innermost } from '../errors/innermost.ts'

/** The limits that the run sets to every request. */
export interface RunLimits {
  /** Aborted when the run ends early; requests sent after that (to stop what was begun) are not bound by it. */
  readonly signal: AbortSignal
  /** When the time of the run is over, in milliseconds since 1970. */
  readonly deadlineMs: number
}

const REQUEST_TIMEOUT_MS = 60_000
/** A server may ask for more patience than a run has: https://github.com/Azure/azure-sdk-for-js/issues/39793 */
const LONGEST_RETRY_AFTER_MS = 300_000
/** `Retry-After: 0` of a throttled service would spend all tries at once. */
const SHORTEST_RETRY_AFTER_MS = 1_000
/** The wait after a 429 without `Retry-After`, after which the SDK would give up at once. */
const BARE_RETRY_AFTER_MS = 5_000
/** The part of the run's time that is kept for the last attempt. */
const LAST_TRY_MS = 10_000

/**
 * Network failures that the SDK's retry policy does not know, by the ones that it does. `PARSE_ERROR` is a body that broke off.
 * A host that cannot be reached keeps its code: by it the data plane recognizes private accounts.
 */
const KNOWN_CODES: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'ENOTFOUND',
  EHOSTUNREACH: 'ECONNREFUSED',
  ENETUNREACH: 'ECONNREFUSED',
  EPIPE: 'ECONNRESET',
  UND_ERR_SOCKET: 'ECONNRESET',
  ERR_STREAM_PREMATURE_CLOSE: 'ECONNRESET',
  [RestError.PARSE_ERROR]: 'ECONNRESET',
}

/** Gives each attempt its own timeout, and makes timeouts, bare 429s and DNS failures look like what the retry policy retries. */
export function keepAsking({ deadlineMs }: Pick<RunLimits, 'deadlineMs'>, timeoutMs = REQUEST_TIMEOUT_MS): PipelinePolicy {
  return {
    name: 'keepAskingPolicy',
    async sendRequest(request, next) {
      const caller = request.abortSignal
      const timeout = AbortSignal.timeout(timeoutMs)
      request.abortSignal = caller ? AbortSignal.any([caller as AbortSignal, timeout]) : timeout
      try {
        const response = await next(request)
        refuseWhatIsNoAnswer(request, response)
        mendRetryAfter(response, deadlineMs)
        return response
      } catch (error) {
        if (timeout.aborted && !caller?.aborted) {
          throw new RestError(`no answer within ${timeoutMs / 1_000} s`, { code: 'ETIMEDOUT', request })
        }
        throw known(error, request)
      } finally {
        if (caller) request.abortSignal = caller
        else delete request.abortSignal
      }
    },
  }
}

/** Rewrites `Retry-After`, in whatever form it is, to seconds that are reasonable and within the remaining time of the run. */
function mendRetryAfter({ headers, status }: PipelineResponse, deadlineMs: number): void {
  const asked = retryAfterMs(headers) ?? (status === 429 ? BARE_RETRY_AFTER_MS : undefined)
  if (asked === undefined) return
  const shortest = status === 429 || status === 503 ? SHORTEST_RETRY_AFTER_MS : 0
  const left = Math.max(0, deadlineMs - Date.now() - LAST_TRY_MS)
  for (const name of IN_MILLISECONDS) headers.delete(name)
  headers.set('retry-after', String(Math.min(Math.max(asked, shortest), LONGEST_RETRY_AFTER_MS, left) / 1_000))
}

const IN_MILLISECONDS = ['retry-after-ms', 'x-ms-retry-after-ms'] as const

/** A number, or a date by the server's own clock. https://www.rfc-editor.org/rfc/rfc9110#name-retry-after */
function retryAfterMs(headers: HttpHeaders): number | undefined {
  for (const name of IN_MILLISECONDS) {
    const ms = Number(headers.get(name) ?? Number.NaN)
    if (ms >= 0) return ms
  }
  const text = headers.get('retry-after')
  if (!text) return undefined
  const seconds = Number(text)
  if (!Number.isNaN(seconds)) return seconds >= 0 ? seconds * 1_000 : undefined
  const now = Date.parse(headers.get('date') ?? '')
  const ms = Date.parse(text) - (Number.isNaN(now) ? Date.now() : now)
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/** A truncated body, or a page from something between the runner and Azure, is not an answer from Azure. */
function refuseWhatIsNoAnswer(request: PipelineRequest, { headers, status, bodyAsText }: PipelineResponse): void {
  if (!bodyAsText) return
  const type = headers.get('content-type') ?? ''
  const isPage = type.includes('text/html')
  if (isPage && BLOCKED.has(status) && !IDS_OF_AZURE.some((name) => headers.has(name))) {
    throw new RestError(`the answer is ${innermost(bodyAsText).message}, with status ${status}`, { code: 'INTERCEPTED', request })
  }
  if (status >= 400) return
  if (isPage) throw new RestError(`an HTML page was sent in place of Azure's answer`, { code: 'ECONNRESET', request })
  if (!type.includes('json')) return
  let body: unknown
  try {
    body = JSON.parse(bodyAsText)
  } catch {
    throw new RestError('the answer is cut off: its JSON does not end', { code: 'ECONNRESET', request })
  }
  if (request.method === 'GET' && isEmptyResource(body))
    throw new RestError('the answer names a resource and says nothing about it: it has no properties', { code: 'ECONNRESET', request })
}

/** Every resource of Batch and Compute has properties. https://learn.microsoft.com/rest/api/resources/resources/get-by-id */
function isEmptyResource(body: unknown): boolean {
  const { id, type, properties } = (body ?? {}) as Readonly<Record<string, unknown>>
  return typeof id === 'string' && typeof type === 'string' && type.includes('/') && properties === undefined
}

/** The statuses with which filters between the runner and Azure refuse. https://www.iana.org/assignments/http-status-codes */
const BLOCKED = new Set([403, 407, 451, 511])
/**
 * Headers of every answer of Azure, refusals included.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
const IDS_OF_AZURE = ['x-ms-request-id', 'x-ms-correlation-request-id', 'request-id', 'x-azure-ref'] as const

function known(error: unknown, request: PipelineRequest): unknown {
  const code = error instanceof RestError && error.code ? KNOWN_CODES[error.code] : undefined
  return code ? new RestError((error as RestError).message, { code, request }) : error
}
