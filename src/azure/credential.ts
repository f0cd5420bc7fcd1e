import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/core-auth'
import {
  AzureCliCredential,
  ChainedTokenCredential,
  ClientAssertionCredential,
  EnvironmentCredential,
  ManagedIdentityCredential,
} from '@azure/identity'
import type { Identity } from '../config.ts'
import { AuthError } from '../errors.ts'
import type { Cloud } from './cloud.ts'

/** What signing in needs from the machine. */
export interface SignIn {
  /** Asks GitHub for an assertion; absent where the job has no `id-token` permission. */
  readonly assertion?: (audience: string) => Promise<string>
  /** `AZURE_CLIENT_SECRET` or a certificate is set. */
  readonly hasEnvironmentCredential: boolean
}

/**
 * The credential of these inputs. `auto` prefers a fresh GitHub assertion for every token (a job outlives the five minutes of one:
 * https://github.com/Azure/login/issues/372), then the environment's secret, then the session of `azure/login`, then a managed identity.
 */
export function createCredential(identity: Identity, cloud: Cloud, signIn: SignIn): TokenCredential {
  const { auth, clientId, tenantId } = identity
  const options = { authorityHost: cloud.authorityHost, disableInstanceDiscovery: !cloud.isKnownAuthority }
  const cli = () => new AzureCliCredential({ ...(tenantId && { tenantId }), processTimeoutInMs: 30_000 })
  const managedIdentity = () => (clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential())
  switch (auth) {
    case 'oidc':
      return new FederatedCredential(identity, cloud, signIn)
    case 'environment':
      return explained(new EnvironmentCredential(options))
    case 'cli':
      return explained(cli())
    case 'managed-identity':
      return explained(managedIdentity())
    case 'auto':
      if (clientId && tenantId && signIn.assertion) return new FederatedCredential(identity, cloud, signIn)
      if (signIn.hasEnvironmentCredential) return explained(new EnvironmentCredential(options))
      return explained(new ChainedTokenCredential(cli(), managedIdentity()))
  }
}

function explained(credential: TokenCredential): TokenCredential {
  return {
    async getToken(scopes, options) {
      try {
        return await credential.getToken(scopes, options)
      } catch (error) {
        throw new AuthError({ message: messageOf(error), cause: error })
      }
    },
  }
}

/** MSAL asks for the assertion twice a token; GitHub's lives five minutes. */
const ASSERTION_REUSE_MS = 60_000

/**
 * Workload identity federation with a fresh assertion for every token. After a failure the inner credential is thrown away: MSAL
 * would go on refusing by itself for a minute.
 */
class FederatedCredential implements TokenCredential {
  readonly #identity: Identity
  readonly #cloud: Cloud
  readonly #signIn: SignIn
  #inner: ClientAssertionCredential | undefined
  #assertion: { readonly text: Promise<string>; readonly askedAtMs: number } | undefined

  constructor(identity: Identity, cloud: Cloud, signIn: SignIn) {
    this.#identity = identity
    this.#cloud = cloud
    this.#signIn = signIn
  }

  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    this.#inner ??= this.#create()
    try {
      return await this.#inner.getToken(scopes, options)
    } catch (error) {
      const claims = await this.#claims()
      this.#inner = undefined
      this.#assertion = undefined
      throw new AuthError({ message: messageOf(error), cause: error, ...(claims && { assertionClaims: claims }) })
    }
  }

  #create(): ClientAssertionCredential {
    const { tenantId = '', clientId = '' } = this.#identity
    return new ClientAssertionCredential(tenantId, clientId, () => this.#ask(), {
      authorityHost: this.#cloud.authorityHost,
      disableInstanceDiscovery: !this.#cloud.isKnownAuthority,
    })
  }

  #ask(): Promise<string> {
    const { assertion } = this.#signIn
    if (!assertion) return Promise.reject(new Error('Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable'))
    const now = Date.now()
    if (!this.#assertion || now - this.#assertion.askedAtMs > ASSERTION_REUSE_MS) {
      const text = assertion(this.#cloud.assertionAudience)
      text.catch(() => {
        this.#assertion = undefined
      })
      this.#assertion = { text, askedAtMs: now }
    }
    return this.#assertion.text
  }

  /** Issuer, subject and audience of the last assertion: what a federated credential must name. Never the token. */
  async #claims(): Promise<{ iss: string; sub: string; aud: string } | undefined> {
    try {
      const payload = (await this.#assertion?.text)?.split('.')[1]
      if (!payload) return undefined
      const { iss, sub, aud } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>
      return { iss: String(iss), sub: String(sub), aud: String(aud) }
    } catch {
      return undefined
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
