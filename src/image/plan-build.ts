/** Pure: the plan of a version that is built: its disks, snapshots and regions, and what happens to the VM before. */
import { type Config, type ImageSettings, imageTargetId, type Source } from '../config/config.ts'
import type { Tags } from '../model/arm.ts'
import { type ArmId, childId } from '../model/arm-id.ts'
import type { TargetRegion } from '../model/compute.ts'
import type { Observed } from '../observe/observed.ts'
import type { RunContext } from '../run/runner.ts'
import { type CopyPlan, planCopy } from './copy-plan.ts'
import { definitionRequest } from './definition.ts'
import { endOfLifeOf } from './freshness.ts'
import type { BuildPlan } from './image-plan.ts'
import { type BuiltVersion, poolImages } from './managed-images.ts'
import { copyName } from './names.ts'
import { planSnapshots } from './plan-snapshots.ts'
import { isBroken } from './plan-version.ts'
import { planRestorePoint, type RestorePointPlan } from './restore-point-plan.ts'
import { disksOf, isUp, type SourceContent } from './source.ts'
import { LATEST, provenanceTags, sourceTag, TAGS } from './tags.ts'
import type { BatchRegion } from './target-regions.ts'

/** What the next version is planned from. */
export interface BuildInput {
  readonly config: Config
  readonly image: ImageSettings
  readonly observed: Observed
  readonly batch: readonly BatchRegion[]
  readonly regions: readonly TargetRegion[]
  readonly content: SourceContent
  readonly run: RunContext
  readonly now: Date
  readonly version: string
  readonly fingerprint: string
  readonly newest: BuiltVersion | undefined
  readonly made: readonly BuiltVersion[]
  readonly reason: string
}

/** The version under its number: captured, or adopted where an interrupted run began it. */
export function planBuild(input: BuildInput): BuildPlan {
  const { config, image, observed, batch, regions, content, now, version, fingerprint, newest, made, reason } = input
  const endOfLifeDate = endOfLifeOf(observed.azureTime ?? now.toISOString(), image.endOfLife)
  const { imageTraits, location } = content
  const previous = newest && newest.name !== version ? { previousVersion: newest.name } : {}
  const tags = tagsOf(input)
  const copy = copyFor(input, tags)
  const restorePoint = restorePointFor(input, tags)
  const existing = made.find(({ name }) => name === version)
  const hasFailed = existing !== undefined && !existing.isOfOtherPools && isBroken(existing, observed)
  const isBegun = existing !== undefined && !hasFailed
  const captured = content.captured.map((disk, index) => ({ ...disk, sourceId: (copy ?? restorePoint)?.disks[index] ?? disk.sourceId }))
  const snapshots = planSnapshots({
    ...{ image, version, fingerprint, captured, isBegun, now },
    isLive: content.isLive,
    existing: observed.snapshots,
  })
  return {
    kind: 'build',
    imageKind: image.kind,
    version,
    reason: withCapture(reason, config.source),
    location,
    // A version that another run, or an interrupted one, began has its disks: nothing is captured for it again.
    snapshots: isBegun ? snapshots.filter(({ exists }) => exists) : snapshots,
    content: content.content ?? disksOf(snapshots.map(({ disk, id, caching }) => ({ disk, source: { kind: 'snapshot', id }, caching }))),
    osType: imageTraits.osType,
    hyperVGeneration: imageTraits.generation,
    keepSnapshots: image.keepSnapshots || image.replication === 'Shallow',
    replicationMode: image.replication,
    ...(image.latest === 'when-healthy' && { isExcludedFromLatest: true }),
    ...(endOfLifeDate && { endOfLifeDate }),
    isLive: content.isLive && copy === undefined,
    tags,
    waitForRegions: batch.map(({ name }) => name),
    accounts: config.pool?.accounts ?? [],
    targetRegions: regions,
    ...previous,
    ...(existing && { existing: { state: hasFailed ? ('failed' as const) : ('creating' as const) } }),
    ...(!isBegun && preparation(config.source, observed, copy)),
    ...(!isBegun && restorePoint && { restorePoint }),
    ...(image.gallery ? galleryTarget(image.gallery, input, tags) : managedTarget(input)),
  }
}

