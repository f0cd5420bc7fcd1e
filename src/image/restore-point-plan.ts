/**
 * Pure: a restore point, which is a set of all disks of a VM at one moment, while the VM runs on, and the disks that are made of it.
 * https://learn.microsoft.com/azure/virtual-machines/virtual-machines-create-restore-points
 */
import type { Tags } from '../model/arm.ts'
import { type ArmId, childId } from '../model/arm-id.ts'
import type { CapturedDisk } from './source.ts'
import { TEMPORARY_API_VERSIONS, type TemporaryResource, temporaryResources } from './temporary.ts'

export interface RestorePointPlan {
  /** Holds the restore point, and takes it along when it is deleted. */
  readonly collection: TemporaryResource
  readonly point: TemporaryResource
  /** Made of the restore point, in the order of the captured disks. */
  readonly disks: readonly ArmId[]
  readonly captured: readonly CapturedDisk[]
  readonly location: string
  readonly tags: Tags
}

export interface RestorePointQuestion {
  readonly group: ArmId
  /** At most 60 characters; every name begins with it. */
  readonly name: string
  readonly vm: { readonly id: string; readonly location: string }
  readonly captured: readonly CapturedDisk[]
  readonly tags: Tags
}

export function planRestorePoint({ group, name, vm, captured, tags }: RestorePointQuestion): RestorePointPlan {
  const { location } = vm
  const id = childId(group, 'providers/Microsoft.Compute/restorePointCollections', `${name}-points`)
  return {
    collection: temporaryResources(location, tags)('restorePointCollections', id, { properties: { source: { id: vm.id } } }),
    point: {
      id: childId(id, 'restorePoints', 'capture'),
      apiVersion: TEMPORARY_API_VERSIONS.restorePointCollections,
      // Nothing has to be installed in the VM for this one. https://learn.microsoft.com/azure/virtual-machines/virtual-machines-create-restore-points#crash-consistent-restore-points
      body: { properties: { consistencyMode: 'CrashConsistent' } },
    },
    disks: captured.map(({ disk }) =>
      childId(group, 'providers/Microsoft.Compute/disks', `${name}${disk === 'os' ? '-os' : `-lun${disk}`}`),
    ),
    ...{ captured, location, tags },
  }
}

/** What a restore point says of the disks in it. */
export interface RestorePointAnswer {
  readonly properties?: {
    readonly provisioningState?: string
    readonly sourceMetadata?: {
      readonly storageProfile?: {
        readonly osDisk?: PointOfDisk
        readonly dataDisks?: readonly (PointOfDisk & { readonly lun?: number })[]
      }
    }
  }
}

interface PointOfDisk {
  readonly diskRestorePoint?: { readonly id?: string }
}

/** The disks to make of the restore point; `undefined` where a captured disk is not in it. */
export function disksOfPoint(plan: RestorePointPlan, point: RestorePointAnswer): readonly TemporaryResource[] | undefined {
  const { osDisk, dataDisks = [] } = point.properties?.sourceMetadata?.storageProfile ?? {}
  const resource = temporaryResources(plan.location, plan.tags)
  const made = plan.captured.map(({ disk }, index) => {
    const source = disk === 'os' ? osDisk : dataDisks.find(({ lun }) => lun === disk)
    const [id, sourceResourceId] = [plan.disks[index], source?.diskRestorePoint?.id]
    return id && sourceResourceId && resource('disks', id, { properties: { creationData: { createOption: 'Restore', sourceResourceId } } })
  })
  return made.every((one) => typeof one === 'object') ? made : undefined
}
