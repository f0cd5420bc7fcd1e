/** Microsoft.ManagedIdentity, as far as a pool refers to it. */
import { type Arm, routesOf, show } from './arm.ts'
import type { Route } from './route.ts'

export function identityRoutes(arm: Arm): readonly Route[] {
  const route = routesOf('Microsoft.ManagedIdentity', ['2023-01-31'])
  return [route('GET', '/userAssignedIdentities/:name', 'userAssignedIdentities/read', show(arm))]
}
