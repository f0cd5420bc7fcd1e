import { setTimeout as delay } from 'node:timers/promises'
import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/core-auth'
import type { Identity } from '../config/config.ts'
import type { AuthError } from '../errors/sign-in.ts'
import type { Way } from '../model/sign-in.ts'
import type { SignedIn } from '../run/events.ts'
import type { Environment } from './ambient.ts'
import type { RequestAssertion } from './assertions.ts'
import { contradiction, signedInAs } from './signed-in.ts'
import { isPassing, type LastFailure, wordsOf } from './token-failures.ts'

/** What signing in needs from the machine. */
export interface Machine {
  /** As it was before the libraries' variables were taken from it; secrets come from here. */
  readonly environment: Environment
  /** Absent where the job has no `id-token` permission. */
  readonly assertion?: RequestAssertion
  /** Ends the waits between tries. */
  readonly signal: AbortSignal
  /** Told once, with the first token. */
  readonly onSignedIn: (who: SignedIn) => void
}

/** A credential, and by which way it has signed in; `machine` finds that out with its first token. */
export interface Session {
  readonly credential: TokenCredential
  readonly found: () => { readonly way: Way; readonly why: string }
}

/** Waits before another try, after the retries of the transport; a throttled token endpoint asks for about a minute. */
const WAITS_MS = [5_000, 60_000] as const

interface RunCredentialParts {
  readonly create: () => Session
  readonly explain: (error: unknown) => Promise<AuthError>
  readonly lastFailure: LastFailure
  readonly identity: Identity
  readonly machine: Machine
}

/**
 * So long before its end a token is renewed beside the requests, which still use it: each is signed once and may be tried again for
 * minutes. MSAL gives no token that ends within five minutes, so that the next one is another.
 */
const SPARE_MS = 240_000

/**
 * One token request at a time for each scope, however many ask. After a failure the credential is created again: MSAL would repeat the
 * refusal for a minute without asking, and an assertion that was too old is requested again.
 */
export class RunCredential implements TokenCredential {
  readonly #parts: RunCredentialParts
  readonly #pending = new Map<string, Promise<AccessToken>>()
  #session: Session | undefined
  /** What Entra ID has refused with; MSAL then repeats the refusal for a while without asking again, and without words. */
  #refusal: unknown
  #isSignedIn = false

  constructor(parts: RunCredentialParts) {
    this.#parts = parts
  }

  getToken(scopes: string | string[], { claims, enableCae, tenantId }: GetTokenOptions = {}): Promise<AccessToken> {
    const options = { ...(claims && { claims }), ...(enableCae && { enableCae }), ...(tenantId && { tenantId }) }
    const key = JSON.stringify([scopes, options])
    const pending = this.#pending.get(key) ?? this.#ask(scopes, options).finally(() => this.#pending.delete(key))
    this.#pending.set(key, pending)
    return pending
  }

  async #ask(scopes: string | string[], options: GetTokenOptions): Promise<AccessToken> {
    const { create, explain, lastFailure, machine } = this.#parts
    for (let tries = 0; ; tries += 1) {
      this.#session ??= create()
      const session = this.#session
      try {
        const token = await session.credential.getToken(scopes, options)
        if (token) return this.#accept(token, session)
        throw new Error('no token was given')
      } catch (error) {
        if (this.#session === session) this.#session = undefined
        const found = lastFailure.beneath(error)
        if (this.#refusal === undefined || wordsOf(found)) this.#refusal = found
        const refusal = this.#refusal
        const waitMs = WAITS_MS[tries]
        if (waitMs === undefined || !isPassing(refusal) || machine.signal.aborted) throw await explain(refusal)
        await this.#pause(waitMs)
      }
    }
  }

  /** @throws Error where the token is for somebody else than the inputs name. */
  #accept(token: AccessToken, session: Session): AccessToken {
    const { identity, machine } = this.#parts
    const { way, why } = session.found()
    const who = signedInAs(token.token, way, why)
    const contradicted = contradiction(identity.signIn, who)
    if (contradicted) throw new SomebodyElseError(contradicted)
    if (!this.#isSignedIn) machine.onSignedIn(who)
    this.#isSignedIn = true
    this.#refusal = undefined
    const renewAfter = token.expiresOnTimestamp - SPARE_MS
    return { ...token, refreshAfterTimestamp: Math.min(renewAfter, token.refreshAfterTimestamp ?? renewAfter) }
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#parts.machine
    try {
      await delay(ms, undefined, { signal })
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    }
  }
}

/** A token came, but for another identity than the inputs name. */
class SomebodyElseError extends Error {
  override readonly name = 'SomebodyElseError'
}
