/** Pure: what a version can be used for, by its state and by the states of its replicas. */
import { regionName } from '../model/arm-id.ts'
import type { ImageVersion, RegionReplication } from '../model/compute.ts'
import type { BuiltVersion } from './managed-images.ts'
import { LATEST, TAGS } from './tags.ts'

/** The region's own state counts: a version may be `Succeeded` before a region is complete, and `Failed` though most are. */
export function replicaIn(replication: readonly RegionReplication[], region: string): RegionReplication | undefined {
  return replication.find((one) => regionName(one.region) === regionName(region))
}

export const failedRegions = ({ replication = [] }: Pick<BuiltVersion, 'replication'>): readonly string[] =>
  replication.filter(({ state }) => state === 'Failed').map(({ region }) => region)

export const completeRegions = ({ replication = [] }: Pick<BuiltVersion, 'replication'>): readonly string[] =>
  replication.filter(({ state }) => state === 'Completed').map(({ region }) => region)

/** Whether pools of the region can be put on the version; a failure in another region does not matter. */
export function isUsable(version: BuiltVersion, batchRegion: string): boolean {
  if (version.isOfOtherPools) return false
  if (version.provisioningState === 'Succeeded') return true
  return version.provisioningState === 'Failed' && replicaIn(version.replication ?? [], batchRegion)?.state === 'Completed'
}

/**
 * Whether pools of the region can be put on the version. The region's own state decides: a version is `Failed` as a whole where
 * another region failed, and `Succeeded` minutes before a region is complete. https://github.com/Azure/AgentBaker/pull/8373
 * An update in progress tries failed regions again.
 */
export function publishedState(
  { provisioningState, replication, targetRegions }: Pick<ImageVersion, 'provisioningState' | 'replication' | 'targetRegions'>,
  region: string,
): 'ready' | 'failed' | 'replicating' {
  // A replica that is still shown may be going away.
  if (!isTarget(targetRegions, region) || provisioningState === 'Deleting') return 'failed'
  const replica = replicaIn(replication, region)
  if (replica?.state === 'Completed') return 'ready'
  if (provisioningState === 'Updating') return 'replicating'
  if (replica?.state === 'Failed') return 'failed'
  // A failure elsewhere does not matter for a region that is still replicating.
  const isAtIt = replica?.state === 'Replicating' && replication.some(({ state }) => state === 'Failed')
  if (provisioningState === 'Failed') return isAtIt ? 'replicating' : 'failed'
  // Where Azure names no region at all, the version speaks for all of them; another region's replica speaks for none but itself.
  return replication.length === 0 && provisioningState === 'Succeeded' ? 'ready' : 'replicating'
}

const isTarget = (targets: ImageVersion['targetRegions'], region: string): boolean =>
  targets.length === 0 || targets.some(({ name }) => regionName(name) === regionName(region))

/** Its snapshots are needed no more: every region is known to be complete. A shallow version is made of them for its whole life. */
export function isReplicated({ provisioningState, replicationMode, replication, targetRegions }: ImageVersion): boolean {
  return provisioningState === 'Succeeded' && replicationMode !== 'Shallow' && isComplete(replication, targetRegions)
}

/** Whether each requested region is known to be complete; an empty list proves nothing. */
export function isComplete(replication: readonly RegionReplication[], targets: readonly { readonly name: string }[]): boolean {
  const isCompleteIn = (region: string) => replicaIn(replication, region)?.state === 'Completed'
  return (
    replication.length > 0 && replication.every(({ state }) => state === 'Completed') && targets.every(({ name }) => isCompleteIn(name))
  )
}

/** Why a failed version must stay although it is of no use here; `undefined` where it may be made again under its number. */
export function reasonToStay(version: BuiltVersion, holders: readonly string[]): string | undefined {
  const complete = completeRegions(version)
  if (complete.length > 0) return `has a complete replica in ${complete.join(', ')}`
  return holders.length > 0 ? `is in use by ${holders.join(', ')}` : undefined
}

/** Excluded from *latest* by this action, and not by somebody who withdrew the version. */
export function isAwaitingHealth({ isExcludedFromLatest = false, tags }: Pick<BuiltVersion, 'isExcludedFromLatest' | 'tags'>): boolean {
  return isExcludedFromLatest && tags[TAGS.latest] === LATEST.awaitsHealth
}
