import type { Compute } from '../../model/compute.ts'
import { PACES } from '../pace.ts'
import { type ComputeCalls, placeOf } from './calls.ts'
import { toVirtualMachine } from './model.ts'
import { removeRunCommand, runScript } from './run-command.ts'

type VirtualMachines = Pick<Compute, 'getVm' | 'deallocateVm' | 'startVm' | 'runScript' | 'removeRunCommand' | 'listUsages'>

/** Virtual machines, and what a subscription uses for them. */
export function virtualMachines(calls: ComputeCalls): VirtualMachines {
  const { vm: pace } = PACES
  return {
    async getVm(id) {
      const { group, name } = placeOf(id)
      const vm = await calls.read('read virtual machine', id, (options) =>
        calls.for(id).virtualMachines.get(group, name, { ...options, expand: 'instanceView' }),
      )
      return vm && toVirtualMachine(vm)
    },

    deallocateVm(id, signal) {
      const { group, name } = placeOf(id)
      const operation = 'deallocate virtual machine'
      return calls.run({
        operation,
        method: 'POST',
        id,
        pace,
        signal,
        send: (options) => calls.for(id).virtualMachines.deallocate(group, name, options),
      })
    },

    startVm(id, signal) {
      const { group, name } = placeOf(id)
      const operation = 'start virtual machine'
      return calls.run({
        operation,
        method: 'POST',
        id,
        pace,
        signal,
        send: (options) => calls.for(id).virtualMachines.start(group, name, options),
      })
    },

    runScript: (request, signal) => runScript(calls, request, signal),
    removeRunCommand: (target, signal) => removeRunCommand(calls, target, signal),

    async listUsages(subscriptionId, location) {
      const region = `/subscriptions/${subscriptionId}/providers/Microsoft.Compute/locations/${location}`
      const all = await calls.list('list usages of Compute', region, (options) => calls.of(subscriptionId).usage.list(location, options))
      return (all ?? []).map(({ name, currentValue, limit }) => ({ name: name.value ?? '', currentValue, limit }))
    },
  }
}
