/** Pure: what was asked for against what is there, as a list of intentions. Nothing here is sent. */
import { type ArmId, childId, nameOf, partsOf, sameId } from './arm-id.ts'
import type { Config, ImageSettings, PoolRequest, PoolSettings, Source } from './config.ts'
import { type CopyPlan, planCopy } from './copy-plan.ts'
import type { DerivedImage } from './derived-image.ts'
import { type Made, managedVersions, type PoolImage, poolImages } from './managed-images.ts'
import type { Observed } from './observed.ts'
import { isBeingDeleted, planPool, servingPool } from './plan-pool.ts'
import type {
  AttachedDisk,
  HyperVGeneration,
  ImageContent,
  ImageDefinitionRequest,
  OsType,
  Pool,
  PoolProperties,
  RunContext,
  Snapshot,
  Tags,
  TargetRegion,
} from './ports.ts'
import {
  byVersionDescending,
  copyName,
  fingerprintOf,
  isOfRun,
  isOwn,
  LONGEST_RUN_MS,
  nextVersion,
  provenanceTags,
  regionName,
  snapshotName,
  sourceTag,
  TAGS,
} from './provenance.ts'
import type { PlannedChange } from './report/run-report.ts'
import { derivedOf, disksOf, type SourceContent } from './source-content.ts'

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

export type PoolPlan = { readonly id: ArmId; readonly request: PoolRequest } & (
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
    .filter(({ tags }) => isOwn(tags, image.name) && complete.has(tags[TAGS.version] ?? ''))
    .filter(({ tags }) => tags[TAGS.keep] === undefined && tags[TEMPORARY_TAG] === undefined)
    .filter(({ id }) => !sourceSnapshots.some((source) => sameId(source.id, id)))
    .map(({ id }) => id as ArmId)
}

/** The image that a pool of this name, as asked for, is to be on. */
export function imageIdFor(image: ImagePlan, pool: string): ArmId {
  const own = image.kind === 'given' ? undefined : image.poolImages?.find((one) => one.pool === pool)
  return own?.id ?? image.id
}

function planImage(config: Config, observed: Observed, content: SourceContent | undefined, run: RunContext, now: Date): ImagePlan {
  const { source, image } = config
  if (source.kind === 'image-id') return { kind: 'given', id: source.id, reason: 'image-id was given' }
  if (!image || !content) throw new Error(`source ${source.kind} passed the checks, but is not there`)
  const base = image.gallery
    ? childId(image.gallery, 'images', image.name)
    : childId(image.resourceGroup, 'providers/Microsoft.Compute/images', image.name)
  const fingerprint = fingerprintOf(content.identity, { imageId: base, kind: image.kind })
  const made = image.kind === 'gallery' ? observed.versions : managedVersions(image, config.pool, observed)
  const own = (version: string) =>
    image.kind === 'managed' ? { poolImages: poolImages(image, version, config.pool, observed.images) } : {}
  const succeeded = made.filter(({ provisioningState }) => provisioningState === 'Succeeded').sort(byVersionDescending)
  const newest = succeeded[0]
  const same = succeeded.find(({ tags }) => isOwn(tags, image.name) && tags[TAGS.fingerprint] === fingerprint)
  const { isLive } = content
  const wanted = image.version === 'auto' ? undefined : made.find(({ name }) => name === image.version && isSucceeded(name, succeeded))

  if (same && image.rebuild === 'auto' && !isLive && (image.version === 'auto' || same.name === image.version)) {
    const reason = `the source is unchanged since version ${same.name}`
    return { kind: 'reuse', id: same.id as ArmId, version: same.name, reason, ...own(same.name) }
  }
  if (wanted) {
    return {
      kind: 'reuse',
      id: wanted.id as ArmId,
      version: wanted.name,
      reason: `version ${wanted.name} is already published`,
      ...own(wanted.name),
    }
  }
  const version =
    image.version === 'auto'
      ? (unfinished(image, observed, content, made, {
          fingerprint,
          now,
          run,
          isCopied: source.kind === 'vm' && source.capture === 'copy',
        }) ?? nextVersion(now, takenVersions(image, observed, made, run)))
      : image.version
  const reason = reasonToBuild(image, isLive, newest)
  return build({ config, image, observed, content, run, now, version, fingerprint, newest, made, reason })
}

function isSucceeded(name: string, succeeded: readonly { readonly name: string }[]): boolean {
  return succeeded.some((version) => version.name === name)
}

