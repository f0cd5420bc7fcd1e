/** The plan for the image, which the image steps carry out. */
import type { Tags } from '../model/arm.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { AttachedDisk, HyperVGeneration, ImageContent, ImageDefinitionRequest, OsType, TargetRegion } from '../model/compute.ts'
import type { CopyPlan } from './copy-plan.ts'
import type { RestorePointPlan } from './restore-point-plan.ts'

export interface SnapshotPlan {
  readonly id: ArmId
  readonly disk: 'os' | number
  readonly sourceId: string
  readonly caching: AttachedDisk['caching']
  /** Left complete by an interrupted run. */
  readonly exists: boolean
  /** A snapshot of this name exists, but of another moment: it is deleted first, because a PUT would leave its content as it is. */
  readonly isStale: boolean
}

/** Where the image of the pools comes from. */
export type ImagePlan =
  | { readonly kind: 'given'; readonly id: ArmId; readonly reason: string }
  | {
      readonly kind: 'reuse'
      readonly id: ArmId
      readonly version: string
      readonly reason: string
      /** What is changed on the version itself. */
      readonly update?: VersionUpdate
      /** An earlier run left it excluded from *latest*: it is included once all pools are healthy on it. */
      readonly isExcludedFromLatest?: boolean
      /** Only the addresses of its VHDs were compared, not what is in them. */
      readonly isUncompared?: true
      /** With `managed`. */
      readonly poolImages?: readonly PoolImage[]
    }
  | BuildPlan

/** What a run changes on a version that exists; at least one of these. */
export interface VersionUpdate {
  /** Regions whose replica failed; any update has them tried again. */
  readonly retriedRegions?: readonly string[]
  /** ISO 8601. */
  readonly endOfLifeDate?: string
}

export interface BuildPlan {
  readonly kind: 'build'
  readonly imageKind: 'gallery' | 'managed'
  /** With several managed images, of the first pool's. */
  readonly id: ArmId
  readonly version: string
  readonly previousVersion?: string
  readonly reason: string
  readonly location: string
  /** Run in the VM before its disks are captured. */
  readonly prepare?: { readonly vm: ArmId; readonly script: string }
  /** Capture a throw-away copy instead of the VM itself. */
  readonly copy?: CopyPlan
  /** Capture the disks of a restore point instead of those of the VM. */
  readonly restorePoint?: RestorePointPlan
  /** The running VM to stop before and to start again after. */
  readonly deallocate?: ArmId
  /** What the image is made of: the run's own snapshots, or what the source gives. */
  readonly content: ImageContent
  /** Those that this run takes; empty where the source is an image, a VHD, or snapshots already. */
  readonly snapshots: readonly SnapshotPlan[]
  /** With `managed`: all made of the same disks. */
  readonly poolImages?: readonly PoolImage[]
  readonly gallery?: { readonly id: ArmId; readonly exists: boolean; readonly hasSoftDelete?: boolean }
  readonly definition?: { readonly id: ArmId; readonly create?: ImageDefinitionRequest }
  readonly targetRegions: readonly TargetRegion[]
  readonly replicationMode: 'Full' | 'Shallow'
  /** `latest: when-healthy`: the version is included once all pools are healthy on it. */
  readonly isExcludedFromLatest?: boolean
  /** ISO 8601. */
  readonly endOfLifeDate?: string
  /** Of the Batch accounts. Publishing ends with the first of them; the pools of the others wait for theirs. */
  readonly waitForRegions: readonly string[]
  /** The Batch accounts, whose pools are looked at before a failed image is deleted. */
  readonly accounts: readonly ArmId[]
  /** A version that failed, or one that another run began. */
  readonly existing?: { readonly state: 'failed' | 'creating' }
  readonly osType: OsType
  readonly hyperVGeneration: HyperVGeneration
  readonly keepSnapshots: boolean
  /** The VM runs while its disks are captured: all must be of one moment. */
  readonly isLive: boolean
  readonly tags: Tags
}

/** The image for the pool with this requested name. */
export function imageIdFor(image: ImagePlan, pool: string): ArmId {
  const own = image.kind === 'given' ? undefined : image.poolImages?.find((one) => one.pool === pool)
  return own?.id ?? image.id
}

/** The image of one pool; without `pool` there is only one. */
export interface PoolImage {
  readonly pool?: string
  readonly id: ArmId
  readonly state: 'absent' | 'failed' | 'creating' | 'succeeded'
}

export interface SnapshotReport {
  readonly id: string
  /** `os`, or the LUN. */
  readonly disk: 'os' | number
  readonly state: 'created' | 'adopted' | 'kept' | 'deleted' | 'planned'
}
