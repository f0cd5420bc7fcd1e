/** Pure: what a version is good for, by its state and by the state of its replicas. */
import { regionName } from '../model/arm-id.ts'
import type { ImageVersion, RegionReplication } from '../model/compute.ts'
import type { BuiltVersion } from './managed-images.ts'

/** The region's own state counts: a version may be `Succeeded` before a region is complete, and `Failed` though most are. */
export function replicaIn(replication: readonly RegionReplication[], region: string): RegionReplication | undefined {
  return replication.find((one) => regionName(one.region) === regionName(region))
}

export const failedRegions = ({ replication = [] }: Pick<BuiltVersion, 'replication'>): readonly string[] =>
  replication.filter(({ state }) => state === 'Failed').map(({ region }) => region)

export const completeRegions = ({ replication = [] }: Pick<BuiltVersion, 'replication'>): readonly string[] =>
  replication.filter(({ state }) => state === 'Completed').map(({ region }) => region)

/** Whether pools of the region can be put on it: failed in another region is no reason against it. */
export function isUsable(version: BuiltVersion, batchRegion: string): boolean {
  if (version.isOfOtherPools) return false
  if (version.provisioningState === 'Succeeded') return true
  return version.provisioningState === 'Failed' && replicaIn(version.replication ?? [], batchRegion)?.state === 'Completed'
}

/**
 * Whether pools of the region can be put on the version. The region's own state decides: a version is `Failed` as a whole where
 * another region failed, and `Succeeded` minutes before a region is complete. https://github.com/Azure/AgentBaker/pull/8373
 */
export function publishedState({ provisioningState, replication }: ImageVersion, region: string): 'ready' | 'failed' | 'replicating' {
  const replica = replicaIn(replication, region)
  if (replica?.state === 'Completed') return 'ready'
  if (replica?.state === 'Failed' || provisioningState === 'Failed') return 'failed'
  return !replica && provisioningState === 'Succeeded' ? 'ready' : 'replicating'
}

/** Its snapshots are needed no more. A shallow version is made of them for its whole life. */
export function isReplicated({ provisioningState, replicationMode, replication }: ImageVersion): boolean {
  return provisioningState === 'Succeeded' && replicationMode !== 'Shallow' && replication.every(({ state }) => state === 'Completed')
}

/** Why a failed version must stay although it is of no use here; `undefined` where it may be made again under its number. */
export function reasonToStay(version: BuiltVersion, holders: readonly string[]): string | undefined {
  const complete = completeRegions(version)
  if (complete.length > 0) return `has a complete replica in ${complete.join(', ')}`
  return holders.length > 0 ? `is in use by ${holders.join(', ')}` : undefined
}
