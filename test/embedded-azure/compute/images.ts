/** Microsoft.Compute/images: managed images of snapshots, disks, blobs or a generalized VM. */
import { type Arm, create, list, plainRegion, remove, required, retag, routesOf, routeToAll, show } from '../arm/resources.ts'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import type { Resource } from '../world.ts'
import { refuseDiskKind, refuseVmDisks } from './disk-kinds.ts'
import { systemOf } from './systems.ts'
import { COMPUTE } from './virtual-machines.ts'

const KIND = { type: 'Microsoft.Compute/images', path: 'operations' } as const
/** Medians of recorded Azure. */
const DURATION_MS = { create: 5_300, delete: 5_100 }

export function imageRoutes(arm: Arm): readonly Route[] {
  const route = routesOf('Microsoft.Compute', COMPUTE)
  return [
    routeToAll(arm, COMPUTE, KIND.type),
    route('GET', '/images', 'images/read', list(arm)),
    route('GET', '/images/:name', 'images/read', show(arm)),
    route('PUT', '/images/:name', 'images/write', (call) => put(arm, call)),
    route('PATCH', '/images/:name', 'images/write', retag(arm, KIND, 500)),
    route('DELETE', '/images/:name', 'images/delete', remove(arm, KIND, DURATION_MS.delete)),
  ]
}

function put(arm: Arm, call: Call): Answer {
  const { sourceVirtualMachine, storageProfile, hyperVGeneration } = call.body?.properties ?? {}
  const region = plainRegion(String(required(call.body, 'location')))
  if (sourceVirtualMachine) {
    const vm = generalizedVm(arm, sourceVirtualMachine.id, region)
    if (vm.properties.securityProfile?.securityType) {
      const type = vm.properties.securityProfile.securityType
      throw new Refusal(
        409,
        'OperationNotAllowed',
        `Creation of managed images are not supported for virtual machine with ${type} security type.`,
      )
    }
    refuseVmDisks(arm, vm)
    refuseArm64(arm, vm.properties.storageProfile.osDisk.managedDisk.id)
    const generation = generationOf(arm, vm)
    if (hyperVGeneration && hyperVGeneration !== generation) {
      throw new Refusal(
        400,
        'InvalidParameter',
        `The Input HyperVGeneration property: '${hyperVGeneration}' does not match with the HyperVGeneration property: 'Gen${generation.slice(1)}' belonging to source: 'sourceVirtualMachine'.`,
      )
    }
    return create(arm, call, KIND, {
      afterMs: arm.durations.next('image', DURATION_MS.create),
      properties: { sourceVirtualMachine, storageProfile: profileOf(vm), hyperVGeneration: generation, system: systemOf(arm, vm) },
      finish: ({ properties }) => {
        for (const disk of [properties.storageProfile.osDisk, ...properties.storageProfile.dataDisks])
          disk.diskSizeGB = arm.world.get(disk.managedDisk.id)?.properties.diskSizeGB ?? 30
      },
    })
  }
  if (!storageProfile?.osDisk) required(undefined, 'osDisk', 'storageProfile')
  required(storageProfile.osDisk, 'osType', 'storageProfile.osDisk')
  required(storageProfile.osDisk, 'osState', 'storageProfile.osDisk')
  required(call.body.properties, 'hyperVGeneration')
  const disks = [storageProfile.osDisk, ...(storageProfile.dataDisks ?? [])]
  const sources = disks.map((disk) => disk.snapshot?.id ?? disk.managedDisk?.id ?? disk.blobUri)
  if (sources.some((source) => !source)) required(undefined, 'snapshot', 'storageProfile.osDisk')
  for (const source of sources) refuseDiskKind(arm.world.get(String(source)))
  refuseArm64(arm, String(sources[0]))
  return create(arm, call, KIND, {
    afterMs: arm.durations.next('image', DURATION_MS.create),
    properties: {
      storageProfile: {
        ...storageProfile,
        osDisk: { caching: 'None', storageAccountType: 'Standard_LRS', ...storageProfile.osDisk },
        dataDisks: storageProfile.dataDisks ?? [],
        zoneResilient: storageProfile.zoneResilient ?? false,
      },
      hyperVGeneration,
      system: systemOf(arm, arm.world.get(String(sources[0]))),
    },
    // A source in another region fails late, and says nothing.
    finish: ({ properties }) => {
      for (const [index, disk] of [properties.storageProfile.osDisk, ...properties.storageProfile.dataDisks].entries()) {
        const source = String(sources[index])
        if (disk.blobUri) {
          if (!/^https:\/\/.+\.vhd$/i.test(source))
            throw new Refusal(409, 'ImageBlobNotFound', `Unable to find VHD blob with URI ${source}.`)
        } else if (arm.world.get(source)?.location !== region) {
          throw new Refusal(409, 'InternalExecutionError', 'An internal execution error occurred.')
        }
        disk.diskSizeGB ??= arm.world.get(source)?.properties.diskSizeGB ?? 30
      }
    },
  })
}

/** https://learn.microsoft.com/azure/virtual-machines/capture-image-resource; the words are [INFERRED]. */
function refuseArm64({ world }: Arm, osDiskId: string): void {
  if (world.get(osDiskId)?.properties.supportedCapabilities?.architecture === 'Arm64')
    throw new Refusal(409, 'OperationNotAllowed', 'Creation of managed images is not supported for Arm64 disks.')
}

/** The VM that an image or a version is to be made of. */
export function vmHere({ world }: Arm, id: string, region: string): Resource {
  const vm = world.get(id)
  if (vm?.location === region) return vm
  const name = id.slice(id.lastIndexOf('/') + 1)
  throw new Refusal(404, 'NotFound', `Source Virtual Machine '${name}' specified in the request does not exist in this Azure location.`)
}

function generalizedVm(arm: Arm, id: string, region: string): Resource {
  const vm = vmHere(arm, id, region)
  if (!vm.properties.statuses.includes('OSState/generalized')) {
    throw new Refusal(
      409,
      'OperationNotAllowed',
      `The operation 'Create Image' requires the Virtual Machine '${vm.name}' to be Generalized.`,
    )
  }
  return vm
}

export function generationOf({ world }: Arm, vm: Resource): string {
  return world.get(vm.properties.storageProfile.osDisk.managedDisk.id)?.properties.hyperVGeneration ?? 'V1'
}

function profileOf({ properties: { storageProfile } }: Resource): object {
  const { osDisk, dataDisks = [] } = storageProfile
  return {
    osDisk: {
      osType: osDisk.osType,
      osState: 'Generalized',
      managedDisk: osDisk.managedDisk,
      caching: osDisk.caching,
      storageAccountType: 'Premium_LRS',
    },
    dataDisks: dataDisks.map(({ lun, managedDisk, caching }: { lun: number; managedDisk: object; caching: string }) => ({
      lun,
      managedDisk,
      caching,
      storageAccountType: 'Premium_LRS',
    })),
  }
}
