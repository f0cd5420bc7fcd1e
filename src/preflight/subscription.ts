/** Rules about the subscription that an image is made in: its resource providers, and room for a throw-away machine. */
import { vmSizeNamed } from '../model/batch.ts'
import type { Rule } from './facts.ts'

export const SUBSCRIPTION_RULES: readonly Rule[] = [
  {
    id: 'resource-providers',
    severity: 'error',
    title: 'The resource providers that the run writes to are registered',
    objection: 'Resource provider not registered',
    link: 'https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types',
    check: ({ observed: { unregistered = [] } }) =>
      unregistered.map(({ namespace, subscriptionId, state }) => ({
        seen: `\`${namespace}\` is ${state === 'Registering' ? 'still being registered' : 'not registered'} in subscription ${subscriptionId}`,
        fix:
          state === 'Registering'
            ? 'Run again in some minutes.'
            : `\`az provider register --namespace ${namespace} --subscription ${subscriptionId}\`, with a role such as Contributor on the subscription.`,
      })),
  },
  {
    id: 'copy-cores',
    severity: 'error',
    title: 'The core quotas of Compute have room for the throw-away machine of `capture: copy`',
    objection: 'Core quota has no room for the throw-away machine',
    link: 'https://learn.microsoft.com/azure/virtual-machines/quotas',
    check: ({ observed: { copyRoom, vm } }) => {
      const size = vmSizeNamed(vm?.vm.vmSize, copyRoom?.sizes ?? [])
      const cores = Number(size?.capabilities.vCPUs ?? 0)
      if (!copyRoom || !size || cores === 0) return []
      const quotas = ['cores', size.familyName?.toLowerCase()]
      return copyRoom.usages
        .filter(({ name, currentValue, limit }) => quotas.includes(name.toLowerCase()) && currentValue + cores > limit)
        .map(({ name, currentValue, limit }) => ({
          seen: `the copy of ${vm?.vm.name} needs ${cores} cores (${size.name}); of ${name === 'cores' ? 'the regional cores' : `the cores of ${name}`} in ${vm?.vm.location}, ${currentValue} of ${limit} are in use`,
          fix: 'Request more quota of Microsoft.Compute (not of Batch), deallocate a machine, or choose a `capture` that makes no copy.',
        }))
    },
  },
]
