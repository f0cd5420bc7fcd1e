/** Pure: a throw-away copy of the golden VM, made of snapshots, so that it can be generalized while the original lives on. */
import type { Tags } from '../model/arm.ts'
import { type ArmId, childId } from '../model/arm-id.ts'
import type { OsType, VirtualMachine } from '../model/compute.ts'
import { GENERALIZE } from './generalize.ts'
import type { CapturedDisk } from './source.ts'
import { type TemporaryResource, type TemporaryType, temporaryResources } from './temporary.ts'

export interface CopyPlan {
  /** Put group by group, each side by side; deleted in the opposite order. */
  readonly groups: readonly (readonly TemporaryResource[])[]
  readonly vm: ArmId
  readonly osType: OsType
  /** Run one after the other inside the copy; the last one generalizes it. */
  readonly scripts: readonly string[]
  /** The disks of the copy, in the order of the captured ones. */
  readonly disks: readonly ArmId[]
}

export interface CopyQuestion {
  readonly group: ArmId
  /** At most 60 characters; every name of the copy begins with it. */
  readonly name: string
  readonly vm: VirtualMachine
  readonly captured: readonly CapturedDisk[]
  readonly prepareScript?: string
  readonly tags: Tags
}

export function planCopy(question: CopyQuestion): CopyPlan {
  const { vm, prepareScript, tags } = question
  const ids = idsOf(question)
  const resource = temporaryResources(vm.location, tags)
  return {
    vm: ids.machine,
    osType: vm.osType,
    disks: ids.disks,
    scripts: [...(prepareScript ? [prepareScript] : []), GENERALIZE[vm.osType]],
    groups: [
      [
        ...ids.snapshots.map((id, index) =>
          resource('snapshots', id, { properties: { ...copyOf(question.captured[index]?.sourceId ?? ''), incremental: true } }),
        ),
        resource('virtualNetworks', ids.network, NETWORK),
      ],
      [
        ...ids.disks.map((id, index) => resource('disks', id, { properties: copyOf(ids.snapshots[index] ?? '') })),
        resource('networkInterfaces', ids.nic, interfaceIn(ids.network)),
      ],
      [resource('virtualMachines', ids.machine, machineOf(question, ids))],
    ],
  }
}

type CopyIds = ReturnType<typeof idsOf>

function idsOf({ group, name, captured }: CopyQuestion) {
  const idOf = (type: TemporaryType, ending: string) => {
    const provider = type.startsWith('network') || type === 'virtualNetworks' ? 'Microsoft.Network' : 'Microsoft.Compute'
    return childId(group, `providers/${provider}/${type}`, `${name}${ending}`)
  }
  const endings = captured.map(({ disk }) => (disk === 'os' ? '-os' : `-lun${disk}`))
  return {
    snapshots: endings.map((ending) => idOf('snapshots', ending)),
    disks: endings.map((ending) => idOf('disks', ending)),
    network: idOf('virtualNetworks', '-net'),
    nic: idOf('networkInterfaces', '-nic'),
    machine: idOf('virtualMachines', ''),
  }
}

const copyOf = (sourceResourceId: string) => ({ creationData: { createOption: 'Copy', sourceResourceId } })

/** No public address: Run Command answers over the outbound access that Azure gives by default. */
const NETWORK = {
  properties: {
    addressSpace: { addressPrefixes: ['10.255.255.0/28'] },
    subnets: [{ name: 'default', properties: { addressPrefix: '10.255.255.0/28', defaultOutboundAccess: true } }],
  },
}

function interfaceIn(network: ArmId): object {
  const subnet = { id: `${network}/subnets/default` }
  return { properties: { ipConfigurations: [{ name: 'default', properties: { privateIPAllocationMethod: 'Dynamic', subnet } }] } }
}

function machineOf({ vm, captured }: CopyQuestion, { disks, nic }: CopyIds): object {
  const { plan, vmSize = 'Standard_D2s_v5', osType, securityType, uefiSettings } = vm
  const attach = captured.map(({ disk, caching }, index) => ({
    ...(disk === 'os' ? { osType } : { lun: disk }),
    createOption: 'Attach',
    deleteOption: 'Delete',
    caching,
    managedDisk: { id: disks[index] },
  }))
  const isSecured = securityType && securityType !== 'Standard'
  return {
    ...(plan && { plan }),
    properties: {
      hardwareProfile: { vmSize },
      storageProfile: { osDisk: attach[0], dataDisks: attach.slice(1) },
      networkProfile: { networkInterfaces: [{ id: nic, properties: { primary: true, deleteOption: 'Delete' } }] },
      ...(isSecured && { securityProfile: { securityType, ...(uefiSettings && { uefiSettings }) } }),
    },
  }
}
