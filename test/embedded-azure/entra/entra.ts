/** GitHub's token endpoint and Entra ID: real signatures, real refusals. */
import { randomUUID } from 'node:crypto'
import { errors, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import type { AzureClock } from '../clock/clock.ts'
import { type Principal, Refusal } from '../route.ts'
import { CLIENT, CLIENT_SECRET, TENANT } from '../scenarios/scenario.ts'
import { refusalOf } from './assertions.ts'

const ISSUER = 'https://token.actions.githubusercontent.com'
const SUBJECT = 'repo:octo-org/render:ref:refs/heads/main'
const AUDIENCE = 'api://AzureADTokenExchange'
const LIFETIME_S = 4_500
/** The service account of a runner's pod. https://learn.microsoft.com/azure/aks/workload-identity-overview#how-it-works */
const POD = {
  issuer: 'https://westeurope.oic.prod-aks.azure.com/embedded/',
  subject: 'system:serviceaccount:arc-runners:runner',
  audience: AUDIENCE,
}
const CREDENTIALS = [{ issuer: ISSUER, subject: SUBJECT, audience: AUDIENCE }, POD]
/** Made once: making them takes longer than a run. */
const GITHUB_KEYS = generateKeyPair('RS256')
const ENTRA_KEYS = generateKeyPair('RS256')
const CLUSTER_KEYS = generateKeyPair('RS256')
export const REQUEST_TOKEN = 'runner-request-token'

export class Entra {
  readonly #clock: AzureClock
  readonly #resources: () => readonly string[]
  readonly #github = GITHUB_KEYS
  readonly #entra = ENTRA_KEYS

  /** Of the assertions that GitHub gives; a test may give others. */
  subject = SUBJECT
  issuer = ISSUER
  /** Of access tokens, in Azure's time. Clients that do not live on the clock of this Azure need longer ones. */
  tokenLifetimeS = LIFETIME_S
  /** What clients are told of it: they renew a token by this. */
  expiresInS = LIFETIME_S
  /** How long they are valid; on a fast clock five minutes are less than a busy machine needs. */
  assertionSeconds = 300

  /** PEM of the certificate that is registered with the application. */
  certificate: string | undefined
  /** Issuers whose configuration Entra ID cannot fetch. */
  readonly unreachableIssuers = new Set<string>()
  /** Resource Managers of other clouds, which tokens may be for, too. */
  readonly otherResources = new Set<string>()
  /** An administrator of the tenant has disabled the application. */
  isDisabled = false

  /** @param resources What tokens may be for. */
  constructor(clock: AzureClock, resources: () => readonly string[]) {
    this.#clock = clock
    this.#resources = resources
  }

  async assertion(authorization: string | undefined, audience: string): Promise<{ status: number; body: unknown }> {
    if (authorization?.toLowerCase() !== `bearer ${REQUEST_TOKEN}`) return { status: 401, body: { message: 'Unauthorized' } }
    const now = this.#seconds()
    const jwt = new SignJWT({ repository: 'octo-org/render', ref: 'refs/heads/main', sub: this.subject })
      .setProtectedHeader({ alg: 'RS256', kid: 'github' })
      .setIssuer(this.issuer)
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(now + this.assertionSeconds)
    return { status: 200, body: { value: await jwt.sign((await this.#github).privateKey) } }
  }

  /** The projected token of a pod, as the webhook mounts it. */
  async podToken(): Promise<string> {
    const now = this.#seconds()
    const jwt = new SignJWT({ sub: POD.subject })
      .setProtectedHeader({ alg: 'RS256', kid: 'cluster' })
      .setIssuer(POD.issuer)
      .setAudience(POD.audience)
      .setIssuedAt(now)
      .setExpirationTime(now + 86_400)
    return jwt.sign((await CLUSTER_KEYS).privateKey)
  }

  configuration(origin: string, tenant: string): unknown {
    const base = `${origin}/${tenant}`
    return {
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
      response_types_supported: ['code'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
    }
  }

  async token(tenant: string, form: URLSearchParams): Promise<{ status: number; body: unknown }> {
    if (tenant !== TENANT) return this.#refuse(400, 90002, 'invalid_request', `Tenant '${tenant}' not found.`)
    if (form.get('client_id') !== CLIENT) {
      return this.#refuse(
        400,
        700016,
        'unauthorized_client',
        `Application with identifier '${form.get('client_id')}' was not found in the directory '${tenant}'.`,
      )
    }
    // https://learn.microsoft.com/entra/identity-platform/reference-error-codes
    if (this.isDisabled) return this.#refuse(401, 7000112, 'unauthorized_client', `Application '${CLIENT}'(render) is disabled.`)
    const grant = form.get('grant_type')
    if (grant !== 'client_credentials')
      return this.#refuse(400, 70003, 'unsupported_grant_type', `The app requested an unsupported grant type '${grant ?? ''}'.`)
    const secret = form.get('client_secret')
    const refusal = secret === null ? await this.#checkAssertion(form.get('client_assertion') ?? '') : this.#checkSecret(secret)
    if (refusal) return refusal
    const audience = (form.get('scope') ?? '').split(' ')[0]?.replace(/\/+\.default$/, '') ?? ''
    if (!this.#resources().includes(audience) && !this.otherResources.has(audience)) {
      return this.#refuse(
        400,
        500011,
        'invalid_resource',
        `The resource principal named ${audience} was not found in the tenant named ${tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`,
      )
    }
    const now = this.#seconds()
    // `idtyp`: https://learn.microsoft.com/entra/identity-platform/optional-claims-reference#v10-and-v20-optional-claims-set
    const jwt = new SignJWT({ appid: CLIENT, idtyp: 'app', oid: '44444444-4444-4444-8444-444444444444', tid: TENANT })
      .setProtectedHeader({ alg: 'RS256', kid: 'entra' })
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(now + this.tokenLifetimeS)
    return {
      status: 200,
      body: {
        token_type: 'Bearer',
        expires_in: this.expiresInS,
        ext_expires_in: this.expiresInS,
        access_token: await jwt.sign((await this.#entra).privateKey),
      },
    }
  }

  /** Who a request is from. */
  async authenticate(authorization: string | undefined, audiences: readonly string[]): Promise<Principal> {
    const token = /^bearer (.+)$/i.exec(authorization ?? '')?.[1]
    if (!token) throw new Refusal(401, 'AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.")
    try {
      const { payload } = await jwtVerify(token, (await this.#entra).publicKey, {
        audience: [...audiences],
        currentDate: this.#clock.now(),
      })
      return {
        clientId: String(payload.appid),
        objectId: String(payload.oid),
        tenantId: String(payload.tid),
        audience: String(payload.aud),
      }
    } catch (error) {
      if (error instanceof errors.JWTExpired)
        throw new Refusal(401, 'ExpiredAuthenticationToken', 'The access token expiry UTC time is earlier than current UTC time.')
      throw new Refusal(401, 'InvalidAuthenticationToken', 'The access token is invalid.')
    }
  }

  #checkSecret(secret: string) {
    if (secret === CLIENT_SECRET) return undefined
    return this.#refuse(
      401,
      7000215,
      'invalid_client',
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${CLIENT}'.`,
    )
  }

  async #checkAssertion(assertion: string) {
    const keys = [(await this.#github).publicKey, (await CLUSTER_KEYS).publicKey]
    const { unreachableIssuers, certificate } = this
    const trusted = { clientId: CLIENT, credentials: CREDENTIALS, keys, unreachableIssuers, certificate }
    const refused = await refusalOf(assertion, trusted, this.#clock.now())
    return refused && this.#refuse(401, refused.code, 'invalid_client', refused.text)
  }

  #refuse(status: number, code: number, error: string, text: string): { status: number; body: unknown } {
    const trace = randomUUID()
    const description = `AADSTS${code}: ${text} Trace ID: ${trace} Correlation ID: ${trace} Timestamp: ${this.#clock.now().toISOString()}`
    return {
      status,
      body: {
        error,
        error_description: description,
        error_codes: [code],
        timestamp: this.#clock.now().toISOString(),
        trace_id: trace,
        correlation_id: trace,
      },
    }
  }

  #seconds(): number {
    return Math.floor(this.#clock.now().getTime() / 1_000)
  }
}
