import { Agent } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import type { TokenCredential } from '@azure/core-auth'
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createPipelineFromOptions,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline'
import { keepAsking, type RunLimits } from './answers.ts'
import { BegunAgent } from './begun-agent.ts'
import type { EarlyConnection } from './early-connection.ts'
import { patientWithFreshResources } from './fresh-resources.ts'
import { withoutNullMembers } from './null-members.ts'
import { agents, type ProxyFor } from './proxy-agent.ts'
import { observe, type RequestCounter, type TransportLog } from './request-log.ts'

export type TransportOptions = ReturnType<typeof transportOptions>

/** What all requests of a run have in common. */
export interface TransportSettings {
  readonly log: TransportLog
  readonly counter: RequestCounter
  readonly userAgentPrefix: string
  readonly run: RunLimits
  readonly proxyFor: ProxyFor
  readonly early?: EarlyConnection | undefined
}

/** Options for every Azure client of a run: one user agent, one retry policy, one way out, a timeout on each request, a redacted debug log. */
export function transportOptions({ log, counter, userAgentPrefix, run, proxyFor, early }: TransportSettings) {
  return {
    userAgentOptions: { userAgentPrefix },
    retryOptions: { maxRetries: 6, retryDelayInMs: 1_000, maxRetryDelayInMs: 30_000 },
    additionalPolicies: [
      { policy: endWithRun(run.signal), position: 'perCall' as const },
      { policy: route(proxyFor, early), position: 'perCall' as const },
      { policy: patientWithFreshResources(), position: 'perCall' as const },
      { policy: withoutNullMembers(), position: 'perRetry' as const },
      { policy: askAgain(), position: 'perRetry' as const },
      { policy: keepAsking(run), position: 'perRetry' as const },
      { policy: observe(log, counter), position: 'perRetry' as const },
    ],
  }
}

export type Sender = (request: PipelineRequest) => Promise<PipelineResponse>

/** Sends requests as the SDK's clients do, for services that none of them speaks: the same policies in the same order. */
export function createSender(
  credential: TokenCredential,
  scope: string,
  options: TransportOptions,
  httpClient = createDefaultHttpClient(),
): Sender {
  return senderOf(options, [bearerTokenAuthenticationPolicy({ credential, scopes: scope })], httpClient)
}

/** The same for services that are open to everybody: no token is sent. */
export const createOpenSender = (options: TransportOptions): Sender => senderOf(options, [], createDefaultHttpClient())

function senderOf(
  { additionalPolicies, ...options }: TransportOptions,
  authentication: readonly PipelinePolicy[],
  httpClient: ReturnType<typeof createDefaultHttpClient>,
): Sender {
  const pipeline = createPipelineFromOptions(options)
  for (const policy of authentication) pipeline.addPolicy(policy, { beforePolicies: ['defaultRetryPolicy'] })
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

/**
 * Connections to a host. Fifty pools that are read at once need no more, for Azure takes 25 requests a second; each costs memory.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
const MOST_CONNECTIONS = 16

/** The SDK reads proxy variables by rules of its own; here they are read once for all hosts, by those of GitHub's runner. */
function route(proxyFor: ProxyFor, early: EarlyConnection | undefined): PipelinePolicy {
  const agentOf = agents(proxyFor)
  const begun = early && new BegunAgent(early)
  const direct = new Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS })
  return {
    name: 'routePolicy',
    sendRequest(request, next) {
      const { protocol, host } = new URL(request.url)
      const agent = agentOf(request.url) ?? (host === early?.host ? begun : protocol === 'https:' ? direct : undefined)
      if (agent) request.agent = agent
      else delete request.agent
      return next(request)
    },
  }
}
