/**
 * Pure: customer-managed keys of an image version, by region and disk.
 * https://learn.microsoft.com/azure/virtual-machines/image-version-encryption
 */
import type { RegionEncryptionSet } from '../config/config.ts'
import { regionName } from '../model/arm-id.ts'
import type { ReplicaEncryption, TargetRegion } from '../model/compute.ts'

/** The set for the disks of one region; `undefined` where the region has none. */
function encryptionIn(region: string, sets: readonly RegionEncryptionSet[], luns: readonly number[]): ReplicaEncryption | undefined {
  const here = sets.filter((set) => set.region === regionName(region))
  const whole = here.find(({ lun }) => lun === undefined)
  if (!whole) return undefined
  return { osDisk: whole.id, dataDisks: luns.map((lun) => ({ lun, id: (here.find((set) => set.lun === lun) ?? whole).id })) }
}

/** The target regions, each with its sets. */
export function withEncryption(
  regions: readonly TargetRegion[],
  sets: readonly RegionEncryptionSet[],
  luns: readonly number[],
): readonly TargetRegion[] {
  return regions.map((region) => {
    const encryption = encryptionIn(region.name, sets, luns)
    return { ...region, ...(encryption && { encryption }) }
  })
}

/** Whether a version's replicas are encrypted as the regions ask for; regions that it does not have are not looked at. */
export function isEncryptedAlike(made: readonly TargetRegion[] | undefined, asked: readonly TargetRegion[]): boolean {
  return (made ?? []).every(({ name, encryption }) => {
    const wanted = asked.find((one) => regionName(one.name) === regionName(name))
    return !wanted || textOf(encryption) === textOf(wanted.encryption)
  })
}

/** The same text for the same sets, whatever the order of disks and the letter case of ids. */
function textOf({ osDisk, dataDisks }: ReplicaEncryption = { osDisk: '', dataDisks: [] }): string {
  const data = dataDisks.map(({ lun, id }) => `${lun}=${id}`).toSorted()
  return [osDisk, ...data].join().toLowerCase()
}
