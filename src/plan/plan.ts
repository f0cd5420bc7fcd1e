/** Pure: what was asked for against what is there, as a list of intentions. Nothing here is sent. */

import type { Config, PoolRequest, PoolSettings } from '../config/parse-config.ts'
import { type CopyPlan, TEMPORARY_TAG } from '../image/copy-plan.ts'
import { baseOf, type PoolImage } from '../image/managed-images.ts'
import { planImage } from '../image/plan-image.ts'
import { derivedOf, type SourceContent } from '../image/source.ts'
import { isOwn, isTakenFor, TAGS } from '../image/tags.ts'
import { type ArmId, childId, nameOf, sameId } from '../model/arm-id.ts'
import type { DerivedImage } from '../model/image-traits.ts'
import type { Observed } from '../observe/observed.ts'
import { planPool, poolFor } from '../pool/plan-pool.ts'
import type { PlannedChange } from '../report/run-report.ts'
import type {
  AttachedDisk,
  HyperVGeneration,
  ImageContent,
  ImageDefinitionRequest,
  OsType,
  Pool,
  PoolProperties,
  RunContext,
  Tags,
  TargetRegion,
} from '../run/runner.ts'
import { imageChanges, poolChanges, startChanges } from './changes.ts'

export interface Plan {
  readonly image: ImagePlan
  readonly pools: readonly PoolPlan[]
  /** Of versions that are complete, and need them no longer. */
  readonly leftSnapshots: readonly ArmId[]
  /** A VM that a dead run has stopped and not started again. */
  readonly owedStart?: ArmId
  readonly changes: readonly PlannedChange[]
}

export interface SnapshotPlan {
  readonly id: ArmId
  readonly disk: 'os' | number
  readonly sourceId: string
  readonly caching: AttachedDisk['caching']
  /** Left complete by a run that died. */
  readonly exists: boolean
  /** There by this name, but of another moment: deleted first, for a PUT would leave its content as it is. */
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
      /** With `managed`. */
      readonly poolImages?: readonly PoolImage[]
    }
  | BuildPlan

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
  /** The running VM to stop before and to start again after. */
  readonly deallocate?: ArmId
  /** What the image is made of; where the run takes snapshots, of them. */
  readonly content: ImageContent
  /** That this run takes; empty where the source is an image, a VHD, or snapshots already. */
  readonly snapshots: readonly SnapshotPlan[]
  /** With `managed`: all made of the same disks. */
  readonly poolImages?: readonly PoolImage[]
  readonly gallery?: { readonly id: ArmId; readonly exists: boolean }
  readonly definition?: { readonly id: ArmId; readonly create?: ImageDefinitionRequest }
  readonly targetRegions: readonly TargetRegion[]
  /** The replica that the run waits for. */
  readonly waitForRegion: string
  /** A version that failed, or one that another run began. */
  readonly existing?: { readonly state: 'failed' | 'creating' }
  readonly osType: OsType
  readonly hyperVGeneration: HyperVGeneration
  readonly keepSnapshots: boolean
  readonly tags: Tags
}

interface PoolPlanBase {
  readonly id: ArmId
  readonly request: PoolRequest
  /** Names of what differs from the spec and stays so: with `strategy: resize-only` or `fail`, whatever needs a pool without nodes. */
  readonly withheld?: readonly string[]
}

export type PoolPlan = PoolPlanBase &
  (
    | { readonly action: 'create'; readonly properties: PoolProperties; readonly existing?: undefined }
    | { readonly action: 'none'; readonly existing: Pool }
    | { readonly action: 'resize'; readonly existing: Pool }
    /** Properties that may change at any time are patched; the image stays. */
    | { readonly action: 'update'; readonly existing: Pool; readonly properties: PoolProperties; readonly resize: boolean }
    /** Drain to 0, patch, grow. */
    | { readonly action: 'reimage'; readonly existing: Pool; readonly properties: PoolProperties }
    | { readonly action: 'replace'; readonly existing: Pool; readonly properties: PoolProperties }
    /** A new pool beside the old one, which then gives it its jobs and goes. `green`: the new pool is there already. */
    | {
        readonly action: 'blue-green'
        readonly existing: Pool
        readonly old: Pool
        /** Pools that dead runs left beside the old one. */
        readonly strays: readonly Pool[]
        readonly green?: Pool
        /** The new pool that is there is not as asked for by now. */
        readonly isOutdated?: true
        readonly properties: PoolProperties
      }
  )

/** `observed` must have passed the preflight rules. */
export function planRun(config: Config, observed: Observed, source: SourceContent | undefined, run: RunContext, now: Date): Plan {
  const image = planImage(config, observed, source, run, now)
  const pools = config.pool ? planPools(config.pool, observed, image, derivedOf(source, observed)) : []
  const { vm } = observed.vm ?? {}
  const owedStart = vm?.tags[TAGS.restart] === undefined ? undefined : (vm.id as ArmId)
  const leftSnapshots = snapshotsLeft(config, observed)
  const changes = [
    ...startChanges(owedStart),
    ...imageChanges(image),
    ...leftSnapshots.map(
      (id): PlannedChange => ({ verb: 'delete', type: 'snapshot', id, name: nameOf(id), reason: 'its version is in every region' }),
    ),
    ...pools.flatMap(poolChanges),
  ]
  return { image, pools, leftSnapshots, changes, ...(owedStart && { owedStart }) }
}

/** What versions that are complete were made from: a run that died, or did not wait for all regions, left it. */
function snapshotsLeft({ image }: Config, { versions, snapshots, sourceSnapshots = [] }: Observed): readonly ArmId[] {
  if (!image?.gallery || image.keepSnapshots) return []
  const complete = new Set(
    versions.filter(({ tags, provisioningState }) => isOwn(tags, image.name) && provisioningState === 'Succeeded').map(({ name }) => name),
  )
  return snapshots
    .filter(({ tags }) => isTakenFor(tags, image.name, baseOf(image)) && complete.has(tags[TAGS.version] ?? ''))
    .filter(({ tags }) => tags[TAGS.keep] === undefined && tags[TEMPORARY_TAG] === undefined)
    .filter(({ id }) => !sourceSnapshots.some((source) => sameId(source.id, id)))
    .map(({ id }) => id as ArmId)
}

/** The image that a pool of this name, as asked for, is to be on. */
export function imageIdFor(image: ImagePlan, pool: string): ArmId {
  const own = image.kind === 'given' ? undefined : image.poolImages?.find((one) => one.pool === pool)
  return own?.id ?? image.id
}

function planPools(settings: PoolSettings, observed: Observed, image: ImagePlan, derived: DerivedImage | undefined): readonly PoolPlan[] {
  return settings.requests.map((request) => {
    const named = childId(settings.account, 'pools', request.id)
    const existing = poolFor(request.id, settings, observed.pools)
    return planPool({
      id: existing ? (existing.id as ArmId) : named,
      request: existing ? { ...request, id: existing.name } : request,
      existing,
      name: request.id,
      siblings: observed.pools,
      imageId: imageIdFor(image, request.id),
      strategy: settings.strategy,
      derived,
      supportedImages: observed.supportedImages ?? [],
    })
  })
}
