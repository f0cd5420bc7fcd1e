/** Pure: reuse an image, or build it, and of what. */
import { type Config, type ImageSettings, imageTargetId, type Source } from '../config/config.ts'
import type { Tags } from '../model/arm.ts'
import { type ArmId, childId } from '../model/arm-id.ts'
import type { TargetRegion } from '../model/compute.ts'
import { type Observed, type ObservedFleet, observedAcross } from '../observe/observed.ts'
import type { RunContext } from '../run/runner.ts'
import { type CopyPlan, planCopy } from './copy-plan.ts'
import { definitionRequest } from './definition.ts'
import { isEncryptedAlike, withEncryption } from './encryption.ts'
import { changedEndOfLife, endOfLifeOf, reasonToRefresh } from './freshness.ts'
import type { BuildPlan, ImagePlan } from './image-plan.ts'
import { AWAITS_HEALTH, isAwaitingHealth } from './latest.ts'
import { type BuiltVersion, managedVersions, poolImages } from './managed-images.ts'
import { byVersionDescending, copyName, nextVersion } from './names.ts'
import { planSnapshots } from './plan-snapshots.ts'
import { isBroken, isStuck, reasonToBuild, reasonToStayOf, resumableVersion, takenVersions } from './plan-version.ts'
import { planRestorePoint, type RestorePointPlan } from './restore-point-plan.ts'
import { disksOf, isUp, type SourceContent } from './source.ts'
import { failedRegions, isUsable } from './standing.ts'
import { fingerprintOf, isOwn, provenanceTags, sourceTag, TAGS } from './tags.ts'
import { type BatchRegion, batchRegions, missingRegions, targetRegions } from './target-regions.ts'

/** What an image is planned from. */
export interface ImageQuestion {
  readonly config: Config
  /** Has passed the preflight rules. */
  readonly observed: ObservedFleet
  readonly content: SourceContent | undefined
  readonly run: RunContext
  readonly now: Date
  /** Version numbers that turned out to be somebody else's while this run was at work. */
  readonly avoid?: readonly string[]
}

/** Reuses an image whose source is unchanged, or builds the next one. */
export function planImage(question: ImageQuestion): ImagePlan {
  const { config, content, run, now, avoid = [] } = question
  const observed = observedAcross(question.observed)
  const { source, image } = config
  if (source.kind === 'image-id') return { kind: 'given', id: source.id, reason: 'image-id was given' }
  if (!image || !content) throw new Error(`source ${source.kind} passed the checks, but is not there`)
  const fingerprint = fingerprintOf(content.identity, { imageId: imageTargetId(image), kind: image.kind })
  const made: readonly BuiltVersion[] = image.kind === 'gallery' ? observed.versions : managedVersions(image, config.pool, observed)
  const { isLive } = content
  const batch = batchRegions(config.pool, question.observed.accounts, content.location)
  // Accounts in regions where it failed wait for a new attempt.
  const usable = made.filter((version) => batch.some(({ name }) => isUsable(version, name))).sort(byVersionDescending)
  const regions = regionsFor(image, content, batch)
  const missingIn = (version: BuiltVersion) => missingRegions(version, regions)
  const isAlike = ({ tags, targetRegions: made }: BuiltVersion) =>
    isOwn(tags, image.name) && tags[TAGS.fingerprint] === fingerprint && isEncryptedAlike(made, regions)
  const alike = usable.filter(isAlike)
  const reuse = (version: BuiltVersion, reason: string) => reusePlan(version, reason, { config, image, observed })

  const unchanged = alike.find((version) => missingIn(version).length === 0)
  const azureNow = observed.azureTime ? new Date(observed.azureTime) : now
  const tooOld = unchanged && reasonToRefresh(unchanged, image.rebuild, azureNow)
  if (unchanged && !tooOld && image.rebuild !== 'always' && !isLive && (image.version === 'auto' || unchanged.name === image.version))
    return reuse(unchanged, reasonToReuse(source, unchanged))
  const wanted = image.version === 'auto' ? undefined : usable.find(({ name }) => name === image.version)
  if (wanted) return reuse(wanted, `version ${wanted.name} is already published`)

  const newest = usable[0]
  const isSameSource = newest?.tags[TAGS.fingerprint] === fingerprint && !isLive && image.rebuild !== 'always'
  const otherKeys =
    newest && isSameSource && !isEncryptedAlike(newest.targetRegions, regions)
      ? `other disk encryption sets than those of version ${newest.name} are asked for`
      : undefined
  const resumable = () =>
    resumableVersion(image, observed, content, made, {
      ...{ fingerprint, now, run, avoid: [...avoid, ...(observed.softDeletedVersions ?? [])] },
      isInReach: (version) => missingIn(version).length === 0 && isEncryptedAlike(version.targetRegions, regions),
      isCopied: takesTemporaries(source),
    })
  const taken = () => [
    ...takenVersions(image, config.pool, observed, content, made, run),
    ...(observed.softDeletedVersions ?? []),
    ...avoid,
  ]
  const version = image.version === 'auto' ? (resumable() ?? nextVersion(now, taken())) : image.version
  const stuck = made.find((one) => isAlike(one) && !usable.includes(one) && isStuck(one, observed))
  const reason = [
    (!isLive && tooOld) ||
      otherKeys ||
      reasonToBuild(image, isLive, newest, alike[0] && { name: alike[0].name, missing: missingIn(alike[0]) }),
    ...(stuck ? [`version ${stuck.name} failed, and stays: it ${reasonToStayOf(stuck, observed)}`] : []),
    ...avoid.map((name) => `version ${name} was made by someone else meanwhile`),
  ].join('; ')
  return build({ config, image, observed, batch, content, run, now, version, fingerprint, newest, made, reason })
}