/** The version that a dead run of the same source was on its way to. */
function unfinished(
  image: ImageSettings,
  observed: Observed,
  { captured, isLive }: SourceContent,
  made: readonly Made[],
  {
    fingerprint,
    isCopied,
    run,
    now,
  }: { readonly fingerprint: string; readonly isCopied: boolean; readonly run: RunContext; readonly now: Date },
): string | undefined {
  const isSame = ({ tags }: { readonly tags: Tags }) => isOwn(tags, image.name) && tags[TAGS.fingerprint] === fingerprint
  const same = observed.snapshots.filter(isSame)
  const hasAll = (version: string) =>
    captured.every(({ disk }) => same.some(({ name }) => name === snapshotName(image.name, version, disk)))
  const isOurs = ({ tags }: { readonly tags: Tags }) => isOfRun(tags, run.runUrl) || observed.vm?.vm.tags[TAGS.restart] !== undefined
  // What another run captured of a running VM is no picture of it any more; of a stopped one, once it is complete.
  const isOfOthers = (left: Snapshot) => !isOurs(left) && !isOld(left, now)
  const isComplete = (version: string) =>
    hasAll(version) && same.every(({ tags, provisioningState }) => tags[TAGS.version] !== version || provisioningState === 'Succeeded')
  const isPending = (version: Made) =>
    !['Succeeded', 'InUse'].includes(version.provisioningState) && (version.provisioningState === 'Failed' || !isLive || isOurs(version))
  // A managed image for another pool needs the snapshots of the first.
  const pending = made.find((version) => isSame(version) && isPending(version) && (image.kind === 'gallery' || hasAll(version.name)))
  if (pending) return pending.name
  return same
    .filter(({ tags }) => !made.some(({ name }) => name === tags[TAGS.version]))
    .filter((left) => !isOfOthers(left) || (!isLive && isComplete(left.tags[TAGS.version] ?? '')))
    .filter((left) => isCopied || !isLive || (hasAll(left.tags[TAGS.version] ?? '') && !isOld(left, now)))
    .map(({ tags }) => tags[TAGS.version])
    .find((version) => version !== undefined)
}

/** Names of versions, and of those that have got no further than snapshots: another run, not an attempt of this one, may be at work on them. */
function takenVersions(image: ImageSettings, { snapshots, vm }: Observed, made: readonly Made[], run: RunContext): readonly string[] {
  const isDead = (tags: Tags) => vm?.vm.tags[TAGS.restart] !== undefined || isOfRun(tags, run.runUrl)
  const begun = snapshots.filter(({ tags }) => isOwn(tags, image.name) && !isDead(tags))
  return [...made.map(({ name }) => name), ...begun.flatMap(({ tags }) => tags[TAGS.version] ?? [])]
}

function reasonToBuild({ rebuild }: ImageSettings, isLive: boolean, newest: Made | undefined): string {
  if (!newest) return 'no version yet'
  if (rebuild === 'always') return 'rebuild: always'
  if (isLive) return 'the VM runs: its disks count as changed'
  return `the source changed since version ${newest.name}`
}

interface BuildInput {
  readonly config: Config
  readonly image: ImageSettings
  readonly observed: Observed
  readonly content: SourceContent
  readonly run: RunContext
  readonly now: Date
  readonly version: string
  readonly fingerprint: string
  readonly newest: Made | undefined
  readonly made: readonly Made[]
  readonly reason: string
}

