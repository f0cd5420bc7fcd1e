/** The storage accounts that hold the VHDs of a source. */
import type { Source } from '../config/config.ts'
import { type ArmId, nameOf, partsOf, sameId } from '../model/arm-id.ts'
import type { StorageAccount } from '../model/compute.ts'
import type { StepContext } from '../run/context.ts'

export type VhdSource = Source & { readonly kind: 'vhd' }

/** One account for each host of the VHDs' addresses, as far as it is found: by the host's name, otherwise the one in `vhd-storage-account`. */
export async function observeStorageAccounts(source: VhdSource, group: ArmId, context: StepContext): Promise<readonly StorageAccount[]> {
  const hosts = [...new Set(source.disks.map(({ source: address }) => hostOf(address)))]
  const given = source.storageAccount ? await find(group, source.storageAccount, context) : undefined
  const found = await Promise.all(
    hosts.map(async (host) => {
      const name = host.split('.')[0] ?? ''
      const account = sameId(given?.name, name) ? given : ((await find(group, name, context)) ?? given)
      return account && { id: account.id, location: account.location, host }
    }),
  )
  return found.filter((account) => account !== undefined)
}

/** Host of a VHD's address, in lower case. */
function hostOf(address: string): string {
  return new URL(address).hostname.toLowerCase()
}

/** By name, or by id, in the subscription of `group`. */
async function find(group: ArmId, nameOrId: string, { arm }: StepContext) {
  const name = nameOf(nameOrId)
  const filter = `resourceType eq 'Microsoft.Storage/storageAccounts' and name eq '${name.replaceAll("'", "''")}'`
  const found = await arm.find(partsOf(group).subscriptionId, filter)
  const account = found.find(({ id }) => !nameOrId.startsWith('/') || sameId(id, nameOrId))
  return account && { ...account, name }
}
