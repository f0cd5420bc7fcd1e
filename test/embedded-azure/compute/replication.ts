/** Replicas of an image version: each region ends for itself, and the version with the slowest of those that it was asked for. */
import { plainRegion } from '../arm/resources.ts'
import type { AzureClock } from '../clock/clock.ts'
import { Refusal } from '../route.ts'
import type { Resource, World } from '../world.ts'
import type { RegionEncryption } from './encryption-sets.ts'

export interface Replica {
  readonly startedAtMs: number
  readonly lastsMs: number
  readonly fails: boolean
  /** A version that its definition refuses in the end is complete nowhere before. */
  readonly isRefused?: boolean
}

export interface TargetRegion extends RegionEncryption {
  readonly regionalReplicaCount?: number
  readonly storageAccountType?: string
  readonly excludeFromLatest?: boolean
}

export type State = 'Replicating' | 'Completed' | 'Failed'

export function stateOf({ startedAtMs, lastsMs, fails, isRefused }: Replica, clock: AzureClock): State {
  if (isRefused || clock.now().getTime() - startedAtMs < lastsMs) return 'Replicating'
  return fails ? 'Failed' : 'Completed'
}

/**
 * What an update asks for: complete replicas stay, failed and new ones are begun. A region may be complete before the version is, or after:
 * https://github.com/Azure/AgentBaker/pull/8373 saw `Succeeded` ten minutes before the region could be used.
 */
export function replicasOf(
  regions: readonly TargetRegion[],
  before: Readonly<Record<string, Replica>>,
  lastsMs: number,
  { world, clock }: { readonly world: World; readonly clock: AzureClock },
): Record<string, Replica> {
  const begin = (region: string): Replica => ({
    startedAtMs: clock.now().getTime(),
    lastsMs: world.replication.get(region)?.lastsMs ?? lastsMs,
    fails: world.replication.get(region)?.fails ?? false,
  })
  return Object.fromEntries(
    regions.map(({ name }) => {
      const region = plainRegion(name)
      const old = before[region]
      return [region, old && stateOf(old, clock) === 'Completed' ? old : begin(region)]
    }),
  )
}

/** In the words of https://github.com/Azure/azure-cli/issues/15539, which does not tell the code. @throws Refusal where a region failed */
export function refuseFailedReplicas(replicas: Readonly<Record<string, Replica>>): void {
  const failed = Object.entries(replicas).filter(([, { fails }]) => fails)
  if (failed.length === 0) return
  const details = failed.map(([region]) => `'{region:${region}, detail:Failed with internal server error.}'`).join(', ')
  throw new Refusal(
    409,
    'ReplicationJobsFailed',
    `Gallery replication jobs failed in one or more regions. The failing regions' details are as follows: ${details}. If retry does not work, then please do an update by removing the failed regions and update again by adding them back.`,
  )
}

/** `replicationStatus`, as `$expand=ReplicationStatus` shows it; regions go from 0 to 100. */
export function replicationStatus({ properties }: Resource, isRefused: boolean, clock: AzureClock): object {
  const { publishingProfile, provisioningState, replicas = {} } = properties
  const summary = publishingProfile.targetRegions.map(({ name }: TargetRegion) => {
    const replica: Replica | undefined = replicas[plainRegion(name)]
    const state = replica ? stateOf({ ...replica, isRefused }, clock) : provisioningState === 'Failed' ? 'Failed' : 'Completed'
    const elapsedMs = replica ? clock.now().getTime() - replica.startedAtMs : 0
    return {
      region: name,
      state,
      details: state === 'Failed' && replica?.fails ? 'Failed with internal server error.' : '',
      progress: state === 'Completed' ? 100 : replica ? Math.min(99, Math.floor((100 * elapsedMs) / replica.lastsMs)) : 0,
    }
  })
  const states: readonly State[] = summary.map(({ state }: { state: State }) => state)
  const aggregatedState = states.includes('Failed') ? 'Failed' : states.includes('Replicating') ? 'InProgress' : 'Completed'
  return { aggregatedState, summary }
}
