/** Microsoft.KeyVault, as far as an account in user subscription mode refers to it. */
import type { Route } from '../route.ts'
import { type Arm, routesOf, show } from './resources.ts'

export function keyVaultRoutes(arm: Arm): readonly Route[] {
  const route = routesOf('Microsoft.KeyVault', ['2023-07-01'])
  return [route('GET', '/vaults/:name', 'vaults/read', show(arm))]
}
