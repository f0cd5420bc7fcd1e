/** Pure: the snapshots that a build takes, and those of them that an interrupted run has left. */
import type { ImageSettings } from '../config/config.ts'
import { childId, sameId } from '../model/arm-id.ts'
import type { Snapshot } from '../model/compute.ts'
import type { SnapshotPlan } from './image-plan.ts'
import { snapshotName } from './names.ts'
import { isOld } from './plan-version.ts'
import type { SourceContent } from './source.ts'
import { TAGS } from './tags.ts'

export interface SnapshotQuestion {
  readonly image: ImageSettings
  readonly version: string
  readonly fingerprint: string
  readonly captured: SourceContent['captured']
  readonly isLive: boolean
  /** Snapshots of the resource group. */
  readonly existing: readonly Snapshot[]
  /** Another run, or an interrupted one, began this version: whatever snapshots it left are its own. */
  readonly isBegun: boolean
  readonly now: Date
}

/** One for each disk of the source, in their order. Disks of a VM that runs must be of one moment: all snapshots are adopted, or none. */
export function planSnapshots(question: SnapshotQuestion): readonly SnapshotPlan[] {
  const { image, version, fingerprint, captured, isLive, existing, isBegun, now } = question
  const isFit = (left: Snapshot | undefined) =>
    left?.provisioningState === 'Succeeded' && (isBegun || (left.tags[TAGS.fingerprint] === fingerprint && !(isLive && isOld(left, now))))
  const named = captured.map((disk) => {
    const id = childId(image.resourceGroup, 'providers/Microsoft.Compute/snapshots', snapshotName(image.name, version, disk.disk))
    return { ...disk, id, left: existing.find((snapshot) => sameId(snapshot.id, id)) }
  })
  const isTorn = isLive && !isBegun && !named.every(({ left }) => isFit(left))
  return named.map(({ left, ...disk }) => {
    const exists = isFit(left) && !isTorn
    return { ...disk, exists, isStale: left !== undefined && !exists }
  })
}
