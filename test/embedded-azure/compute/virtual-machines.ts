/** Microsoft.Compute/virtualMachines: power states, generalize, Run Command, extensions. */
import { randomUUID } from 'node:crypto'
import { type Arm, create, found, list, plainRegion, remove, required, retag, routesOf, routeToAll, shown } from '../arm/resources.ts'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import type { Resource } from '../world.ts'
import { runCommand } from './run-command.ts'

export const COMPUTE =
  '2020-06-01 2020-12-01 2021-03-01 2021-04-01 2021-07-01 2021-11-01 2022-03-01 2022-08-01 2022-11-01 2023-03-01 2023-07-01 2023-09-01 2024-03-01 2024-07-01 2024-11-01 2025-04-01 2025-11-01 2026-03-01 2026-04-01'.split(
    ' ',
  )
const has = (vm: Resource, status: string): boolean => vm.properties.statuses.includes(status)
const KIND = { type: 'Microsoft.Compute/virtualMachines', path: 'operations', retryAfterS: 10 } as const
/** Medians of recorded Azure. */
const DURATION_MS = {
  deallocate: 40_500,
  start: 20_000,
  create: 60_000,
  delete: 30_000,
  tags: 2_000,
}

/** What the instance view shows until a power operation has ended. https://learn.microsoft.com/azure/virtual-machines/states-billing */
const MEANWHILE: Readonly<Record<string, string>> = {
  'PowerState/deallocated': 'PowerState/deallocating',
  'PowerState/stopped': 'PowerState/stopping',
  'PowerState/running': 'PowerState/starting',
}

/** @param refuseCores Refuses a machine of this size where a core quota of the subscription has no room for it. */
export function virtualMachineRoutes(arm: Arm, refuseCores: (vmSize: string) => void): readonly Route[] {
  const route = routesOf('Microsoft.Compute', COMPUTE)
  /** Power operations on a VM go one after the other. What Azure does with two at once is not documented. */
  const busyUntilMs = new WeakMap<Resource, number>()
  const vmOf = (call: Call): Resource => found(arm, call, call.path.replace(/(\/virtualMachines\/[^/]+)\/.*$/i, '$1'))

  const powerTo = (power: string, verb: string, lastsMs: number) => (call: Call) => {
    const vm = vmOf(call)
    if (verb === 'Start VM' && has(vm, 'OSState/generalized')) {
      throw new Refusal(409, 'OperationNotAllowed', `Operation 'Start VM' is not allowed on VM '${vm.name}' since the VM is generalized.`)
    }
    setPower(vm, MEANWHILE[power] ?? power)
    const nowMs = arm.clock.now().getTime()
    const endsAtMs = Math.max(nowMs, busyUntilMs.get(vm) ?? 0) + lastsMs
    busyUntilMs.set(vm, endsAtMs)
    return arm.operations.start(call, {
      path: 'operations',
      status: 202,
      hasLocation: true,
      retryAfterS: 10,
      afterMs: endsAtMs - nowMs,
      end: () => {
        setPower(vm, power)
        touchDisks(arm, vm)
      },
    })
  }

  return [
    routeToAll(arm, COMPUTE, KIND.type),
    routeToAll(arm, COMPUTE, 'Microsoft.Compute/virtualMachineScaleSets'),
    route('GET', '/virtualMachineScaleSets', 'virtualMachineScaleSets/read', list(arm)),
    route('GET', '/virtualMachines', 'virtualMachines/read', list(arm)),
    route('GET', '/virtualMachines/:name', 'virtualMachines/read', (call) => ({ status: 200, body: withView(vmOf(call), call) })),
    route('GET', '/virtualMachines/:name/instanceView', 'virtualMachines/instanceView/read', (call) => ({
      status: 200,
      body: instanceView(vmOf(call)),
    })),
    route('GET', '/virtualMachines/:name/extensions', 'virtualMachines/extensions/read', (call) => ({
      status: 200,
      body: { value: extensionsOf(vmOf(call)) },
    })),
    route(
      'POST',
      '/virtualMachines/:name/deallocate',
      'virtualMachines/deallocate/action',
      powerTo('PowerState/deallocated', 'Deallocate VM', DURATION_MS.deallocate),
    ),
    route(
      'POST',
      '/virtualMachines/:name/powerOff',
      'virtualMachines/powerOff/action',
      powerTo('PowerState/stopped', 'Power Off VM', DURATION_MS.start),
    ),
    route(
      'POST',
      '/virtualMachines/:name/start',
      'virtualMachines/start/action',
      powerTo('PowerState/running', 'Start VM', DURATION_MS.start),
    ),
    route('POST', '/virtualMachines/:name/generalize', 'virtualMachines/generalize/action', (call) => {
      const vm = vmOf(call)
      if (!has(vm, 'PowerState/deallocated') && !has(vm, 'PowerState/stopped')) {
        throw new Refusal(
          409,
          'OperationNotAllowed',
          `Operation 'generalize' is not allowed on VM '${vm.name}' since the VM is running. Please power off or deallocate the VM first.`,
        )
      }
      if (!has(vm, 'OSState/generalized')) vm.properties.statuses = ['OSState/generalized', ...vm.properties.statuses]
      return { status: 200 }
    }),
    route('POST', '/virtualMachines/:name/runCommand', 'virtualMachines/runCommand/action', (call) => runCommand(arm, vmOf(call), call)),
    route('PUT', '/virtualMachines/:name', 'virtualMachines/write', (call) => createVm(arm, call, refuseCores)),
    route('PATCH', '/virtualMachines/:name', 'virtualMachines/write', retag(arm, KIND, DURATION_MS.tags)),
    route('DELETE', '/virtualMachines/:name', 'virtualMachines/delete', (call) => {
      const vm = arm.world.get(call.path)
      const answer = remove(arm, KIND, DURATION_MS.delete)(call)
      if (vm) arm.clock.after(DURATION_MS.delete, () => letGo(arm, vm))
      return answer
    }),
  ]
}

