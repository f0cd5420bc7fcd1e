import type { SignIn, Way } from '../model/sign-in.ts'
import type { SignedIn } from '../run/events.ts'

/**
 * Who an access token is for, by its own claims. They are read to be shown and compared, never trusted: Azure alone checks the token.
 * https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function signedInAs(token: string, way: Way, why: string): SignedIn {
  const { appid, azp, oid, upn, unique_name, preferred_username, tid, idtyp } = claimsOf(token)
  const userName = upn ?? preferred_username ?? unique_name
  const clientId = appid ?? azp
  const kind = idtyp === 'user' || (idtyp !== 'app' && userName) ? 'user' : clientId ? 'application' : 'unknown'
  return {
    way,
    why,
    kind,
    ...(clientId && { clientId }),
    ...(oid && { objectId: oid }),
    ...(tid && { tenantId: tid }),
    ...(kind === 'user' && userName && { userName }),
  }
}

/** What the inputs name and the token contradicts, as a sentence; `undefined` where they agree or cannot be compared. */
export function contradiction({ clientId, tenantId }: SignIn, found: SignedIn): string | undefined {
  if (differs(tenantId, found.tenantId)) return `the sign-in is for tenant ${found.tenantId}, but \`tenant-id\` is ${tenantId}`
  if (clientId && found.kind === 'user')
    return `the sign-in is for the user ${found.userName ?? found.objectId ?? '(no name)'}, but \`client-id\` names application ${clientId}`
  if (differs(clientId, found.clientId)) return `the sign-in is for application ${found.clientId}, but \`client-id\` is ${clientId}`
  return undefined
}

/** A tenant may also be named by one of its domains, which a token does not have. */
const differs = (given: string | undefined, found: string | undefined): boolean =>
  given !== undefined && found !== undefined && GUID.test(given) && given.toLowerCase() !== found.toLowerCase()

const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i
const LONGEST_CLAIM = 200

/** The text claims of a JSON Web Token; none where it is something else. */
export function claimsOf(token: string): Readonly<Record<string, string | undefined>> {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Readonly<Record<string, unknown>>
    const texts = Object.entries(claims).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    return Object.fromEntries(texts.map(([name, text]) => [name, text.slice(0, LONGEST_CLAIM)]))
  } catch {
    return {}
  }
}
