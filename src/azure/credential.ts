import { setTimeout as delay } from 'node:timers/promises'
import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/core-auth'
import { createDefaultHttpClient, type HttpClient } from '@azure/core-rest-pipeline'
import {
  AzureCliCredential,
  ChainedTokenCredential,
  ClientAssertionCredential,
  EnvironmentCredential,
  ManagedIdentityCredential,
} from '@azure/identity'
import type { Identity } from '../config/config.ts'
import { ActionError } from '../errors/explanation.ts'
import { type AssertionClaims, AuthError } from '../errors/sign-in.ts'
import type { Cloud } from './cloud.ts'
import type { TransportOptions } from './transport.ts'

/** What signing in needs from the machine. */
export interface SignIn {
  /** Asks GitHub for an assertion; absent where the job has no `id-token` permission. */
  readonly assertion?: (audience: string) => Promise<string>
  /** `AZURE_CLIENT_SECRET` or a certificate is set. */
  readonly hasEnvironmentCredential: boolean
  /** Ends the waits between tries. */
  readonly signal: AbortSignal
}

/**
 * The credential of these inputs. `auto` prefers a fresh GitHub assertion for every token (a job outlives the five minutes of one:
 * https://github.com/Azure/login/issues/372), then the environment's secret, then the session of `azure/login`, then a managed identity.
 */
export function createCredential(identity: Identity, cloud: Cloud, signIn: SignIn, transport: TransportOptions): TokenCredential {
  const { auth, clientId = '', tenantId = '' } = identity
  const options = { ...transport, authorityHost: cloud.authorityHost, disableInstanceDiscovery: !cloud.isKnownAuthority }
  const assertions = new Assertions(cloud.assertionAudience, signIn.assertion)
  const federated = () => {
    assertions.forget()
    return new ClientAssertionCredential(tenantId, clientId, () => assertions.get(), options)
  }
  const environment = () => new EnvironmentCredential(options)
  const cli = () => new AzureCliCredential({ ...(tenantId && { tenantId }), processTimeoutInMs: 30_000 })
  const managedIdentity = () => new ManagedIdentityCredential({ ...(clientId && { clientId }), httpClient: impatientHttpClient() })
  const isFederated = clientId !== '' && tenantId !== ''
  const choose = (): (() => TokenCredential) => {
    switch (auth) {
      case 'oidc':
        return federated
      case 'environment':
        return environment
      case 'cli':
        return cli
      case 'managed-identity':
        return managedIdentity
      case 'auto':
        if (isFederated && signIn.assertion) return federated
        if (signIn.hasEnvironmentCredential) return environment
        return () => new ChainedTokenCredential(cli(), managedIdentity())
    }
  }
  return new RunCredential(choose(), signIn.signal, async (error) => {
    const claims = await assertions.claims()
    // Whoever gives both ids means OIDC: what the session of another tool lacks is not what is wrong.
    const lacksIdToken = auth === 'auto' && isFederated && !signIn.assertion && !signIn.hasEnvironmentCredential
    return new AuthError({
      message: lacksIdToken ? `${NO_ID_TOKEN}; without it: ${wordsOf(error)}` : wordsOf(error),
      cause: error,
      ...(claims && { assertionClaims: claims }),
      ...(clientId && { clientId }),
    })
  })
}

/** Waits before a new try, after the retries of the transport; a throttled token endpoint asks for about a minute. */
const WAITS_MS = [5_000, 60_000] as const

/**
 * One token request at a time for each scope, however many ask. After a failure the credential is made anew: MSAL would go on refusing
 * by itself for a minute, and an assertion that was too old is asked for again.
 */
class RunCredential implements TokenCredential {
  readonly #create: () => TokenCredential
  readonly #signal: AbortSignal
  readonly #explain: (error: unknown) => Promise<AuthError>
  readonly #pending = new Map<string, Promise<AccessToken>>()
  #inner: TokenCredential | undefined

  constructor(create: () => TokenCredential, signal: AbortSignal, explain: (error: unknown) => Promise<AuthError>) {
    this.#create = create
    this.#signal = signal
    this.#explain = explain
  }

