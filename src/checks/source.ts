/** Rules about the machine that becomes the image. */
import { nameOf, sameId } from '../arm-id.ts'
import type { Disk, VirtualMachine } from '../ports.ts'
import { regionName, TAGS } from '../provenance.ts'
import type { Facts, Rule } from './facts.ts'

const GENERALIZE = 'https://learn.microsoft.com/azure/virtual-machines/generalize'
const IMAGE_VERSION = 'https://learn.microsoft.com/azure/virtual-machines/image-version'
const CUSTOM_IMAGES = 'https://learn.microsoft.com/azure/batch/batch-sig-images'
const LARGEST_DATA_DISK_GIB = 1_024
const LARGEST_MANAGED_IMAGE_DISK_GIB = 1_023

/** Or will, before anything else: a run that died has stopped it, and this one starts it again. */
const isRunning = ({ statuses, tags }: VirtualMachine): boolean =>
  statuses.includes('PowerState/running') || tags[TAGS.restart] !== undefined

interface SourceDisk {
  /** E.g. `data disk golden-data`. */
  readonly what: string
  readonly disk: Disk
  readonly isData: boolean
}

/** The disks of the source as far as Azure tells of them: of a VM, or snapshots. VHDs and managed images keep theirs to themselves. */
function disksOf({ config: { source }, observed: { vm, sourceSnapshots = [] } }: Facts): readonly SourceDisk[] {
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

export const SOURCE_RULES: readonly Rule[] = [
  {
    id: 'vm-exists',
    severity: 'error',
    title: 'The golden VM exists',
    link: CUSTOM_IMAGES,
    check: ({ config: { source }, observed: { vm } }) =>
      source.kind === 'vm' && !vm
        ? [
            {
              seen: `virtual machine ${nameOf(source.id)} was not found: ${source.id}`,
              fix: 'Check `vm`, `resource-group` and `subscription-id`.',
            },
          ]
        : [],
  },
  {
    id: 'capture-generalized',
    severity: 'error',
    title: 'With `capture: generalized` the VM is stopped and marked as generalized',
    link: GENERALIZE,
    check: ({ config: { source }, observed: { vm } }) => {
      if (source.kind !== 'vm' || source.capture !== 'generalized' || !vm) return []
      if (!vm.vm.statuses.includes('OSState/generalized')) {
        return [
          {
            seen: `${vm.vm.name} is not marked as generalized`,
            fix: `Prepare the system inside, then \`az vm deallocate\` and \`az vm generalize --ids ${vm.vm.id}\`; or use another \`capture\`.`,
          },
        ]
      }
      return vm.vm.statuses.includes('PowerState/running')
        ? [{ seen: `${vm.vm.name} runs`, fix: `Stop it: \`az vm deallocate --ids ${vm.vm.id}\`.` }]
        : []
    },
  },
  {
    id: 'prepare-script-vm-runs',
    severity: 'error',
    title: 'A VM that is to run `prepare-script` is running',
    link: 'https://learn.microsoft.com/azure/virtual-machines/run-command-overview',
    check: ({ config: { source }, observed: { vm } }) =>
      source.kind === 'vm' && source.prepareScript && source.capture !== 'copy' && vm && !isRunning(vm.vm)
        ? [
            {
              seen: `${vm.vm.name} does not run (${vm.vm.statuses.join(', ')}), so the script cannot`,
              fix: 'Start the VM before, or leave `prepare-script` out.',
            },
          ]
        : [],
  },
  {
    id: 'snapshots-exist',
    severity: 'error',
    title: 'The snapshots given exist, are complete, and are in one region',
    link: IMAGE_VERSION,
    check: ({ config: { source }, observed: { sourceSnapshots = [] } }) => {
      if (source.kind !== 'snapshots') return []
      const found = (id: string) => sourceSnapshots.find((snapshot) => snapshot.id.toLowerCase() === id.toLowerCase())
      const missing = source.disks.filter(({ source: id }) => !found(id))
      const half = sourceSnapshots.filter(({ provisioningState }) => provisioningState !== 'Succeeded')
      const regions = [...new Set(sourceSnapshots.map(({ location }) => regionName(location)))]
      return [
        ...missing.map(({ disk, source: id }) => ({
          seen: `snapshot ${nameOf(id)} (${disk}) was not found: ${id}`,
          fix: 'Check `snapshots`, `resource-group` and `subscription-id`.',
        })),
        ...half.map(({ name, provisioningState }) => ({
          seen: `snapshot ${name} is ${provisioningState}`,
          fix: 'Wait for it, or take another.',
        })),
        ...(regions.length > 1
          ? [
              {
                seen: `the snapshots are in ${regions.join(' and ')}`,
                fix: 'Copy them to one region: an image is made in the region of its disks.',
              },
            ]
          : []),
      ]
    },
  },
  {
    id: 'managed-image-exists',
    severity: 'error',
    title: 'The managed image given exists, and is generalized',
    link: IMAGE_VERSION,
    check: ({ config: { source }, observed: { sourceImage } }) => {
      if (source.kind !== 'managed-image') return []
      if (!sourceImage) {
        return [
          {
            seen: `managed image ${nameOf(source.id)} was not found: ${source.id}`,
            fix: 'Check `managed-image`, `resource-group` and `subscription-id`.',
          },
        ]
      }
      return sourceImage.osState === 'Specialized'
        ? [
            {
              seen: `managed image ${sourceImage.name} is specialized`,
              fix: 'Batch starts nodes only from generalized images: make another.',
            },
          ]
        : []
    },
  },
  {
    id: 'vhd-storage-account',
    severity: 'error',
    title: 'The storage account of the VHDs is found in the subscription',
    link: IMAGE_VERSION,
    check: ({ config: { source }, observed: { storageAccount } }) =>
      source.kind === 'vhd' && !storageAccount
        ? [
            {
              seen: `no storage account ${source.storageAccount ?? new URL(source.disks[0]?.source ?? '').hostname.split('.')[0]} is visible in the subscription`,
              fix: 'Name it with `vhd-storage-account` (name or resource id), and let the identity read it.',
            },
          ]
        : [],
  },
  {
    id: 'managed-disks',
    severity: 'error',
    title: 'All disks of the VM are managed disks',
    link: CUSTOM_IMAGES,
    check: ({ observed: { vm } }) =>
      (vm ? [vm.vm.osDisk, ...vm.vm.dataDisks] : [])
        .filter(({ managedDiskId }) => !managedDiskId)
        .map(({ name, ephemeral }) => ({
          seen: `disk ${name} is ${ephemeral ? 'an ephemeral disk' : 'not a managed disk'}`,
          fix: 'Convert it to a managed disk; only those can be snapshotted.',
        })),
  },
  {
    id: 'vm-extensions',
    severity: 'error',
    title: 'The VM has no extensions',
    link: CUSTOM_IMAGES,
    check: ({ observed: { vm } }) =>
      vm && vm.extensions.length > 0
        ? [
            {
              seen: `${vm.vm.name} has ${vm.extensions.map(({ name }) => name).join(', ')}`,
              fix: 'Remove the extensions from the golden VM: Batch cannot deploy images that carry any.',
            },
          ]
        : [],
  },
  {
    id: 'disk-encryption',
    severity: 'error',
    title: 'The disks are not encrypted by Azure Disk Encryption',
    link: CUSTOM_IMAGES,
    check: (facts) =>
      disksOf(facts)
        .filter(({ disk }) => disk.encryptionSettingsEnabled)
        .map(({ what }) => ({
          seen: `${what} is encrypted by Azure Disk Encryption`,
          fix: 'Decrypt it; pools can use `securityProfile.encryptionAtHost`.',
        })),
  },
  {
    id: 'data-disk-size',
    severity: 'error',
    title: 'Data disks are at most 1 TiB',
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
    link: 'https://learn.microsoft.com/azure/batch/batch-sig-images',
    check: ({ config: { pool }, content }) => {
      const luns = (content?.captured ?? []).flatMap(({ disk }) => (disk === 'os' ? [] : [disk]))
      const isMounted = (pool?.requests ?? []).every(({ properties }) => properties.startTask !== undefined)
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
  {
    id: 'purchase-plan',
    severity: 'warning',
    title: 'The purchase plan of the base image is carried along',
    link: CUSTOM_IMAGES,
    check: ({ derived }) =>
      derived?.purchasePlan
        ? [
            {
              seen: `the base image has plan ${derived.purchasePlan.publisher}/${derived.purchasePlan.product}/${derived.purchasePlan.name}`,
              fix: 'The definition gets the same plan. Accept its terms in the subscription of the Batch account: `az vm image terms accept`.',
            },
          ]
        : [],
  },
  {
    id: 'confidential-vm',
    severity: 'error',
    title: 'The VM is no confidential VM',
    link: 'https://learn.microsoft.com/azure/confidential-computing/confidential-vm-overview',
    check: (facts) =>
      facts.observed.vm?.vm.securityType === 'ConfidentialVM' ||
      disksOf(facts).some(({ disk }) => disk.securityType?.startsWith('ConfidentialVM'))
        ? [
            {
              seen: `${nameOf(facts.content?.sourceId ?? '')} is, or is of, a confidential VM: its disks are bound to it`,
              fix: 'Build the golden machine as a standard or Trusted Launch VM; pools can ask for `securityType: confidentialVM`.',
            },
          ]
        : [],
  },
  {
    id: 'generalized',
    severity: 'warning',
    title: 'The operating system is generalized',
    link: GENERALIZE,
    check: ({ config: { source }, observed: { vm } }) =>
      vm &&
      source.kind === 'vm' &&
      (source.capture === 'live' || source.capture === 'deallocate') &&
      !vm.vm.statuses.includes('OSState/generalized')
        ? [
            {
              seen: `${vm.vm.name} is not marked as generalized`,
              fix: 'Batch starts nodes only from a generalized system (Linux `waagent -deprovision+user`, Windows sysprep). If it was done inside, ignore this; else every node will end unusable.',
            },
          ]
        : [],
  },
  {
    id: 'running-source',
    severity: 'warning',
    title: 'The VM does not run while its disks are copied',
    link: IMAGE_VERSION,
    check: ({ config: { source }, observed: { vm } }) =>
      vm?.vm.statuses.includes('PowerState/running') && source.kind === 'vm' && source.capture === 'live'
        ? [
            {
              seen: `${vm.vm.name} runs: its snapshots are consistent only as after a power cut, each disk for itself`,
              fix: 'Use `capture: deallocate`.',
            },
          ]
        : [],
  },
]
