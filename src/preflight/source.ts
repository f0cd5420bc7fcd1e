/** Rules about the machine that becomes the image. */
import { isStopping, isUp } from '../image/source.ts'
import { TAGS } from '../image/tags.ts'
import { nameOf, parseArmId, sameId } from '../model/arm-id.ts'
import type { VirtualMachine } from '../model/compute.ts'
import type { Rule } from './facts.ts'
import { isGroupInDoubt, showGroup } from './resource-group.ts'
import { disksOf } from './source-disks.ts'

const GENERALIZE = 'https://learn.microsoft.com/azure/virtual-machines/generalize'
const IMAGE_VERSION = 'https://learn.microsoft.com/azure/virtual-machines/image-version'
const CUSTOM_IMAGES = 'https://learn.microsoft.com/azure/batch/batch-sig-images'

/** Whether the VM is running, or will be: a VM that an interrupted run stopped is started again before anything else. */
const isRunning = ({ statuses, tags }: VirtualMachine): boolean =>
  statuses.includes('PowerState/running') || tags[TAGS.restart] !== undefined

/** The ways of capturing for which the user guarantees that the system inside is generalized. */
const VOUCHED = new Set<string>(['live', 'deallocate', 'restore-point'])

export const SOURCE_RULES: readonly Rule[] = [
  {
    id: 'vm-exists',
    severity: 'error',
    title: 'The golden VM exists',
    objection: 'Golden VM not found',
    link: CUSTOM_IMAGES,
    check: (facts) => {
      const { source, pool } = facts.config
      if (source.kind !== 'vm' || facts.observed.vm) return []
      if (pool && isGroupInDoubt(facts)) {
        return [
          {
            seen: `neither virtual machine ${nameOf(source.id)} nor Batch account ${nameOf(pool.account)} was found in ${showGroup(source.id)}`,
            fix: 'Check `resource-group` and `subscription-id` first, then `vm` and `batch-account`.',
          },
        ]
      }
      return [
        {
          seen: `virtual machine ${nameOf(source.id)} was not found: ${source.id}`,
          fix: 'Check `vm`, `resource-group` and `subscription-id`.',
        },
      ]
    },
  },
  {
    id: 'capture-generalized',
    severity: 'error',
    title: 'With `capture: generalized` the VM is stopped and marked as generalized',
    objection: 'VM is not marked as generalized',
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
      return isUp(vm.vm) ? [{ seen: `${vm.vm.name} is running`, fix: `Stop it: \`az vm deallocate --ids ${vm.vm.id}\`.` }] : []
    },
  },
  {
    id: 'vm-is-stopping',
    severity: 'error',
    title: 'With `capture: deallocate`, nobody else is stopping the VM',
    objection: 'VM is being stopped',
    link: 'https://learn.microsoft.com/azure/virtual-machines/states-billing',
    check: ({ config: { source }, observed: { vm } }) =>
      source.kind === 'vm' &&
      source.capture === 'deallocate' &&
      vm &&
      // An interrupted run may have stopped it: this run stops it again, and starts it afterwards.
      vm.vm.tags[TAGS.restart] === undefined &&
      isStopping(vm.vm)
        ? [
            {
              seen: `${vm.vm.name} is being stopped: ${vm.vm.statuses.join(', ')}`,
              fix: 'Run again once it is deallocated. The action does not start it afterwards: it starts only a VM that was running.',
            },
          ]
        : [],
  },
  {
    id: 'restore-point-subscription',
    severity: 'error',
    title: 'With `capture: restore-point` the VM and the image are in one subscription',
    objection: 'VM and image are in two subscriptions',
    link: 'https://learn.microsoft.com/azure/virtual-machines/virtual-machines-create-restore-points',
    check: ({ config: { source, image } }) =>
      source.kind === 'vm' &&
      source.capture === 'restore-point' &&
      image &&
      !sameId(parseArmId(source.id)?.subscriptionId, parseArmId(image.resourceGroup)?.subscriptionId)
        ? [
            {
              seen: `${nameOf(source.id)} is in another subscription than resource group ${nameOf(image.resourceGroup)}`,
              fix: 'A restore point is made in the subscription of its VM: use a `resource-group` there, or another `capture`.',
            },
          ]
        : [],
  },
  {
    id: 'prepare-script-vm-runs',
    severity: 'error',
    title: 'A VM that is to run `prepare-script` is running',
    objection: 'VM for `prepare-script` is not running',
    link: 'https://learn.microsoft.com/azure/virtual-machines/run-command-overview',
    check: ({ config: { source }, observed: { vm } }) => {
      if (source.kind !== 'vm' || !source.prepareScript || source.capture === 'copy' || !vm || isRunning(vm.vm)) return []
      const seen = `${vm.vm.name} is not running (${vm.vm.statuses.join(', ')}), so the script cannot run`
      return vm.vm.statuses.includes('OSState/generalized')
        ? [{ seen, fix: 'A VM that is marked as generalized never starts again: leave `prepare-script` out, or build from another VM.' }]
        : [{ seen, fix: 'Start the VM first, or leave `prepare-script` out.' }]
    },
  },
  {
    id: 'vm-extensions',
    severity: 'error',
    title: 'The VM has no extensions',
    objection: 'VM has extensions',
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
    title: 'The purchase plan of the base image is passed on',
    objection: 'Purchase plan is needed',
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
    title: 'The VM is not a confidential VM',
    objection: 'Confidential VM cannot become the image',
    link: 'https://learn.microsoft.com/azure/confidential-computing/confidential-vm-overview',
    check: (facts) =>
      facts.observed.vm?.vm.securityType === 'ConfidentialVM' ||
      disksOf(facts).some(({ disk }) => disk.securityType?.startsWith('ConfidentialVM'))
        ? [
            {
              seen: `${nameOf(facts.content?.sourceId ?? '')} belongs to a confidential VM: its disks are bound to that VM`,
              fix: 'Build the golden VM as a standard or Trusted Launch VM; pools can still request `securityType: confidentialVM`.',
            },
          ]
        : [],
  },
  {
    id: 'generalized',
    severity: 'warning',
    title: 'The operating system is generalized',
    objection: 'VM is not marked as generalized',
    link: GENERALIZE,
    check: ({ config: { source }, observed: { vm } }) =>
      vm && source.kind === 'vm' && VOUCHED.has(source.capture) && !vm.vm.statuses.includes('OSState/generalized')
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
    title: 'The VM is not running while its disks are copied',
    objection: 'VM is running',
    link: IMAGE_VERSION,
    check: ({ config: { source }, observed: { vm } }) =>
      vm && isUp(vm.vm) && source.kind === 'vm' && source.capture === 'live'
        ? [
            {
              seen: `${vm.vm.name} is running: each of its snapshots is only as consistent as after a power failure, and not with the others`,
              fix: 'Use `capture: restore-point`, which takes all disks at one moment, or `capture: deallocate`, which stops the VM, takes the snapshots, and starts it again.',
            },
          ]
        : [],
  },
]
