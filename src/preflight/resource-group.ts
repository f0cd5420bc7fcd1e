/** Several resources of one resource group that are not found have one cause more often than several. */
import { type ArmId, partsOf, resourceGroupId, sameId } from '../model/arm-id.ts'
import type { Facts } from './facts.ts'

/** Neither the golden VM nor the Batch account, which are named in the same resource group, was found. */
export function isGroupInDoubt({ config: { source, pool }, observed: { vm, account } }: Facts): boolean {
  return source.kind === 'vm' && !vm && pool !== undefined && !account && sameId(resourceGroupId(source.id), resourceGroupId(pool.account))
}

/** E.g. `resource group render of subscription 1111…`. */
export function showGroup(id: ArmId): string {
  const { resourceGroup, subscriptionId } = partsOf(id)
  return `resource group ${resourceGroup} of subscription ${subscriptionId}`
}
