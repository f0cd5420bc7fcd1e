/** Rules about the machine that becomes the image. */
import { nameOf } from '../arm-id.ts'
import type { Rule } from './facts.ts'

const CUSTOM_IMAGES = 'https://learn.microsoft.com/azure/batch/batch-sig-images'
const LARGEST_DATA_DISK_GIB = 1_024

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
    id: 'source-supported',
    severity: 'error',
    title: 'This version builds images from a VM as it stands, or after stopping it',
    link: CUSTOM_IMAGES,
    check: ({ config: { source } }) => {
      const way = source.kind === 'vm' ? (source.prepareScript ? 'prepare-script' : `capture: ${source.capture}`) : source.kind
      const isThere = way === 'capture: live' || way === 'capture: deallocate' || source.kind === 'image-id'
      return isThere ? [] : [{ seen: `\`${way}\` is not there yet`, fix: 'Use `vm` with `capture: live` or `deallocate`, or `image-id`.' }]
    },
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
    check: ({ observed: { vm } }) =>
      (vm?.disks ?? [])
        .filter(({ encryptionSettingsEnabled }) => encryptionSettingsEnabled)
        .map(({ name }) => ({
          seen: `disk ${name} is encrypted by Azure Disk Encryption`,
          fix: 'Decrypt it; pools can use `securityProfile.encryptionAtHost`.',
        })),
  },
  {
    id: 'data-disk-size',
    severity: 'error',
    title: 'Data disks are at most 1 TiB',
    link: 'https://learn.microsoft.com/azure/virtual-machines/image-version',
    check: ({ observed: { vm } }) =>
      (vm?.disks.slice(1) ?? [])
        .filter(({ diskSizeGB }) => diskSizeGB > LARGEST_DATA_DISK_GIB)
        .map(({ name, diskSizeGB }) => ({
          seen: `data disk ${name} has ${diskSizeGB} GiB`,
          fix: 'An image version takes data disks of up to 1 TiB: use smaller ones.',
        })),
  },
  {
    id: 'generalized',
    severity: 'warning',
    title: 'The operating system is generalized',
    link: 'https://learn.microsoft.com/azure/virtual-machines/generalize',
    check: ({ observed: { vm } }) =>
      vm && !vm.vm.statuses.includes('OSState/generalized')
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
    link: 'https://learn.microsoft.com/azure/virtual-machines/image-version',
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
