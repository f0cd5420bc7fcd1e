/** GitHub's token endpoint and Entra ID: real signatures, real refusals. */
import { randomUUID } from 'node:crypto'
import { decodeJwt, errors, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import type { AzureClock } from '../clock/clock.ts'
import { type Principal, Refusal } from '../route.ts'
import { CLIENT, CLIENT_SECRET, TENANT } from '../scenarios/scenario.ts'

const ISSUER = 'https://token.actions.githubusercontent.com'
const SUBJECT = 'repo:octo-org/render:ref:refs/heads/main'
const AUDIENCE = 'api://AzureADTokenExchange'
const LIFETIME_S = 4_500
/** Made once: making them takes longer than a run. */
const GITHUB_KEYS = generateKeyPair('RS256')
const ENTRA_KEYS = generateKeyPair('RS256')
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
  /** How long they are valid; on a fast clock five minutes are less than a busy machine needs. */
  assertionSeconds = 300

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
    const grant = form.get('grant_type')
    if (grant !== 'client_credentials')
      return this.#refuse(400, 70003, 'unsupported_grant_type', `The app requested an unsupported grant type '${grant ?? ''}'.`)
    const secret = form.get('client_secret')
    const refusal = secret === null ? await this.#checkAssertion(form.get('client_assertion') ?? '') : this.#checkSecret(secret)
    if (refusal) return refusal
    const audience = (form.get('scope') ?? '').split(' ')[0]?.replace(/\/+\.default$/, '') ?? ''
    if (!this.#resources().includes(audience)) {
      return this.#refuse(
        400,
        500011,
        'invalid_resource',
        `The resource principal named ${audience} was not found in the tenant named ${tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`,
      )
    }
    const now = this.#seconds()
    const jwt = new SignJWT({ appid: CLIENT, oid: '44444444-4444-4444-8444-444444444444', tid: TENANT })
      .setProtectedHeader({ alg: 'RS256', kid: 'entra' })
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(now + this.tokenLifetimeS)
    return {
      status: 200,
      body: {
        token_type: 'Bearer',
        expires_in: LIFETIME_S,
        ext_expires_in: LIFETIME_S,
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
    try {
      await jwtVerify(assertion, (await this.#github).publicKey, {
        issuer: ISSUER,
        audience: AUDIENCE,
        subject: SUBJECT,
        currentDate: this.#clock.now(),
      })
      return undefined
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        return this.#refuse(401, 700024, 'invalid_client', 'Client assertion is not within its valid time range.')
      }
      const claim = error instanceof errors.JWTClaimValidationFailed ? error.claim : ''
      if (claim === 'aud') {
        return this.#refuse(
          401,
          700212,
          'invalid_client',
          `No matching federated identity record found for presented assertion audience '${decodeJwt(assertion).aud}'. Please note that the audience matching is case sensitive.`,
        )
      }
      if (claim === 'iss') {
        return this.#refuse(
          401,
          700211,
          'invalid_client',
          `No matching federated identity record found for presented assertion issuer '${decodeJwt(assertion).iss}'.`,
        )
      }
      if (claim === 'sub') {
        return this.#refuse(
          401,
          700213,
          'invalid_client',
          `No matching federated identity record found for presented assertion subject '${decodeJwt(assertion).sub}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.`,
        )
      }
      return this.#refuse(401, 50027, 'invalid_client', 'JWT token is invalid or malformed.')
    }
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
