/** Signing in as the machine that the action runs on. */
import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/core-auth'
import { createDefaultHttpClient, createHttpHeaders, type HttpClient } from '@azure/core-rest-pipeline'
import type { Way } from '../model/sign-in.ts'
import type { EarlyIdentityAnswer } from './early-identity-answer.ts'
import { wordsOf } from './token-failures.ts'

/** Whoever the machine is: the first credential that gives a token is asked from then on. */
export class FirstOfMachine implements TokenCredential {
  readonly #credentials: readonly (readonly [Way, TokenCredential])[]
  readonly #refusals: string[] = []
  #chosen: readonly [Way, TokenCredential] | undefined

  constructor(credentials: readonly (readonly [Way, TokenCredential])[]) {
    this.#credentials = credentials
  }

  get way(): Way {
    return this.#chosen?.[0] ?? 'machine'
  }

  why(why: string): string {
    return [why, ...this.#refusals].join('; ')
  }

  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> {
    if (this.#chosen) return this.#chosen[1].getToken(scopes, options)
    const errors: unknown[] = []
    for (const [way, credential] of this.#credentials) {
      try {
        const token = await credential.getToken(scopes, options)
        if (!token) continue
        this.#chosen = [way, credential]
        if (errors.length > 0) this.#refusals.push('this machine has no managed identity')
        return token
      } catch (error) {
        errors.push(error)
      }
    }
    throw new NobodyError(errors.map((error) => wordsOf(error)))
  }
}

/** The machine has neither a managed identity nor a session of the Azure CLI. */
class NobodyError extends Error {
  override readonly name = 'NobodyError'

  constructor([identity = '', az = '']: readonly string[]) {
    super(`${az}. Before that, no managed identity was found: ${identity}`)
  }
}

/**
 * For the managed identity's address, which is on this machine or beside it: never through a proxy
 * (https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service#proxies). A machine without a managed identity may answer
 * nothing at all; this credential takes no policies.
 * @param early gives its answer to the first request, where that is the same
 */
export function directHttpClient(timeoutMs: number, early?: EarlyIdentityAnswer): HttpClient {
  const client = createDefaultHttpClient()
  return {
    async sendRequest(request) {
      const answer = request.method === 'GET' ? await early?.take(request.url) : undefined
      if (answer) return { request, status: answer.status, headers: createHttpHeaders(answer.headers), bodyAsText: answer.body }
      delete request.agent
      const timeout = AbortSignal.timeout(timeoutMs)
      request.abortSignal = request.abortSignal ? AbortSignal.any([request.abortSignal as AbortSignal, timeout]) : timeout
      return client.sendRequest(request)
    },
  }
}
