/** Who a run is to Azure, in the words of log and summary. */
import { type SignIn, WAYS } from '../model/sign-in.ts'
import type { SignedIn } from '../run/events.ts'

/** The first line of the log: who is about to sign in, and why so. */
export function openingLine({ way, clientId, tenantId }: SignIn, why: string): string {
  const who = [...(clientId ? [`application ${clientId}`] : []), ...(tenantId ? [`tenant ${tenantId}`] : [])].join(' of ')
  return `Sign-in${who && ` as ${who}`} by ${WAYS[way]}, because ${why}`
}

/** E.g. `application 1111… of tenant 2222… by OIDC`. */
export function identityOf({ way, kind, clientId, userName, objectId, tenantId }: SignedIn): string {
  const application = clientId ? `application ${clientId}` : 'somebody whose token cannot be read'
  const name = kind === 'user' ? `user ${userName ?? objectId ?? '(no name)'}` : application
  return `${name}${tenantId ? ` of tenant ${tenantId}` : ''} by ${WAYS[way]}`
}
