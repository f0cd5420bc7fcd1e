/**
 * What is true of the operating system inside a disk, apart from what Resource Manager says of its machine: marking a VM as generalized
 * sets a flag and does nothing inside. https://learn.microsoft.com/azure/virtual-machines/generalize
 */
import type { Arm } from '../arm/resources.ts'
import type { Resource } from '../world.ts'

export interface System {
  readonly osType: 'Linux' | 'Windows'
  /** Sysprep or deprovisioning was run inside. */
  readonly isGeneralized: boolean
  /** cloud-init is there and notices a new machine by its instance id. https://docs.cloud-init.io/en/latest/explanation/first_boot.html */
  readonly hasCloudInit: boolean
  /** The handler of Run Command is installed. */
  readonly hasRunCommand?: boolean
}

/**
 * Whether a machine that is made of an image with this system comes up. Windows without sysprep never ends its setup; Linux that was
 * not deprovisioned does where cloud-init provisions it again, and waits for its agent in vain elsewhere.
 * https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/troubleshoot-deployment-new-vm-windows
 * https://learn.microsoft.com/azure/virtual-machines/linux/using-cloud-init
 */
export function startsNodes(system: System | undefined): boolean {
  return !system || system.isGeneralized || (system.osType === 'Linux' && system.hasCloudInit)
}

/** The system in a resource: of a VM, that of its OS disk; of blobs nobody knows. */
export function systemOf({ world }: Pick<Arm, 'world'>, resource: Resource | undefined): System | undefined {
  const osDiskId = resource?.properties.storageProfile?.osDisk?.managedDisk?.id
  return resource?.properties.system ?? world.get(osDiskId ?? '')?.properties.system
}

/** Sysprep or deprovisioning was run inside this machine. */
export function generalizeInside({ world }: Arm, vm: Resource): void {
  const disk = world.get(vm.properties.storageProfile.osDisk.managedDisk.id)
  const system = disk && systemOf({ world }, disk)
  if (disk && system) disk.properties.system = { ...system, isGeneralized: true }
}