function build({ config, image, observed, content, run, now, version, fingerprint, newest, made, reason }: BuildInput): BuildPlan {
  const { source } = config
  const { derived, location, captured } = content
  const previous = newest && newest.name !== version ? { previousVersion: newest.name } : {}
  const provenance = provenanceTags(
    { image: image.name, version, source: sourceTag(content.sourceId), fingerprint, ...previous },
    run,
    image.tags,
  )
  const tags = image.keepSnapshots ? { ...provenance, [TAGS.keep]: 'true' } : provenance
  const { vm } = observed.vm ?? {}
  const copy =
    source.kind === 'vm' && source.capture === 'copy' && vm
      ? planCopy({
          group: image.resourceGroup,
          name: copyName(image.name, version, run.runId),
          vm,
          captured,
          tags,
          ...(source.prepareScript && { prepareScript: source.prepareScript }),
        })
      : undefined
  const existing = made.find(({ name }) => name === version)
  // Another run, or a dead one, began this version: it has its disks, and nothing is captured for it again.
  const isBegun = existing !== undefined && existing.provisioningState !== 'Failed'
  const named = captured.map(({ disk }) => {
    const id = childId(image.resourceGroup, 'providers/Microsoft.Compute/snapshots', snapshotName(image.name, version, disk))
    return { id, left: observed.snapshots.find((snapshot) => sameId(snapshot.id, id)) }
  })
  const isFit = (left: Snapshot | undefined) =>
    left?.provisioningState === 'Succeeded' &&
    (isBegun || (left.tags[TAGS.fingerprint] === fingerprint && !(content.isLive && isOld(left, now))))
  // Disks of a VM that runs must be of one moment: all are taken up, or none.
  const isTorn = content.isLive && !isBegun && !named.every(({ left }) => isFit(left))
  const snapshots = captured.map(({ disk, sourceId, caching }, index): SnapshotPlan => {
    const { id, left } = named[index] as (typeof named)[number]
    const exists = isFit(left) && !isTorn
    return { id, disk, sourceId: copy?.disks[index] ?? sourceId, caching, exists, isStale: left !== undefined && !exists }
  })
  const batchRegion = observed.account?.location ?? location
  const isOwedStart = observed.vm?.vm.tags[TAGS.restart] !== undefined
  const isRunning =
    observed.vm?.vm.statuses.includes('PowerState/running') === true ||
    (isOwedStart && source.kind === 'vm' && source.prepareScript !== undefined)
  const ownImages = image.kind === 'managed' ? poolImages(image, version, config.pool, observed.images) : undefined
  return {
    kind: 'build',
    imageKind: image.kind,
    version,
    reason,
    location,
    snapshots: isBegun ? snapshots.filter(({ exists }) => exists) : snapshots,
    content: content.content ?? disksOf(snapshots.map(({ disk, id, caching }) => ({ disk, source: { kind: 'snapshot', id }, caching }))),
    osType: derived.osType,
    hyperVGeneration: derived.generation,
    keepSnapshots: image.keepSnapshots,
    tags,
    waitForRegion: regionName(batchRegion),
    targetRegions: targetRegions(image, config.pool, location, batchRegion),
    ...previous,
    ...(ownImages && { poolImages: ownImages }),
    ...(existing && { existing: { state: existing.provisioningState === 'Failed' ? ('failed' as const) : ('creating' as const) } }),
    ...(!isBegun && preparation(source, isRunning, copy)),
    ...imageIds(image, config.pool, version, observed, content, tags),
  }
}

/** Of a run that cannot live any more; of a running VM it is no picture either. */
function isOld({ timeCreated }: Snapshot, now: Date): boolean {
  return timeCreated === undefined || now.getTime() - Date.parse(timeCreated) > LONGEST_RUN_MS
}

/** What happens to a VM, or to its copy, before its disks are captured. */
function preparation(source: Source, isRunning: boolean, copy: CopyPlan | undefined): Pick<BuildPlan, 'copy' | 'prepare' | 'deallocate'> {
  if (source.kind !== 'vm') return {}
  const { id, capture, prepareScript } = source
  if (copy) return { copy }
  return {
    ...(prepareScript && { prepare: { vm: id, script: prepareScript } }),
    ...(capture === 'deallocate' && isRunning && { deallocate: id }),
  }
}

function imageIds(
  image: ImageSettings,
  pool: PoolSettings | undefined,
  version: string,
  observed: Observed,
  { derived, location: sourceRegion }: SourceContent,
  tags: Tags,
): Pick<BuildPlan, 'id' | 'gallery' | 'definition'> {
  if (!image.gallery) {
    const [first] = poolImages(image, version, pool, observed.images)
    if (!first) throw new Error('a managed image is for one pool at least')
    return { id: first.id }
  }
  const definitionId = childId(image.gallery, 'images', image.name)
  const location = observed.gallery?.location ?? sourceRegion
  return {
    id: childId(definitionId, 'versions', version),
    gallery: { id: image.gallery, exists: observed.gallery !== undefined },
    definition: observed.definition
      ? { id: definitionId }
      : { id: definitionId, create: definitionRequest(definitionId, image, location, derived, tags) },
  }
}

function definitionRequest(id: ArmId, image: ImageSettings, location: string, derived: DerivedImage, tags: Tags): ImageDefinitionRequest {
  const { [TAGS.version]: _version, [TAGS.fingerprint]: _fingerprint, [TAGS.previousVersion]: _previous, ...lasting } = tags
  return {
    id,
    location,
    osType: derived.osType,
    osState: 'Generalized',
    hyperVGeneration: derived.generation,
    architecture: derived.architecture,
    features: derived.features,
    identifier: { publisher: 'AzureBatchImagePool', offer: partsOf(id).names[0] ?? 'gallery', sku: image.name },
    tags: lasting,
    ...(derived.purchasePlan && { purchasePlan: derived.purchasePlan }),
  }
}

