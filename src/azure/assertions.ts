import type { AssertionClaims } from '../errors/sign-in-attempt.ts'
import { claimsOf } from './signed-in.ts'

/** Requests an assertion from GitHub for this audience. */
export type RequestAssertion = (audience: string) => Promise<string>

/** MSAL asks for the assertion twice for each token. GitHub's assertions live five minutes. */
const REUSE_MS = 60_000

/** GitHub's assertions for this job. */
export class Assertions {
  readonly #audience: string
  readonly #request: RequestAssertion | undefined
  readonly #onFailure: (error: unknown) => void
  #last: { readonly text: Promise<string>; readonly askedAtMs: number } | undefined

  constructor(audience: string, request: RequestAssertion | undefined, onFailure: (error: unknown) => void) {
    this.#audience = audience
    this.#request = request
    this.#onFailure = onFailure
  }

  get(): Promise<string> {
    if (!this.#request) return Promise.reject(new Error(NO_ID_TOKEN))
    const now = Date.now()
    if (!this.#last || now - this.#last.askedAtMs > REUSE_MS) {
      const text = this.#request(this.#audience)
      this.#last = { text, askedAtMs: now }
      text.catch((error: unknown) => {
        this.forget()
        this.#onFailure(error)
      })
    }
    return this.#last.text
  }

  /** Makes the next call of `get` request a fresh assertion. */
  forget(): void {
    this.#last = undefined
  }

  /** Issuer, subject and audience of the last one: what a federated credential must name. Never the token. */
  async claims(): Promise<AssertionClaims | undefined> {
    const text = await this.#last?.text.catch(() => undefined)
    const { iss, sub, aud } = claimsOf(text ?? '')
    return iss && sub && aud ? { iss, sub, aud } : undefined
  }
}

/** The words of `@actions/core` for the same. */
export const NO_ID_TOKEN = 'Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable'
