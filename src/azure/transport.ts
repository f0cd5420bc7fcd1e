import { setTimeout as delay } from 'node:timers/promises'
import type { TokenCredential } from '@azure/core-auth'
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createPipelineFromOptions,
  type HttpHeaders,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
} from '@azure/core-rest-pipeline'
import { innermost } from '../errors/innermost.ts'
import { patientWithFreshResources } from './fresh-resources.ts'
import { withoutNullMembers } from './null-members.ts'
import { agents, type ProxyFor } from './proxy-agent.ts'

/** Receives a line for each request. */
export interface TransportLog {
  debug(message: string): void
}

/** What no request may outlive. */
export interface RunLimits {
  /** Aborted when the run ends early; requests sent after that (to stop what was begun) are not bound by it. */
  readonly signal: AbortSignal
  /** When the time of the run is over, in milliseconds since 1970. */
  readonly deadlineMs: number
}

/** Requests sent so far, for the report. */
export class RequestCounter {
  total = 0
  writes = 0
  retries = 0
}

export type TransportOptions = ReturnType<typeof transportOptions>

const REQUEST_TIMEOUT_MS = 60_000
/** A server may ask for more patience than a run has: https://github.com/Azure/azure-sdk-for-js/issues/39793 */
const LONGEST_RETRY_AFTER_MS = 300_000
/** `Retry-After: 0` of a throttled service would spend all tries at once. */
const SHORTEST_RETRY_AFTER_MS = 1_000
/** What a bare 429 is taken to ask for; the SDK would give up at once. */
const BARE_RETRY_AFTER_MS = 5_000
/** Left of a run's time for the last try. */
const LAST_TRY_MS = 10_000

/**
 * Network failures that the SDK's retry policy does not know, by the ones that it does. `PARSE_ERROR` is a body that broke off.
 * A host that cannot be reached stays one: the data plane tells private accounts by it.
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

/** What all requests of a run have in common. */
export interface TransportSettings {
  readonly log: TransportLog
  readonly counter: RequestCounter
  readonly userAgentPrefix: string
  readonly run: RunLimits
  readonly proxyFor: ProxyFor
}

/** Options for every Azure client of a run: one user agent, one retry policy, one way out, a timeout on each request, a redacted debug log. */
export function transportOptions({ log, counter, userAgentPrefix, run, proxyFor }: TransportSettings) {
  return {
    userAgentOptions: { userAgentPrefix },
    retryOptions: { maxRetries: 6, retryDelayInMs: 1_000, maxRetryDelayInMs: 30_000 },
    additionalPolicies: [
      { policy: endWithRun(run.signal), position: 'perCall' as const },
      { policy: route(proxyFor), position: 'perCall' as const },
      { policy: patientWithFreshResources(), position: 'perCall' as const },
      { policy: withoutNullMembers(), position: 'perRetry' as const },
      { policy: askAgain(), position: 'perRetry' as const },
      { policy: keepAsking(run), position: 'perRetry' as const },
      { policy: observe(log, counter), position: 'perRetry' as const },
    ],
  }
}

/** Sends requests as the SDK's clients do, for services that none of them speaks: the same policies in the same order. */
export function createSender(
  credential: TokenCredential,
  scope: string,
  { additionalPolicies, ...options }: TransportOptions,
  httpClient = createDefaultHttpClient(),
): (request: PipelineRequest) => Promise<PipelineResponse> {
  const pipeline = createPipelineFromOptions(options)
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: scope }), { beforePolicies: ['defaultRetryPolicy'] })
  for (const { policy, position } of additionalPolicies) {
    pipeline.addPolicy(policy, position === 'perCall' ? { beforePolicies: ['defaultRetryPolicy'] } : { afterPhase: 'Retry' })
  }
  return (request) => pipeline.sendRequest(httpClient, request)
}

const UNAUTHORIZED_DELAY_MS = 2_000

/** A front end that does not know a new token yet refuses it; the next one accepts it. Entra ID is sent no token, so its refusals are final. */
function askAgain(): PipelinePolicy {
  return {
    name: 'askAgainPolicy',
    async sendRequest(request, next) {
      const response = await next(request)
      if (response.status !== 401 || !request.headers.has('authorization')) return response
      await delay(UNAUTHORIZED_DELAY_MS, undefined, request.abortSignal ? { signal: request.abortSignal as AbortSignal } : {})
      return next(request)
    },
  }
}

/** A run that has ended waits for no request, whether or not its caller passed a signal. */
function endWithRun(signal: AbortSignal): PipelinePolicy {
  return {
    name: 'endWithRunPolicy',
    sendRequest(request, next) {
      if (!signal.aborted)
        request.abortSignal = request.abortSignal ? AbortSignal.any([request.abortSignal as AbortSignal, signal]) : signal
      return next(request)
    },
  }
}

/** The SDK reads proxy variables by rules of its own; here they are read once for all hosts, by those of GitHub's runner. */
function route(proxyFor: ProxyFor): PipelinePolicy {
  const agentOf = agents(proxyFor)
  return {
    name: 'routePolicy',
    sendRequest(request, next) {
      const agent = agentOf(request.url)
      if (agent) request.agent = agent
      else delete request.agent
      return next(request)
    },
  }
}

/** Gives each try its own timeout, and makes timeouts, bare 429s and DNS hiccups look like what the retry policy retries. */
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

/** However it was asked for, in seconds, within reason, and within what remains of the run. */
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

/** A body that ends early, or a page of something between here and Azure, is not an answer of Azure. */
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
  try {
    JSON.parse(bodyAsText)
  } catch {
    throw new RestError('the answer is cut off: its JSON does not end', { code: 'ECONNRESET', request })
  }
}

/** How filters between here and Azure refuse. https://www.iana.org/assignments/http-status-codes */
const BLOCKED = new Set([403, 407, 451, 511])
/** Headers of every answer of Azure, refusals included. https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling */
const IDS_OF_AZURE = ['x-ms-request-id', 'x-ms-correlation-request-id', 'request-id', 'x-azure-ref'] as const

function known(error: unknown, request: PipelineRequest): unknown {
  const code = error instanceof RestError && error.code ? KNOWN_CODES[error.code] : undefined
  return code ? new RestError((error as RestError).message, { code, request }) : error
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
        log.debug(`${line} → ${redactUrls(error instanceof Error ? error.message : String(error))}`)
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

const redactUrls = (text: string): string => text.replace(/https?:\/\/[^\s"'<>]+/g, (url) => (URL.canParse(url) ? redactUrl(url) : 'a URL'))