  getToken(scopes: string | string[], { claims, enableCae, tenantId }: GetTokenOptions = {}): Promise<AccessToken> {
    const options = { ...(claims && { claims }), ...(enableCae && { enableCae }), ...(tenantId && { tenantId }) }
    const key = JSON.stringify([scopes, options])
    const pending = this.#pending.get(key) ?? this.#ask(scopes, options).finally(() => this.#pending.delete(key))
    this.#pending.set(key, pending)
    return pending
  }

  async #ask(scopes: string | string[], options: GetTokenOptions): Promise<AccessToken> {
    for (let tries = 0; ; tries += 1) {
      this.#inner ??= this.#create()
      try {
        const token = await this.#inner.getToken(scopes, options)
        if (token) return token
        throw new Error('no token was given')
      } catch (error) {
        this.#inner = undefined
        const waitMs = WAITS_MS[tries]
        if (waitMs === undefined || !isPassing(error) || this.#signal.aborted) throw await this.#explain(error)
        await this.#pause(waitMs)
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.#signal })
    } catch (error) {
      throw this.#signal.aborted ? this.#signal.reason : error
    }
  }
}

/** MSAL asks for the assertion twice a token; GitHub's lives five minutes. */
const ASSERTION_REUSE_MS = 60_000

/** GitHub's assertions for this job. */
class Assertions {
  readonly #audience: string
  readonly #request: ((audience: string) => Promise<string>) | undefined
  #last: { readonly text: Promise<string>; readonly askedAtMs: number } | undefined

  constructor(audience: string, request: ((audience: string) => Promise<string>) | undefined) {
    this.#audience = audience
    this.#request = request
  }

  get(): Promise<string> {
    if (!this.#request) return Promise.reject(new Error(NO_ID_TOKEN))
    const now = Date.now()
    if (!this.#last || now - this.#last.askedAtMs > ASSERTION_REUSE_MS) {
      const text = this.#request(this.#audience)
      this.#last = { text, askedAtMs: now }
      text.catch(() => {
        this.#last = undefined
      })
    }
    return this.#last.text
  }

  /** The next one is fresh. */
  forget(): void {
    this.#last = undefined
  }

  /** Issuer, subject and audience of the last one: what a federated credential must name. Never the token. */
  async claims(): Promise<AssertionClaims | undefined> {
    try {
      const payload = (await this.#last?.text)?.split('.')[1]
      if (!payload) return undefined
      const { iss, sub, aud } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>
      return { iss: String(iss), sub: String(sub), aud: String(aud) }
    } catch {
      return undefined
    }
  }
}

/** The words of `@actions/core` for the same. */
const NO_ID_TOKEN = 'Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable'
const IDENTITY_TIMEOUT_MS = 10_000

/** A machine without a managed identity may answer nothing at all; this credential takes no policies. */
function impatientHttpClient(): HttpClient {
  const client = createDefaultHttpClient()
  return {
    sendRequest(request) {
      const timeout = AbortSignal.timeout(IDENTITY_TIMEOUT_MS)
      request.abortSignal = request.abortSignal ? AbortSignal.any([request.abortSignal as AbortSignal, timeout]) : timeout
      return client.sendRequest(request)
    },
  }
}

/**
 * Throttling and failures of Entra ID, GitHub or the network, and an assertion that grew too old on its way.
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const PASSING =
  /AADSTS(?:700024|90033|50196|90006|90055|90078)\b|temporarily_unavailable|server_error|throttl|too many requests|\b(?:429|50[0234])\b|ENOTFOUND|EAI_AGAIN|ECONNRE(?:SET|FUSED)|ETIMEDOUT|socket hang up|do not have ID Token field|network_error|no_network|no answer within/i

function isPassing(error: unknown): boolean {
  if (error instanceof ActionError) return false
  const { name, statusCode } = error as { name?: unknown; statusCode?: unknown }
  if (name === 'CredentialUnavailableError') return false
  const refusal = /AADSTS\d+/.exec(wordsOf(error))?.[0]
  return (typeof statusCode === 'number' && (statusCode === 429 || statusCode >= 500)) || PASSING.test(refusal ?? wordsOf(error))
}

/** Entra's own sentence where there is one; MSAL wraps it in codes and times. */
function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const sentence = /AADSTS\d+: .*?(?=\s+(?:Trace ID|Correlation ID|Timestamp):|$)/s.exec(message)?.[0]
  return (sentence ?? message).trim() || 'the token endpoint was not asked again after it had refused'
}