/**
 * With its extensions as `resources`.
 * https://github.com/Azure/azure-rest-api-specs/blob/main/specification/compute/resource-manager/Microsoft.Compute/ComputeRP/stable/2024-03-01/examples/virtualMachineExamples/VirtualMachine_Get.json
 */
function withView(vm: Resource, call: Call): Resource {
  const extensions = extensionsOf(vm)
  const resource = { ...shown(vm), ...(extensions.length > 0 && { resources: extensions }) }
  if (call.query.get('$expand') !== 'instanceView') return resource
  return { ...resource, properties: { ...resource.properties, instanceView: instanceView(vm) } }
}

function instanceView(vm: Resource): object {
  return {
    statuses: vm.properties.statuses.map((code: string) => ({
      code,
      level: 'Info',
      displayStatus: code === 'OSState/generalized' ? 'VM generalized' : `VM ${code.slice(code.indexOf('/') + 1)}`,
    })),
  }
}

function extensionsOf(vm: Resource): readonly object[] {
  return vm.properties.extensions.map((name: string) => ({
    id: `${vm.id}/extensions/${name}`,
    name,
    type: 'Microsoft.Compute/virtualMachines/extensions',
    location: vm.location,
    properties: {
      publisher: 'Microsoft.Azure.Monitor',
      type: name,
      typeHandlerVersion: '1.0',
      autoUpgradeMinorVersion: true,
      provisioningState: 'Succeeded',
    },
  }))
}

function setPower(vm: Resource, power: string): void {
  vm.properties.statuses = [...vm.properties.statuses.filter((code: string) => !code.startsWith('PowerState')), power]
}

/** A start or a deallocation of the VM changes the ownership of its disks. */
function touchDisks({ world, clock }: Arm, { properties: { storageProfile } }: Resource): void {
  const disks: readonly Attachment[] = [storageProfile.osDisk, ...(storageProfile.dataDisks ?? [])]
  for (const { managedDisk } of disks) {
    const disk = world.get(managedDisk?.id ?? '')
    if (disk) disk.properties.LastOwnershipUpdateTime = clock.now().toISOString()
  }
}

interface Attachment {
  readonly deleteOption?: string
  readonly managedDisk?: { readonly id: string }
}

/** Disks and network interfaces of a deleted VM go with it, or stay behind unattached, by their `deleteOption`. */
function letGo(arm: Arm, { properties: { storageProfile, networkProfile } }: Resource): void {
  const disks: readonly Attachment[] = [storageProfile.osDisk, ...(storageProfile.dataDisks ?? [])]
  for (const { deleteOption, managedDisk } of disks) {
    if (managedDisk && deleteOption === 'Delete') arm.world.delete(managedDisk.id)
    else if (managedDisk) release(arm, managedDisk.id)
  }
  for (const { id, properties } of networkProfile?.networkInterfaces ?? []) {
    if (properties?.deleteOption === 'Delete') arm.world.delete(id)
    else delete arm.world.get(id)?.properties.virtualMachine
  }
}

function release({ world }: Arm, diskId: string): void {
  const disk = world.get(diskId)
  if (!disk) return
  delete disk.managedBy
  disk.properties.diskState = 'Unattached'
}

function createVm(arm: Arm, call: Call, refuseCores: (vmSize: string) => void): Answer {
  const { hardwareProfile, storageProfile, networkProfile, osProfile, securityProfile } = call.body?.properties ?? {}
  const vmSize: string = required(hardwareProfile, 'vmSize', 'hardwareProfile')
  if (!arm.world.get(call.path)) refuseCores(vmSize)
  const disks: readonly { id: string }[] = [storageProfile?.osDisk, ...(storageProfile?.dataDisks ?? [])].flatMap(
    (disk) => disk?.managedDisk ?? [],
  )
  const region = plainRegion(String(required(call.body, 'location')))
  for (const { id } of disks) {
    const disk = arm.world.get(id)
    if (disk?.location !== region) throw new Refusal(404, 'NotFound', `Disk ${id.slice(id.lastIndexOf('/') + 1)} is not found.`)
    if (disk.managedBy && String(disk.managedBy).toLowerCase() !== call.path.toLowerCase()) {
      // https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/error-messages
      throw new Refusal(
        409,
        'ConflictingUserInput',
        `Disk '${disk.name}' cannot be attached as the disk is already owned by VM '${disk.managedBy}'.`,
      )
    }
    disk.managedBy = call.path
    disk.properties.diskState = 'Attached'
  }
  for (const { id } of networkProfile?.networkInterfaces ?? []) {
    const nic = arm.world.get(id)
    if (!nic) throw new Refusal(404, 'NotFound', `Network Interface ${id} was not found.`)
    nic.properties.virtualMachine = { id: call.path }
  }
  return create(arm, call, KIND, {
    afterMs: DURATION_MS.create,
    members: call.body.plan ? { plan: call.body.plan } : {},
    properties: {
      vmId: randomUUID(),
      hardwareProfile,
      storageProfile,
      ...(osProfile && { osProfile }),
      ...(networkProfile && { networkProfile }),
      ...(securityProfile && { securityProfile }),
      statuses: ['ProvisioningState/creating'],
      extensions: [],
    },
    finish: (vm) => {
      vm.properties.statuses = ['ProvisioningState/succeeded', 'PowerState/running']
    },
  })
}
