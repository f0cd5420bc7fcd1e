import { setTimeout as delay } from 'node:timers/promises'
import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/core-auth'
import { createDefaultHttpClient, type HttpClient, type PipelinePolicy } from '@azure/core-rest-pipeline'
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from '@azure/identity'
import type { Identity } from '../config/config.ts'
import { ActionError } from '../errors/explanation.ts'
import { AuthError, entraSentence } from '../errors/sign-in.ts'
import { type Unreachable, UnreachableError, unreachable } from '../errors/unreachable.ts'
import type { SignIn, Way } from '../model/sign-in.ts'
import type { SignedIn } from '../run/events.ts'
import type { Environment } from './ambient.ts'
import { Assertions, NO_ID_TOKEN, type RequestAssertion } from './assertions.ts'
import { AzCredential } from './az.ts'
import type { Cloud } from './cloud.ts'
import { contradiction, signedInAs } from './signed-in.ts'
import type { TransportOptions } from './transport.ts'

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

/**
 * The credential of these inputs, and of nobody else. A GitHub assertion is requested for every token: a job outlives the five minutes
 * of one (https://github.com/Azure/login/issues/372).
 */
export function createCredential(identity: Identity, cloud: Cloud, machine: Machine, transport: TransportOptions): TokenCredential {
  const lastFailure = new LastFailure()
  const assertions = new Assertions(cloud.assertionAudience, machine.assertion, (error) => lastFailure.record(error))
  const options = {
    ...transport,
    additionalPolicies: [{ policy: lastFailure.policy, position: 'perRetry' as const }, ...transport.additionalPolicies],
    authorityHost: cloud.authorityHost,
    disableInstanceDiscovery: !cloud.isKnownAuthority,
  }
  const { signIn } = identity
  const create = (): Session => {
    assertions.forget()
    lastFailure.clear()
    return sessionOf(identity, { machine, options, assertions })
  }
  const explain = async (error: unknown): Promise<AuthError> => {
    const claims = await assertions.claims()
    return new AuthError({
      error,
      signIn,
      why: identity.why,
      environment: identity.environment,
      authorityHost: new URL(cloud.authorityHost).host,
      ...(claims && { assertionClaims: claims }),
    })
  }
  return new RunCredential({ create, explain, lastFailure, identity, machine })
}

/** A credential, and by which way it has signed in; `machine` finds that out with its first token. */
interface Session {
  readonly credential: TokenCredential
  readonly found: () => { readonly way: Way; readonly why: string }
}

interface Means {
  readonly machine: Machine
  readonly options: TransportOptions & { readonly authorityHost: string; readonly disableInstanceDiscovery: boolean }
  readonly assertions: Assertions
}

function sessionOf({ signIn, subscriptionId, why }: Identity, means: Means): Session {
  if (signIn.way === 'machine') {
    const first = new FirstOfMachine([
      ['managed-identity', new ManagedIdentityCredential({ httpClient: directHttpClient(PROBE_TIMEOUT_MS) })],
      ['cli', new AzCredential({ ...signIn, subscriptionId }, means.machine.environment)],
    ])
    return { credential: first, found: () => ({ way: first.way, why: first.why(why) }) }
  }
  return { credential: credentialOf(signIn, subscriptionId, means), found: () => ({ way: signIn.way, why }) }
}

