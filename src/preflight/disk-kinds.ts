/** Rules about kinds of disks that Azure makes no image of. */
import type { Disk } from '../model/compute.ts'
import type { Facts, Rule } from './facts.ts'
import { disksOf } from './source-disks.ts'

/** Neither kind can be used with Azure Compute Gallery. */
const UNSUPPORTED_SKUS: Readonly<Record<string, { readonly name: string; readonly link: string }>> = {
  UltraSSD_LRS: { name: 'an Ultra disk', link: 'https://learn.microsoft.com/azure/virtual-machines/disks-types#ultra-disk-limitations' },
  PremiumV2_LRS: {
    name: 'a Premium SSD v2 disk',
    link: 'https://learn.microsoft.com/azure/virtual-machines/disks-types#premium-ssd-v2-limitations',
  },
}

const EXPORT = 'https://learn.microsoft.com/azure/virtual-machines/disks-restrict-import-export-overview'

export const DISK_KIND_RULES: readonly Rule[] = [
  {
    id: 'disk-kind',
    severity: 'error',
    title: 'No disk is an Ultra or Premium SSD v2 disk',
    objection: 'Disk type cannot become an image',
    link: 'https://learn.microsoft.com/azure/virtual-machines/disks-types',
    check: (facts) =>
      disksOf(facts).flatMap(({ what, disk }) => {
        const kind = UNSUPPORTED_SKUS[disk.sku ?? '']
        return kind
          ? [
              {
                seen: `${what} is ${kind.name}`,
                fix: `Azure makes no images of it (${kind.link}): detach it, or copy its data to a Premium SSD.`,
              },
            ]
          : []
      }),
  },
  {
    id: 'shared-disk',
    severity: 'error',
    title: 'No disk is shared between VMs',
    objection: 'Disk is shared between VMs',
    link: 'https://learn.microsoft.com/azure/virtual-machines/disks-shared',
    check: (facts) =>
      disksOf(facts)
        .filter(({ disk: { maxShares = 1 } }) => maxShares > 1)
        .map(({ what, disk: { maxShares } }) => ({
          seen: `${what} can be attached to ${maxShares} VMs at once`,
          fix: 'An image cannot contain a shared disk: detach it, or copy its data to a disk of the VM alone.',
        })),
  },
  {
    id: 'disk-export',
    severity: 'error',
    title: 'Disks and snapshots that become the image themselves may be exported',
    objection: 'Disk may not be exported',
    link: EXPORT,
    check: (facts) =>
      isSourceItself(facts)
        ? disksOf(facts)
            .filter(({ disk }) => disk.networkAccessPolicy === 'DenyAll')
            .map(({ what, disk }) => ({
              seen: `${what} denies every export (networkAccessPolicy DenyAll)`,
              fix: `Allow it while the image is made: \`az ${kindOf(disk)} update --ids ${disk.id} --network-access-policy AllowAll\`.`,
            }))
        : [],
  },
  {
    id: 'managed-image-architecture',
    severity: 'error',
    title: 'A managed image is of x64 disks',
    objection: 'Managed images take no Arm64 disks',
    link: 'https://learn.microsoft.com/azure/virtual-machines/capture-image-resource',
    check: ({ config: { image }, imageTraits }) =>
      image?.kind === 'managed' && imageTraits?.architecture === 'Arm64'
        ? [{ seen: 'the disks are of Arm64', fix: 'Use `image-kind: gallery`: Azure makes no managed images of Arm64.' }]
        : [],
  },
]

/** No snapshot is taken: the disks, or the given snapshots, go into the image as they are. */
const isSourceItself = ({ config: { source } }: Facts): boolean =>
  source.kind === 'snapshots' || (source.kind === 'vm' && source.capture === 'generalized')

const kindOf = ({ id }: Disk): string => (/\/snapshots\//i.test(id) ? 'snapshot' : 'disk')
