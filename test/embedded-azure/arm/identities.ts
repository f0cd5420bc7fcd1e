/** Microsoft.ManagedIdentity, as far as a pool refers to it. */
import type { Route } from '../route.ts'
import { type Arm, routesOf, show } from './resources.ts'

export function identityRoutes(arm: Arm): readonly Route[] {
  const route = routesOf('Microsoft.ManagedIdentity', ['2023-01-31'])
  return [route('GET', '/userAssignedIdentities/:name', 'userAssignedIdentities/read', show(arm))]
}
