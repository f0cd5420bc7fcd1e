/** Signed proofs of an application: federated tokens and certificates, and how Entra ID refuses them. */
import { type CryptoKey, decodeJwt, errors, importX509, jwtVerify } from 'jose'

/** https://learn.microsoft.com/graph/api/resources/federatedidentitycredential */
export interface FederatedCredential {
  readonly issuer: string
  readonly subject: string
  readonly audience: string
}

/** What an application registration trusts. */
export interface Trusted {
  readonly clientId: string
  readonly credentials: readonly FederatedCredential[]
  /** Public keys that the issuers publish. */
  readonly keys: readonly CryptoKey[]
  /** Issuers, such as a GitHub Enterprise Server of a private network, whose configuration Entra ID cannot fetch. */
  readonly unreachableIssuers: ReadonlySet<string>
  /** PEM of the certificate that is registered with the application. */
  readonly certificate: string | undefined
}

/** https://learn.microsoft.com/dotnet/api/microsoft.identitymodel.tokens.tokenvalidationparameters.defaultclockskew */
const CLOCK_SKEW_S = 300

export interface RefusedAssertion {
  readonly code: number
  readonly text: string
}

/** @returns how an assertion is refused; `undefined` where it is accepted. */
export async function refusalOf(assertion: string, trusted: Trusted, now: Date): Promise<RefusedAssertion | undefined> {
  try {
    const { iss = '', sub = '', aud = '' } = decodeJwt(assertion)
    if (iss === trusted.clientId) return await certificateRefusal(assertion, trusted, now)
    // https://github.com/Azure/login/issues/283
    if (trusted.unreachableIssuers.has(iss)) return { code: 501661, text: 'Request to External OIDC endpoint failed.' }
    await verifyWithOne(assertion, trusted.keys, now)
    return matchRefusal({ issuer: iss, subject: sub, audience: String(aud) }, trusted.credentials)
  } catch (error) {
    if (error instanceof errors.JWTExpired) return { code: 700024, text: 'Client assertion is not within its valid time range.' }
    return { code: 50027, text: 'JWT token is invalid or malformed.' }
  }
}

async function verifyWithOne(assertion: string, keys: readonly CryptoKey[], now: Date): Promise<void> {
  for (const [index, key] of keys.entries()) {
    try {
      await jwtVerify(assertion, key, { currentDate: now, clockTolerance: CLOCK_SKEW_S })
      return
    } catch (error) {
      if (index === keys.length - 1 || error instanceof errors.JWTExpired) throw error
    }
  }
}

/** The letter case counts since 2024. https://learn.microsoft.com/entra/identity-platform/reference-breaking-changes#august-2024 */
function matchRefusal(presented: FederatedCredential, credentials: readonly FederatedCredential[]): RefusedAssertion | undefined {
  const ofIssuer = credentials.filter(({ issuer }) => issuer === presented.issuer)
  if (ofIssuer.length === 0)
    return { code: 700211, text: `No matching federated identity record found for presented assertion issuer '${presented.issuer}'.` }
  const ofAudience = ofIssuer.filter(({ audience }) => audience === presented.audience)
  if (ofAudience.length === 0)
    return {
      code: 700212,
      text: `No matching federated identity record found for presented assertion audience '${presented.audience}'. Please note that the audience matching is case sensitive.`,
    }
  if (ofAudience.some(({ subject }) => subject === presented.subject)) return undefined
  const words = `No matching federated identity record found for presented assertion subject '${presented.subject}'.`
  // https://github.com/Azure/login/issues/515
  return ofAudience.some(({ subject }) => subject.toLowerCase() === presented.subject.toLowerCase())
    ? {
        code: 7002138,
        text: `${words} The subject matches with case-insensitive comparison, but not with case-sensitive comparison. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.`,
      }
    : {
        code: 700213,
        text: `${words} Check your federated identity credential Subject, Audience and Issuer against the presented assertion.`,
      }
}

/** https://learn.microsoft.com/entra/identity-platform/certificate-credentials */
async function certificateRefusal(assertion: string, { certificate, clientId }: Trusted, now: Date): Promise<RefusedAssertion | undefined> {
  try {
    if (!certificate) throw new Error('none is registered')
    const algorithm = JSON.parse(Buffer.from(assertion.split('.')[0] ?? '', 'base64url').toString()).alg as string
    await jwtVerify(assertion, await importX509(certificate, algorithm), {
      issuer: clientId,
      subject: clientId,
      currentDate: now,
      clockTolerance: CLOCK_SKEW_S,
    })
    return undefined
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw error
    return {
      code: 700027,
      text: `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found. Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '${clientId}'.]`,
    }
  }
}
