/** Why no token came, and whether another try may help. */
import type { PipelinePolicy, PipelineResponse } from '@azure/core-rest-pipeline'
import { ActionError } from '../errors/explanation.ts'
import { innermost } from '../errors/innermost.ts'
import { entraSentence, signInWords } from '../errors/sign-in.ts'
import { type Unreachable, UnreachableError, unreachable } from '../errors/unreachable.ts'

/** What the last request for a token or an assertion failed with: MSAL reports most of it as `endpoints_resolution_error`. */
export class LastFailure {
  #error: unknown

  readonly policy: PipelinePolicy = {
    name: 'lastFailurePolicy',
    sendRequest: async (request, next) => {
      try {
        const response = await next(request)
        if (response.status < 400) this.clear()
        else this.record(refusalOf(request.url, response))
        return response
      } catch (error) {
        const { host } = new URL(request.url)
        const reason = unreachable(error)
        this.record(reason ? new UnreachableError(host, reason) : new Error(`${host}: ${messageOf(error)}`, { cause: error }))
        throw error
      }
    },
  }

  record(error: unknown): void {
    this.#error = error
  }

  clear(): void {
    this.#error = undefined
  }

  /** The failure beneath an error; the error itself where Entra ID has answered. */
  beneath(error: unknown): unknown {
    return this.#error !== undefined && !entraSentence(messageOf(error)) ? this.#error : error
  }
}

/**
 * Throttling and failures of Entra ID, GitHub or the network, and an assertion that grew too old on its way.
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const PASSING =
  /AADSTS(?:700024|90033|50196|90006|90055|90078|500031)\b|temporarily_unavailable|server_error|throttl|too many requests|\b(?:429|50[0234])\b|ENOTFOUND|EAI_AGAIN|ECONNRE(?:SET|FUSED)|ETIMEDOUT|socket hang up|do not have ID Token field|network_error|no_network|no answer within/i
const FINAL_NAMES = new Set(['CredentialUnavailableError', 'NobodyError', 'AzError', 'SomebodyElseError'])
/** Kinds of unreachable hosts that may be reached a minute later. */
const PASSING_KINDS = new Set<Unreachable['kind']>(['name', 'refused', 'proxy-unreachable'])

/** Whether another try may get the token. */
export function isPassing(error: unknown): boolean {
  if (error instanceof UnreachableError) return PASSING_KINDS.has(error.kind)
  if (error instanceof ActionError) return false
  const { name, statusCode } = error as { name?: string; statusCode?: unknown }
  if (name && FINAL_NAMES.has(name)) return false
  const words = wordsOf(error)
  const refusal = /AADSTS\d+/.exec(words)?.[0]
  return (typeof statusCode === 'number' && (statusCode === 429 || statusCode >= 500)) || PASSING.test(refusal ?? words)
}

/** MSAL does not repeat what an endpoint said that it only wanted to read. */
function refusalOf(url: string, { status, bodyAsText }: PipelineResponse): Error {
  const said = innermost(bodyAsText ?? '').message
  return new Error(`${new URL(url).host} answered ${status}${said ? `: ${said}` : ''}`)
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What Entra ID or the managed identity endpoint said; MSAL wraps it in codes and times. */
export const wordsOf = (error: unknown): string => signInWords(messageOf(error))