/**
 * Pools of one run grow side by side and pull the same version: the nodes of all of them count, not those of the largest.
 * https://learn.microsoft.com/azure/batch/batch-sig-images
 */
const NODES_PER_REPLICA = 300

function targetRegions(
  image: ImageSettings,
  pool: PoolSettings | undefined,
  sourceRegion: string,
  batchRegion: string,
): readonly TargetRegion[] {
  const nodes = (pool?.requests ?? []).reduce((sum, { target }) => sum + target.dedicated + target.lowPriority, 0)
  const replicas = image.replicas === 'auto' ? Math.max(1, Math.ceil(nodes / NODES_PER_REPLICA)) : image.replicas
  const regions = new Map<string, TargetRegion>()
  regions.set(regionName(sourceRegion), { name: regionName(sourceRegion), replicas: 1 })
  regions.set(regionName(batchRegion), { name: regionName(batchRegion), replicas })
  for (const { name, replicas: asked, storageAccountType } of image.targetRegions) {
    const key = regionName(name)
    const own = regions.get(key)?.replicas ?? 1
    regions.set(key, { name: key, replicas: asked ?? own, ...(storageAccountType && { storageAccountType }) })
  }
  return [...regions.values()]
}

function planPools(settings: PoolSettings, observed: Observed, image: ImagePlan, derived: DerivedImage | undefined): readonly PoolPlan[] {
  return settings.requests.map((request) => {
    const named = childId(settings.account, 'pools', request.id)
    const existing =
      (settings.strategy === 'blue-green' ? undefined : observed.pools.find((pool) => sameId(pool.id, named) && !isBeingDeleted(pool))) ??
      servingPool(request.id, observed.pools)
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

const IMAGE_VERBS = { absent: 'create', failed: 'rebuild', creating: 'adopt', succeeded: 'adopt' } as const

function startChanges(vm: ArmId | undefined): readonly PlannedChange[] {
  const reason = 'a run that died has stopped it: it is started again'
  return vm ? [{ verb: 'update', type: 'virtual machine', id: vm, name: nameOf(vm), reason }] : []
}

function imageChanges(image: ImagePlan): readonly PlannedChange[] {
  if (image.kind !== 'build') return []
  const change = (verb: PlannedChange['verb'], type: string, id: string, reason: string): PlannedChange => ({
    verb,
    type,
    id,
    name: nameOf(id),
    reason,
  })
  return [
    ...image.snapshots.map(({ id, disk, exists }) =>
      change(exists ? 'adopt' : 'create', 'snapshot', id, disk === 'os' ? 'OS disk' : `data disk at LUN ${disk}`),
    ),
    ...(image.gallery && !image.gallery.exists ? [change('create', 'gallery', image.gallery.id, 'it does not exist')] : []),
    ...(image.definition?.create ? [change('create', 'image definition', image.definition.id, 'it does not exist')] : []),
    ...(image.poolImages
      ? image.poolImages
          .filter(({ state }) => state !== 'succeeded')
          .map(({ id, state, pool }) =>
            change(IMAGE_VERBS[state], 'managed image', id, pool ? `of pool ${pool}: ${image.reason}` : image.reason),
          )
      : [change(IMAGE_VERBS[image.existing?.state ?? 'absent'], 'image version', image.id, image.reason)]),
  ]
}

function poolChanges(plan: PoolPlan): readonly PlannedChange[] {
  const { id, request, action } = plan
  const size = request.autoScale ? 'size by its formula' : `${request.target.dedicated} dedicated, ${request.target.lowPriority} Spot nodes`
  const change = (verb: PlannedChange['verb'], reason: string): PlannedChange => ({ verb, type: 'pool', name: request.id, id, reason })
  switch (action) {
    case 'none':
      return []
    case 'create':
      return [change('create', size)]
    case 'resize':
      return [change('resize', size)]
    case 'update':
      return [change('update', Object.keys(plan.properties).join(', ')), ...(plan.resize ? [change('resize', size)] : [])]
    case 'reimage':
      return [change('reimage', `drain to 0, change the image, grow to ${size}`)]
    case 'blue-green':
      return [
        change(plan.green ? 'adopt' : 'create', size),
        ...[plan.old, ...plan.strays].map(({ name, id }) => ({
          verb: 'delete' as const,
          type: 'pool',
          name,
          id,
          reason: 'its jobs go to the new pool',
        })),
      ]
    case 'replace':
      return [change('delete', 'strategy: replace'), change('create', size)]
  }
}
