/** Disks that no image is made of. What Azure refuses is documented at the links; where none has its words, they are [INFERRED]. */
import type { Arm } from '../arm/resources.ts'
import { Refusal } from '../route.ts'
import type { Resource } from '../world.ts'

/** What a snapshot or copy still is, whatever it is stored on. */
export interface Origin {
  readonly sku: string
  readonly maxShares: number
}

export function originOf(resource: Resource | undefined): Origin | undefined {
  if (!resource) return undefined
  const { origin, maxShares = 1 } = resource.properties
  return origin ?? { sku: String((resource.sku as { name?: string } | undefined)?.name ?? ''), maxShares }
}

/**
 * https://learn.microsoft.com/azure/virtual-machines/disks-types#ultra-disk-limitations
 * https://learn.microsoft.com/azure/virtual-machines/disks-types#premium-ssd-v2-limitations
 */
const KINDS = ['UltraSSD_LRS', 'PremiumV2_LRS']

const notAllowed = (message: string): Refusal => new Refusal(409, 'OperationNotAllowed', message)

/** A disk or snapshot, as part of an image. @throws Refusal */
export function refuseDiskKind(source: Resource | undefined): void {
  const origin = originOf(source)
  if (!source || !origin) return
  // In the words of https://github.com/Azure/azure-cli/issues/29091, which were said of a gallery version.
  if (KINDS.includes(origin.sku))
    throw new Refusal(
      409,
      'InternalOperationError',
      `Replication failed in this region due to 'Snapshots of ${origin.sku} disks are not supported.'.`,
    )
  // https://learn.microsoft.com/azure/virtual-machines/disks-shared#limitations
  if (origin.maxShares > 1) throw notAllowed(`Source '${source.id}' cannot be used to create an image: shared disks are not supported.`)
  // https://learn.microsoft.com/azure/virtual-machines/disks-restrict-import-export-overview
  if (source.properties.networkAccessPolicy === 'DenyAll')
    throw notAllowed(`Export of '${source.id}' is denied by its network access policy 'DenyAll'.`)
}

/** The disks of a VM that an image is made of. @throws Refusal */
export function refuseVmDisks({ world }: Pick<Arm, 'world'>, { properties: { storageProfile } }: Resource): void {
  const { osDisk, dataDisks = [] } = storageProfile
  // https://learn.microsoft.com/azure/virtual-machines/ephemeral-os-disks#unsupported-features
  if (osDisk.diffDiskSettings?.option === 'Local') throw notAllowed('VM image capture is not supported for a VM with an ephemeral OS disk.')
  for (const { managedDisk } of [osDisk, ...dataDisks]) refuseDiskKind(world.get(managedDisk?.id ?? ''))
}
