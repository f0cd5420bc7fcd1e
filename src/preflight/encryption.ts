/** Rules about customer-managed keys: of the source's disks, and of the image. */
import { isEncryptedAlike, withEncryption } from '../image/encryption.ts'
import { targetRegions } from '../image/target-regions.ts'
import { nameOf, parseArmId, regionName, sameId } from '../model/arm-id.ts'
import type { TargetRegion } from '../model/compute.ts'
import type { Facts, Rule } from './facts.ts'
import { reused } from './image-version.ts'
import { disksOf } from './source-disks.ts'

const ENCRYPTION = 'https://learn.microsoft.com/azure/virtual-machines/image-version-encryption'
const LINE = '`disk-encryption-sets`'

export const ENCRYPTION_RULES: readonly Rule[] = [
  {
    id: 'customer-managed-keys',
    severity: 'error',
    title: 'Where disks of the source are encrypted with customer-managed keys, every target region has a disk encryption set',
    objection: 'Disk encrypted with customer-managed keys',
    link: ENCRYPTION,
    check: (facts) => {
      const { image } = facts.config
      const encrypted = disksOf(facts).filter(({ disk }) => disk.diskEncryptionSetId)
      const [first, ...others] = encrypted
      if (!first || !image) return []
      const more = others.length > 0 ? `, and ${others.length} more of its disks` : ''
      const what = `${first.what} is encrypted with a customer-managed key (${first.disk.diskEncryptionSetId})${more}`
      if (image.kind === 'managed') return [{ seen: what, fix: `Use \`image-kind: gallery\` with ${LINE}.` }]
      const bare = regionsOf(facts).filter(({ encryption }) => !encryption)
      if (bare.length === 0 || isVmItself(facts)) return []
      const lines = bare.map(({ name }) => `\`${name}=<id>\``).join(', ')
      return [
        {
          seen: `${what}; ${LINE} names none for ${bare.map(({ name }) => name).join(', ')}`,
          fix: `A set encrypts in its own region only: add ${lines} to ${LINE}, or use a source that is encrypted with platform-managed keys.`,
        },
      ]
    },
  },
  {
    id: 'customer-managed-keys-vm',
    severity: 'error',
    title: 'An image with customer-managed keys is made of snapshots, not of the VM itself',
    objection: 'A VM with customer-managed keys cannot be the image itself',
    link: ENCRYPTION,
    check: (facts) => {
      const isEncrypted = disksOf(facts).some(({ disk }) => disk.diskEncryptionSetId)
      const asked = (facts.config.image?.encryptionSets.length ?? 0) > 0
      if (facts.config.image?.kind !== 'gallery' || !isVmItself(facts) || !(isEncrypted || asked)) return []
      const why = isEncrypted ? 'its disks are encrypted with customer-managed keys' : `${LINE} is given`
      return [
        {
          seen: `the image is to be made of ${nameOf(facts.content?.sourceId ?? '')} itself, and ${why}`,
          fix: 'Azure does not encrypt an image of a VM with such keys. Set `capture: live`: the image is then made of snapshots of the stopped VM.',
        },
      ]
    },
  },
  {
    id: 'disk-encryption-set',
    severity: 'error',
    title: 'The disk encryption sets exist, in their regions and in the subscription of the image',
    objection: 'Disk encryption set cannot be used',
    link: `${ENCRYPTION}#limitations`,
    check: ({ config: { image }, observed: { encryptionSets } }) =>
      (image?.encryptionSets ?? []).flatMap(({ id, region }) => {
        const set = encryptionSets?.get(id.toLowerCase())
        const name = `disk encryption set ${nameOf(id)}`
        if (!sameId(parseArmId(id)?.subscriptionId, parseArmId(image?.resourceGroup ?? '')?.subscriptionId))
          return [{ seen: `${name} is in another subscription than the image`, fix: 'Azure takes a set of the same subscription only.' }]
        if (encryptionSets?.has(id.toLowerCase()) && !set)
          return [{ seen: `${name} was not found: ${id}`, fix: `Check ${LINE}, \`resource-group\` and \`subscription-id\`.` }]
        return set && regionName(set.location) !== region
          ? [{ seen: `${name} is in ${set.location}, its line is for ${region}`, fix: 'Name a set of that region.' }]
          : []
      }),
  },
  {
    id: 'disk-encryption-sets-unused',
    severity: 'warning',
    title: 'Every line of `disk-encryption-sets` has an effect, and no region is without one',
    objection: 'Disk encryption sets do not fit the regions',
    link: ENCRYPTION,
    check: (facts) => {
      const { config, content } = facts
      const sets = config.image?.encryptionSets ?? []
      if (sets.length === 0 || !content) return []
      const regions = regionsOf(facts)
      const isTarget = (region: string) => regions.some(({ name }) => regionName(name) === region)
      const isEncrypted = disksOf(facts).some(({ disk }) => disk.diskEncryptionSetId)
      return [
        ...sets
          .filter(({ region, lun }) => !isTarget(region) || (lun !== undefined && !content.luns.includes(lun)))
          .map(({ region, lun }) => ({
            seen: `the line ${region}${lun === undefined ? '' : `/${lun}`} of ${LINE} has no effect: the version has no such ${isTarget(region) ? 'data disk' : 'region'}`,
            fix: 'Leave the line out, or add the region to `target-regions`.',
          })),
        ...regions
          .filter(({ encryption }) => !encryption && !isEncrypted)
          .map(({ name }) => ({
            seen: `the replica in ${name} is encrypted with platform-managed keys: ${LINE} names no set for it`,
            fix: `Add \`${name}=<id>\` if it is to be encrypted with a key of yours.`,
          })),
      ]
    },
  },
  {
    id: 'customer-managed-keys-nodes',
    severity: 'warning',
    title: 'Nodes of an image with customer-managed keys are in the subscription of the image',
    objection: 'Nodes may not get the customer-managed keys',
    link: 'https://learn.microsoft.com/azure/virtual-machines/disks-enable-customer-managed-keys-portal#restrictions',
    check: ({ config: { image, pool }, observed: { account } }) =>
      pool && account && image && image.encryptionSets.length > 0 && account.poolAllocationMode !== 'UserSubscription'
        ? [
            {
              seen: `account ${account.name} allocates nodes in a subscription of Azure Batch, and the image is encrypted with customer-managed keys`,
              fix: 'According to Microsoft’s documentation, disks of such an image can only be created in the subscription of the keys, with the same keys. If no node starts, use a Batch account in user subscription mode.',
            },
          ]
        : [],
  },
  {
    id: 'image-version-keys',
    severity: 'error',
    title: 'A requested version is encrypted as `disk-encryption-sets` says',
    objection: 'Image version has other encryption keys',
    link: ENCRYPTION,
    check: (facts) =>
      reused(facts)
        .filter(({ targetRegions: made }) => !isEncryptedAlike(made, regionsOf(facts)))
        .map(({ name }) => ({
          seen: `${name} exists, and its replicas are not encrypted as ${LINE} says`,
          fix: 'Keys of a version cannot be changed: choose another `image-version`, or `auto`.',
        })),
  },
]

/** The version's own regions, each with its sets. */
function regionsOf({ config: { image }, content, batchRegions: batch }: Facts): readonly TargetRegion[] {
  if (!image || !content) return []
  const regions = targetRegions(image, { sourceRegion: content.location, batch })
  return withEncryption(regions, image.encryptionSets, content.luns)
}

const isVmItself = ({ config: { source } }: Facts): boolean => source.kind === 'vm' && source.capture === 'generalized'
