/** Rules about the disks that become the image. */
import { sameId } from '../model/arm-id.ts'
import { poolNamed } from '../model/batch.ts'
import type { Disk } from '../model/compute.ts'
import type { Facts, Rule } from './facts.ts'

const IMAGE_VERSION = 'https://learn.microsoft.com/azure/virtual-machines/image-version'
const CUSTOM_IMAGES = 'https://learn.microsoft.com/azure/batch/batch-sig-images'
const LARGEST_DATA_DISK_GIB = 1_024
const LARGEST_MANAGED_IMAGE_DISK_GIB = 1_023

interface SourceDisk {
  /** E.g. `data disk golden-data`. */
  readonly what: string
  readonly disk: Disk
  readonly isData: boolean
}

/** The disks of the source as far as Azure shows them: those of a VM, or snapshots. Those of VHDs and managed images cannot be seen. */
export function disksOf({ config: { source }, observed: { vm, sourceSnapshots = [] } }: Facts): readonly SourceDisk[] {
  if (vm) {
    const osId = vm.vm.osDisk.managedDiskId
    return vm.disks.map((disk) => {
      const isData = !sameId(disk.id, osId)
      return { disk, isData, what: `${isData ? 'data disk' : 'disk'} ${disk.name}` }
    })
  }
  const osId = source.kind === 'snapshots' ? source.disks.find(({ disk }) => disk === 'os')?.source : undefined
  return sourceSnapshots.map((disk) => {
    const isData = !sameId(disk.id, osId)
    return { disk, isData, what: `snapshot ${disk.name}` }
  })
}

export const SOURCE_DISK_RULES: readonly Rule[] = [
  {
    id: 'managed-disks',
    severity: 'error',
    title: 'All disks of the VM are managed disks that outlast it',
    objection: 'Disk of the VM is not a lasting managed disk',
    link: CUSTOM_IMAGES,
    check: ({ observed: { vm } }) =>
      (vm ? [vm.vm.osDisk, ...vm.vm.dataDisks] : [])
        .filter(({ managedDiskId, ephemeral }) => !managedDiskId || ephemeral)
        .map(({ name, ephemeral }) => ({
          seen: `disk ${name} is ${ephemeral ? 'an ephemeral OS disk' : 'not a managed disk'}`,
          fix: ephemeral
            ? 'Azure can neither take a snapshot of an ephemeral OS disk nor make an image of it: build the golden VM with a managed OS disk.'
            : 'Only managed disks can be snapshotted. Stop the VM, then `az vm convert`.',
        })),
  },
  {
    id: 'disk-encryption',
    severity: 'error',
    title: 'The disks are not encrypted by Azure Disk Encryption',
    objection: 'Disk is encrypted by Azure Disk Encryption',
    link: CUSTOM_IMAGES,
    check: (facts) =>
      disksOf(facts)
        .filter(({ disk }) => disk.encryptionSettingsEnabled)
        .map(({ what }) => ({
          seen: `${what} is encrypted by Azure Disk Encryption`,
          fix: 'Nodes cannot open it. Turn the encryption off (`az vm encryption disable`; a Linux OS disk has to be rebuilt); pools can use `securityProfile.encryptionAtHost`.',
        })),
  },
  {
    id: 'data-disk-size',
    severity: 'error',
    title: 'Data disks are at most 1 TiB',
    objection: 'Data disk is too large',
    link: IMAGE_VERSION,
    check: (facts) =>
      disksOf(facts)
        .filter(({ disk, isData }) => isData && disk.diskSizeGB > LARGEST_DATA_DISK_GIB)
        .map(({ what, disk: { diskSizeGB } }) => ({
          seen: `${what} has ${diskSizeGB} GiB`,
          fix: 'An image version takes data disks of up to 1 TiB: use smaller ones.',
        })),
  },
  {
    id: 'os-disk-size',
    severity: 'error',
    title: 'The OS disk of a managed image has at most 1,023 GiB',
    objection: 'OS disk is too large for a managed image',
    link: 'https://learn.microsoft.com/rest/api/compute/images/create-or-update#imageosdisk',
    check: (facts) =>
      facts.config.image?.kind !== 'managed'
        ? []
        : disksOf(facts)
            .filter(({ disk, isData }) => !isData && disk.diskSizeGB > LARGEST_MANAGED_IMAGE_DISK_GIB)
            .map(({ what, disk: { diskSizeGB } }) => ({
              seen: `${what} has ${diskSizeGB} GiB`,
              fix: 'Use `image-kind: gallery`, or a smaller OS disk.',
            })),
  },
  {
    id: 'os-disk-caching',
    severity: 'warning',
    title: 'The OS disk is cached for reading and writing',
    objection: 'OS disk is not cached for reading and writing',
    link: CUSTOM_IMAGES,
    check: ({ observed: { vm } }) =>
      vm && vm.vm.osDisk.caching !== 'ReadWrite'
        ? [
            {
              seen: `OS disk ${vm.vm.osDisk.name} has caching ${vm.vm.osDisk.caching}`,
              fix: 'Nodes start faster with `ReadWrite`: `az vm update --set storageProfile.osDisk.caching=ReadWrite`.',
            },
          ]
        : [],
  },
  {
    id: 'data-disks-mounted',
    severity: 'warning',
    title: 'Data disks are mounted on the nodes',
    objection: 'Data disks may not be mounted',
    link: 'https://learn.microsoft.com/azure/batch/batch-sig-images',
    check: ({ config: { pool }, content, observed: { pools } }) => {
      const luns = (content?.captured ?? []).flatMap(({ disk }) => (disk === 'os' ? [] : [disk]))
      const isNew = pool?.strategy === 'blue-green' || pool?.strategy === 'replace'
      const kept = (id: string) => (isNew ? undefined : poolNamed(id, pools)?.properties.startTask)
      const isMounted = (pool?.requests ?? []).every(({ id, properties }) => (properties.startTask ?? kept(id)) !== undefined)
      return pool && luns.length > 0 && !isMounted
        ? [
            {
              seen: `the image has data disks at LUN ${luns.join(', ')}, and a pool has no start task`,
              fix: 'Batch attaches data disks and does not mount them. If `/etc/fstab` of the image does not do it (by UUID, `nofail`), let a start task mount `/dev/disk/azure/scsi1/lun<N>`.',
            },
          ]
        : []
    },
  },
]
