/** Rules about the machine that becomes the image. */
import { isUp } from '../image/source.ts'
import { TAGS } from '../image/tags.ts'
import { nameOf, regionName } from '../model/arm-id.ts'
import type { VirtualMachine } from '../model/compute.ts'
import type { Rule } from './facts.ts'
import { disksOf } from './source-disks.ts'

const GENERALIZE = 'https://learn.microsoft.com/azure/virtual-machines/generalize'
const IMAGE_VERSION = 'https://learn.microsoft.com/azure/virtual-machines/image-version'
const CUSTOM_IMAGES = 'https://learn.microsoft.com/azure/batch/batch-sig-images'

/** Or will, before anything else: a run that died has stopped it, and this one starts it again. */
const isRunning = ({ statuses, tags }: VirtualMachine): boolean =>
  statuses.includes('PowerState/running') || tags[TAGS.restart] !== undefined

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
      return isUp(vm.vm) ? [{ seen: `${vm.vm.name} runs`, fix: `Stop it: \`az vm deallocate --ids ${vm.vm.id}\`.` }] : []
    },
  },
  {
    id: 'vm-is-stopping',
    severity: 'error',
    title: 'With `capture: deallocate` nobody else is stopping the VM',
    link: 'https://learn.microsoft.com/azure/virtual-machines/states-billing',
    check: ({ config: { source }, observed: { vm } }) =>
      source.kind === 'vm' &&
      source.capture === 'deallocate' &&
      // A run that died may have stopped it: this one stops it again, and starts it afterwards.
      vm?.vm.tags[TAGS.restart] === undefined &&
      vm?.vm.statuses.some((code) => /^PowerState\/(?:stopping|deallocating)$/i.test(code))
        ? [
            {
              seen: `${vm.vm.name} is on its way down: ${vm.vm.statuses.join(', ')}`,
              fix: 'Run again once it is deallocated. It is not started afterwards: only a VM that runs is.',
            },
          ]
        : [],
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
      // A copy from another region is `Succeeded` at once, and goes on behind that.
      const copied = sourceSnapshots.filter(
        ({ provisioningState, completionPercent = 100 }) => provisioningState === 'Succeeded' && completionPercent < 100,
      )
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
        ...copied.map(({ name, completionPercent }) => ({
          seen: `snapshot ${name} is copied to ${completionPercent} %`,
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
    id: 'vm-extensions',
    severity: 'error',
    title: 'The VM has no extensions',
    link: CUSTOM_IMAGES,
    check: ({ observed: { vm } }) =>
      vm && vm.extensions.length > 0
        ? [
            {
              seen: `${vm.vm.name} has ${vm.extensions.map(({ name }) => name).join(', ')}`,
              fix: `Batch cannot deploy images that carry extensions. Remove them: ${vm.extensions.map(({ name }) => `\`az vm extension delete --ids ${vm.vm.id}/extensions/${name}\``).join(', ')}.`,
            },
          ]
        : [],
  },
  {
    id: 'purchase-plan',
    severity: 'warning',
    title: 'The purchase plan of the base image is carried along',
    link: CUSTOM_IMAGES,
    check: ({ imageTraits }) =>
      imageTraits?.purchasePlan
        ? [
            {
              seen: `the base image has plan ${imageTraits.purchasePlan.publisher}/${imageTraits.purchasePlan.product}/${imageTraits.purchasePlan.name}`,
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
              fix: 'Batch starts nodes only from a generalized system (Linux `waagent -deprovision+user`, Windows sysprep). If that was done inside, ignore this; if not, no node will start. `capture: copy` does it in a throw-away copy.',
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
      vm && isUp(vm.vm) && source.kind === 'vm' && source.capture === 'live'
        ? [
            {
              seen: `${vm.vm.name} runs: its snapshots are consistent only as after a power cut, each disk for itself`,
              fix: 'Use `capture: deallocate`, which stops it, takes the snapshots, and starts it again.',
            },
          ]
        : [],
  },
]
