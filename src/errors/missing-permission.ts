/** A missing permission, explained by the command that grants it. */
import type { Remedy } from './explanation.ts'

const ROLES = 'https://learn.microsoft.com/azure/role-based-access-control/custom-roles'

/** By the words of `AuthorizationFailed` and `LinkedAuthorizationFailed`, the only place where Azure names action, scope and identity. */
export function missingPermission(message: string): Remedy {
  const lacking = message.includes('does not have permission') ? message.slice(message.indexOf('does not have permission')) : message
  const action = /action '([^']+)'/.exec(lacking)?.[1]
  const scope = /(?:over scope|linked scope\(s\)) '([^']+)'/.exec(message)?.[1]
  const object = /object id '([^']+)'/.exec(message)?.[1] ?? '<object id>'
  return {
    title: 'Permission missing',
    hint: `Give the identity a role with ${action ?? 'this action'}: az role assignment create --assignee-object-id ${object} --assignee-principal-type ServicePrincipal --role "<role with ${action ?? 'the action'}>" --scope "${scope ?? '<scope>'}"`,
    link: ROLES,
  }
}
