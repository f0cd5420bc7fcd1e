/** Pure: reuse an image, or build it, and of what. */
import { type Config, type ImageSettings, imageTargetId, type PoolSettings, type Source } from '../config/config.ts'
import type { Tags } from '../model/arm.ts'
import { type ArmId, childId, partsOf, regionName, sameId } from '../model/arm-id.ts'
import type { ImageDefinitionRequest, Snapshot, TargetRegion } from '../model/compute.ts'
import type { ImageTraits } from '../model/image-traits.ts'
import type { Observed } from '../observe/observed.ts'
import type { RunContext } from '../run/runner.ts'
import { type CopyPlan, planCopy } from './copy-plan.ts'
import type { BuildPlan, ImagePlan, SnapshotPlan } from './image-plan.ts'
import { type BuiltVersion, managedVersions, poolImages } from './managed-images.ts'
import { byVersionDescending, copyName, nextVersion, snapshotName } from './names.ts'
import { isOld, reasonToBuild, resumableVersion, takenVersions } from './plan-version.ts'
import { disksOf, isUp, type SourceContent } from './source.ts'
import { fingerprintOf, isOwn, provenanceTags, sourceTag, TAGS } from './tags.ts'

/** `observed` must have passed the preflight rules. */
export function planImage(config: Config, observed: Observed, content: SourceContent | undefined, run: RunContext, now: Date): ImagePlan {
  const { source, image } = config
  if (source.kind === 'image-id') return { kind: 'given', id: source.id, reason: 'image-id was given' }
  if (!image || !content) throw new Error(`source ${source.kind} passed the checks, but is not there`)
  const fingerprint = fingerprintOf(content.identity, { imageId: imageTargetId(image), kind: image.kind })
  const made = image.kind === 'gallery' ? observed.versions : managedVersions(image, config.pool, observed)
  const own = (version: string) =>
    image.kind === 'managed' ? { poolImages: poolImages(image, version, config.pool, observed.images) } : {}
  const succeeded = made.filter(({ provisioningState }) => provisioningState === 'Succeeded').sort(byVersionDescending)
  const newest = succeeded[0]
  const regions = targetRegions(image, config.pool, content.location, observed.account?.location ?? content.location)
  const missingIn = (version: BuiltVersion) => missingRegions(version, regions)
  const alike = succeeded.filter(({ tags }) => isOwn(tags, image.name) && tags[TAGS.fingerprint] === fingerprint)
  const same = alike.find((version) => missingIn(version).length === 0)
  const { isLive } = content
  const wanted = image.version === 'auto' ? undefined : made.find(({ name }) => name === image.version && isSucceeded(name, succeeded))

  if (same && image.rebuild === 'auto' && !isLive && (image.version === 'auto' || same.name === image.version)) {
    const reason =
      source.kind === 'vhd'
        ? `the addresses of the VHDs are those of version ${same.name}; for new content below them: \`rebuild: always\``
        : `the source is unchanged since version ${same.name}`
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
      ? (resumableVersion(image, observed, content, made, {
          fingerprint,
          now,
          run,
          isInReach: (version) => missingIn(version).length === 0,
          isCopied: source.kind === 'vm' && source.capture === 'copy',
        }) ?? nextVersion(now, takenVersions(image, config.pool, observed, content, made, run)))
      : image.version
  const reason = reasonToBuild(image, isLive, newest, alike[0] && { name: alike[0].name, missing: missingIn(alike[0]) })
  return build({ config, image, observed, content, run, now, version, fingerprint, newest, made, reason })
}

function isSucceeded(name: string, succeeded: readonly { readonly name: string }[]): boolean {
  return succeeded.some((version) => version.name === name)
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
  readonly newest: BuiltVersion | undefined
  readonly made: readonly BuiltVersion[]
  readonly reason: string
}

function build({ config, image, observed, content, run, now, version, fingerprint, newest, made, reason }: BuildInput): BuildPlan {
  const { source } = config
  const { imageTraits, location, captured } = content
  const previous = newest && newest.name !== version ? { previousVersion: newest.name } : {}
  const provenance = provenanceTags(
    { image: image.name, target: imageTargetId(image), version, source: sourceTag(content.sourceId), fingerprint, ...previous },
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
  const isRunning = (vm !== undefined && isUp(vm)) || (isOwedStart && source.kind === 'vm' && source.prepareScript !== undefined)
  const ownImages = image.kind === 'managed' ? poolImages(image, version, config.pool, observed.images) : undefined
  return {
    kind: 'build',
    imageKind: image.kind,
    version,
    reason,
    location,
    snapshots: isBegun ? snapshots.filter(({ exists }) => exists) : snapshots,
    content: content.content ?? disksOf(snapshots.map(({ disk, id, caching }) => ({ disk, source: { kind: 'snapshot', id }, caching }))),
    osType: imageTraits.osType,
    hyperVGeneration: imageTraits.generation,
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
  { imageTraits, location: sourceRegion }: SourceContent,
  tags: Tags,
): Pick<BuildPlan, 'id' | 'gallery' | 'definition'> {
  if (!image.gallery) {
    const [first] = poolImages(image, version, pool, observed.images)
    if (!first) throw new Error('a managed image is for one pool at least')
    return { id: first.id }
  }
  const definitionId = imageTargetId(image)
  const location = observed.gallery?.location ?? sourceRegion
  return {
    id: childId(definitionId, 'versions', version),
    gallery: { id: image.gallery, exists: observed.gallery !== undefined },
    definition: observed.definition
      ? { id: definitionId }
      : { id: definitionId, create: definitionRequest(definitionId, image, location, imageTraits, tags) },
  }
}

function definitionRequest(
  id: ArmId,
  image: ImageSettings,
  location: string,
  imageTraits: ImageTraits,
  tags: Tags,
): ImageDefinitionRequest {
  const { [TAGS.version]: _version, [TAGS.fingerprint]: _fingerprint, [TAGS.previousVersion]: _previous, ...lasting } = tags
  return {
    id,
    location,
    osType: imageTraits.osType,
    osState: 'Generalized',
    hyperVGeneration: imageTraits.generation,
    architecture: imageTraits.architecture,
    features: imageTraits.features,
    identifier: { publisher: 'AzureBatchImagePool', offer: partsOf(id).names[0] ?? 'gallery', sku: image.name },
    tags: lasting,
    ...(imageTraits.purchasePlan && { purchasePlan: imageTraits.purchasePlan }),
  }
}

/**
 * Pools of one run grow side by side and pull the same version: the nodes of all of them count, not those of the largest.
 * https://learn.microsoft.com/azure/batch/batch-sig-images
 */
const NODES_PER_REPLICA = 300

/** Regions that a version was not made for. */
export function missingRegions(
  { targetRegions: made }: Pick<BuiltVersion, 'targetRegions'>,
  asked: readonly { readonly name: string }[],
): readonly string[] {
  if (!made) return []
  const has = new Set(made.map(({ name }) => regionName(name)))
  return asked.map(({ name }) => regionName(name)).filter((name) => !has.has(name))
}

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