/** What `capture: auto` chose is part of the reason, and so stands in plan, log and summary. */
function withCapture(reason: string, source: Source): string {
  if (source.kind !== 'vm' || !source.whyChosen) return reason
  return `${reason}; \`capture: auto\` chose \`${source.capture}\`: ${source.whyChosen}`
}

function tagsOf({ image, content, run, version, fingerprint, newest }: BuildInput): Tags {
  const previous = newest && newest.name !== version ? { previousVersion: newest.name } : {}
  const source = sourceTag(content.sourceId)
  const tags = provenanceTags(
    { image: image.name, target: imageTargetId(image), version, source, fingerprint, ...previous },
    run,
    image.tags,
  )
  return {
    ...tags,
    ...(image.latest === 'when-healthy' && { [TAGS.latest]: LATEST.awaitsHealth }),
    ...(image.keepSnapshots && { [TAGS.keep]: 'true' }),
  }
}

function copyFor({ config: { source }, image, observed, content, run, version }: BuildInput, tags: Tags): CopyPlan | undefined {
  const { vm } = observed.vm ?? {}
  if (source.kind !== 'vm' || source.capture !== 'copy' || !vm) return undefined
  return planCopy({
    group: image.resourceGroup,
    name: copyName(image.name, version, run),
    vm,
    captured: content.captured,
    tags,
    ...(source.prepareScript && { prepareScript: source.prepareScript }),
  })
}

function restorePointFor(
  { config: { source }, image, observed, content, run, version }: BuildInput,
  tags: Tags,
): RestorePointPlan | undefined {
  const { vm } = observed.vm ?? {}
  if (source.kind !== 'vm' || source.capture !== 'restore-point' || !vm) return undefined
  const name = copyName(image.name, version, run)
  return planRestorePoint({ group: image.resourceGroup, name, vm, captured: content.captured, tags })
}

/** What happens to a VM, or to its copy, before its disks are captured. */
function preparation(
  source: Source,
  { vm: seen }: Observed,
  copy: CopyPlan | undefined,
): Pick<BuildPlan, 'copy' | 'prepare' | 'deallocate'> {
  if (source.kind !== 'vm' || !seen) return {}
  const { id, capture, prepareScript } = source
  if (copy) return { copy }
  const isOwedStart = seen.vm.tags[TAGS.restart] !== undefined
  const isRunning = isUp(seen.vm) || (isOwedStart && prepareScript !== undefined)
  return {
    ...(prepareScript && { prepare: { vm: id, script: prepareScript } }),
    ...(capture === 'deallocate' && isRunning && { deallocate: id }),
  }
}

function managedTarget({ config, image, observed, version }: BuildInput): Pick<BuildPlan, 'id' | 'poolImages'> {
  const own = poolImages(image, version, config.pool, observed.images)
  const [first] = own
  if (!first) throw new Error('a managed image is for one pool at least')
  return { id: first.id, poolImages: own }
}

function galleryTarget(
  gallery: ArmId,
  { image, observed, content, version }: BuildInput,
  tags: Tags,
): Pick<BuildPlan, 'id' | 'gallery' | 'definition'> {
  const definitionId = imageTargetId(image)
  const location = observed.gallery?.location ?? content.location
  const create = () => definitionRequest({ id: definitionId, image, location, imageTraits: content.imageTraits, tags })
  return {
    id: childId(definitionId, 'versions', version),
    gallery: {
      ...{ id: gallery, exists: observed.gallery !== undefined },
      ...(observed.softDeletedVersions && { hasSoftDelete: true }),
    },
    definition: { id: definitionId, ...(!observed.definition && { create: create() }) },
  }
}
