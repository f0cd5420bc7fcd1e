/** Microsoft.Compute/diskEncryptionSets, and what customer-managed keys ask of an image version. */
import { type Arm, list, plainRegion, routesOf, routeToAll, show } from '../arm/resources.ts'
import { Refusal, type Route } from '../route.ts'
import type { Resource } from '../world.ts'
import { DISK } from './disks.ts'

const TYPE = 'Microsoft.Compute/diskEncryptionSets'

export function encryptionSetRoutes(arm: Arm): readonly Route[] {
  const route = routesOf('Microsoft.Compute', DISK)
  return [
    routeToAll(arm, DISK, TYPE),
    route('GET', '/diskEncryptionSets', 'diskEncryptionSets/read', list(arm)),
    route('GET', '/diskEncryptionSets/:name', 'diskEncryptionSets/read', show(arm)),
  ]
}

interface Set {
  readonly diskEncryptionSetId?: string
}

/** As in `publishingProfile.targetRegions`. */
export interface RegionEncryption {
  readonly name: string
  readonly encryption?: { readonly osDiskImage?: Set; readonly dataDiskImages?: readonly (Set & { readonly lun: number })[] }
}

/** The disks, snapshots or VM that a version is made of. */
export interface VersionDisks {
  readonly os: string
  readonly data: readonly { readonly lun: number; readonly id: string }[]
}

type World = Pick<Arm, 'world'>

const keyOf = (resource: Resource | undefined): string | undefined => resource?.properties.encryption?.diskEncryptionSetId

/**
 * A set is regional and of the image's subscription. A VM that is encrypted so is no source.
 * https://learn.microsoft.com/azure/virtual-machines/image-version-encryption#limitations
 * https://github.com/Azure/azure-rest-api-specs/issues/29280
 * The words are [INFERRED]. @throws Refusal
 */
export function refuseSets({ world }: World, path: string, regions: readonly RegionEncryption[]): void {
  const subscription = /^\/subscriptions\/[^/]+\//i.exec(path)?.[0].toLowerCase() ?? ''
  for (const { name, encryption } of regions) {
    for (const { diskEncryptionSetId: id } of [encryption?.osDiskImage ?? {}, ...(encryption?.dataDiskImages ?? [])]) {
      if (id === undefined) continue
      const set = world.get(id)
      if (!set) throw new Refusal(404, 'NotFound', `Disk encryption set '${id}' was not found.`)
      if (!id.toLowerCase().startsWith(subscription) || set.location !== plainRegion(name))
        throw new Refusal(400, 'InvalidParameter', `Disk encryption set '${id}' cannot be used in region '${name}'.`)
    }
  }
}

/**
 * Replication of a disk with a key of the customer's to a region for which no set is named, in recorded words. The same is answered for
 * a VM, whatever is named. https://github.com/Azure/azure-rest-api-specs/issues/29280
 */
export function missingKeys({ world }: World, { os, data }: VersionDisks, regions: readonly RegionEncryption[]): Refusal | undefined {
  const vm = world.get(os)?.properties.storageProfile
  const isVm = vm?.osDisk?.managedDisk !== undefined
  const osDisk = isVm ? world.get(vm.osDisk.managedDisk.id) : world.get(os)
  for (const { name, encryption } of regions) {
    const setOf = (lun: number) => encryption?.dataDiskImages?.find((one) => one.lun === lun)?.diskEncryptionSetId
    const all = [
      { has: keyOf(osDisk), gets: encryption?.osDiskImage?.diskEncryptionSetId },
      ...data.map(({ lun, id }) => ({ has: keyOf(world.get(id)), gets: setOf(lun) })),
    ]
    const bare = all.find(({ has, gets }) => (isVm ? has !== undefined || gets !== undefined : has !== undefined && gets === undefined))
    if (bare)
      return new Refusal(
        409,
        'InternalOperationError',
        `Replication failed in this region due to 'Contract.Assert failed: Data model DiskEncryptionSetId '' does not match DiskRP returned DiskEncryptionSetId '${bare.has ?? bare.gets}' (${name}).`,
      )
  }
  return undefined
}