function credentialOf(
  signIn: Exclude<SignIn, { way: 'machine' }>,
  subscriptionId: string,
  { machine, options, assertions }: Means,
): TokenCredential {
  const { environment } = machine
  switch (signIn.way) {
    case 'oidc':
      return new ClientAssertionCredential(signIn.tenantId, signIn.clientId, () => assertions.get(), options)
    case 'secret':
      return new ClientSecretCredential(signIn.tenantId, signIn.clientId, environment.AZURE_CLIENT_SECRET ?? '', options)
    case 'certificate': {
      const { AZURE_CLIENT_CERTIFICATE_PATH: certificatePath = '', AZURE_CLIENT_CERTIFICATE_PASSWORD: certificatePassword } = environment
      const sendCertificateChain = /^(?:true|1)$/i.test(environment.AZURE_CLIENT_SEND_CERTIFICATE_CHAIN ?? '')
      return new ClientCertificateCredential(
        signIn.tenantId,
        signIn.clientId,
        { certificatePath, ...(certificatePassword && { certificatePassword }) },
        { ...options, sendCertificateChain },
      )
    }
    case 'workload-identity':
      return new WorkloadIdentityCredential({
        ...options,
        tenantId: signIn.tenantId,
        clientId: signIn.clientId,
        tokenFilePath: signIn.tokenFile,
      })
    case 'managed-identity':
      return new ManagedIdentityCredential({
        ...(signIn.clientId && { clientId: signIn.clientId }),
        httpClient: directHttpClient(IDENTITY_TIMEOUT_MS),
      })
    case 'cli':
      return new AzCredential({ ...signIn, subscriptionId }, environment)
    case 'none':
      return { getToken: () => Promise.reject(new Error(NO_ID_TOKEN)) }
  }
}

/** Whoever the machine is: the first credential that gives a token is asked from then on. */
class FirstOfMachine implements TokenCredential {
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

/** What the last request for a token or an assertion failed with: MSAL reports most of it as `endpoints_resolution_error`. */
class LastFailure {
  #error: unknown

  readonly policy: PipelinePolicy = {
    name: 'lastFailurePolicy',
    sendRequest: async (request, next) => {
      try {
        const response = await next(request)
        this.clear()
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
 * One token request at a time for each scope, however many ask. After a failure the credential is made again: MSAL would go on refusing
 * by itself for a minute, and an assertion that was too old is requested again.
 */
class RunCredential implements TokenCredential {
  readonly #parts: RunCredentialParts
  readonly #pending = new Map<string, Promise<AccessToken>>()
  #session: Session | undefined
  /** What Entra ID has refused with; MSAL then refuses by itself for a while, without words. */
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
    return token
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

const IDENTITY_TIMEOUT_MS = 10_000
/** Where the session of the Azure CLI comes next, a machine that does not answer is not waited for as long. */
const PROBE_TIMEOUT_MS = 3_000

/**
 * For the managed identity's address, which is on this machine or beside it: never through a proxy
 * (https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service#proxies). A machine without a managed identity may answer
 * nothing at all; this credential takes no policies.
 */
function directHttpClient(timeoutMs: number): HttpClient {
  const client = createDefaultHttpClient()
  return {
    sendRequest(request) {
      delete request.agent
      const timeout = AbortSignal.timeout(timeoutMs)
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
  /AADSTS(?:700024|90033|50196|90006|90055|90078|500031)\b|temporarily_unavailable|server_error|throttl|too many requests|\b(?:429|50[0234])\b|ENOTFOUND|EAI_AGAIN|ECONNRE(?:SET|FUSED)|ETIMEDOUT|socket hang up|do not have ID Token field|network_error|no_network|no answer within/i
const FINAL_NAMES = new Set(['CredentialUnavailableError', 'NobodyError', 'AzError', 'SomebodyElseError'])
/** Kinds of unreachable hosts that may be reached a minute later. */
const PASSING_KINDS = new Set<Unreachable['kind']>(['name', 'refused', 'proxy-unreachable'])

function isPassing(error: unknown): boolean {
  if (error instanceof UnreachableError) return PASSING_KINDS.has(error.kind)
  if (error instanceof ActionError) return false
  const { name, statusCode } = error as { name?: string; statusCode?: unknown }
  if (name && FINAL_NAMES.has(name)) return false
  const words = wordsOf(error)
  const refusal = /AADSTS\d+/.exec(words)?.[0]
  return (typeof statusCode === 'number' && (statusCode === 429 || statusCode >= 500)) || PASSING.test(refusal ?? words)
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Entra's own sentence where there is one; MSAL wraps it in codes and times. */
const wordsOf = (error: unknown): string => (entraSentence(messageOf(error)) ?? messageOf(error)).trim()