function regionsFor(image: ImageSettings, { location, luns }: SourceContent, batch: readonly BatchRegion[]): readonly TargetRegion[] {
  return withEncryption(targetRegions(image, { sourceRegion: location, batch }), image.encryptionSets, luns)
}

function reusePlan(
  version: BuiltVersion,
  reason: string,
  { config, image, observed }: { readonly config: Config; readonly image: ImageSettings; readonly observed: Observed },
): ImagePlan {
  const { id, name } = version
  const retriedRegions = failedRegions(version)
  const endOfLifeDate = image.kind === 'gallery' ? changedEndOfLife(version, image.endOfLife) : undefined
  return {
    kind: 'reuse',
    id: id as ArmId,
    version: name,
    reason,
    ...((retriedRegions.length > 0 || endOfLifeDate) && {
      update: { ...(retriedRegions.length > 0 && { retriedRegions }), ...(endOfLifeDate && { endOfLifeDate }) },
    }),
    ...(image.latest === 'when-healthy' && isAwaitingHealth(version) && { isExcludedFromLatest: true }),
    ...(image.kind === 'managed' && { poolImages: poolImages(image, name, config.pool, observed.images) }),
  }
}

/** Whether resources are made that exist only while disks are captured: what an interrupted run left of them is swept. */
export function takesTemporaries(source: Source): boolean {
  return source.kind === 'vm' && (source.capture === 'copy' || source.capture === 'restore-point')
}

function reasonToReuse({ kind }: Source, { name }: BuiltVersion): string {
  return kind === 'vhd'
    ? `the addresses of the VHDs are those of version ${name}; for new content at these addresses: \`rebuild: always\``
    : `the source is unchanged since version ${name}`
}

interface BuildInput {
  readonly config: Config
  readonly image: ImageSettings
  readonly observed: Observed
  readonly batch: readonly BatchRegion[]
  readonly content: SourceContent
  readonly run: RunContext
  readonly now: Date
  readonly version: string
  readonly fingerprint: string
  readonly newest: BuiltVersion | undefined
  readonly made: readonly BuiltVersion[]
  readonly reason: string
}

function build(input: BuildInput): BuildPlan {
  const { config, image, observed, batch, content, now, version, fingerprint, newest, made, reason } = input
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
    targetRegions: regionsFor(image, content, batch),
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
    ...(image.latest === 'when-healthy' && { [TAGS.latest]: AWAITS_HEALTH }),
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
