/** Pure: reuse an image, or build it, and of what. */
import { type Config, type ImageSettings, imageTargetId, type Source } from '../config/config.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { TargetRegion } from '../model/compute.ts'
import { type Observed, type ObservedFleet, observedAcross } from '../observe/observed.ts'
import type { RunContext } from '../run/runner.ts'
import { isEncryptedAlike, withEncryption } from './encryption.ts'
import { changedEndOfLife, reasonToRefresh } from './freshness.ts'
import type { ImagePlan } from './image-plan.ts'
import { type BuiltVersion, managedVersions, poolImages } from './managed-images.ts'
import { byVersionDescending, nextVersion } from './names.ts'
import { planBuild } from './plan-build.ts'
import { isStuck, reasonToBuild, reasonToStayOf, resumableVersion, takenVersions } from './plan-version.ts'
import type { SourceContent } from './source.ts'
import { failedRegions, isAwaitingHealth, isUsable } from './standing.ts'
import { fingerprintOf, isOwn, TAGS } from './tags.ts'
import { type BatchRegion, batchRegions, missingRegions, targetRegions } from './target-regions.ts'

/** What an image is planned from. */
export interface ImageQuestion {
  readonly config: Config
  /** Has passed the preflight rules. */
  readonly observed: ObservedFleet
  readonly content: SourceContent | undefined
  readonly run: RunContext
  readonly now: Date
  /** Version numbers that somebody else took during this run. */
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
    return { ...reuse(unchanged, reasonToReuse(source, unchanged)), ...(source.kind === 'vhd' && { isUncompared: true }) }
  const wanted = image.version === 'auto' ? undefined : usable.find(({ name }) => name === image.version)
  if (wanted) return reuse(wanted, `version ${wanted.name} is already published`)

  const newest = usable[0]
  const lost = [...avoid, ...(observed.softDeletedVersions ?? [])]
  const resumable = () =>
    resumableVersion(image, observed, content, made, {
      ...{ fingerprint, now, run, avoid: lost },
      isInReach: (version) => missingIn(version).length === 0 && isEncryptedAlike(version.targetRegions, regions),
      isCopied: takesTemporaries(source),
    })
  const taken = () => [...takenVersions(image, config.pool, observed, content, made, run), ...lost]
  const version = image.version === 'auto' ? (resumable() ?? nextVersion(now, taken())) : image.version
  const stuck = made.find((one) => isAlike(one) && !usable.includes(one) && isStuck(one, observed))
  const isSameSource = newest?.tags[TAGS.fingerprint] === fingerprint && !isLive && image.rebuild !== 'always'
  const otherKeys = newest && isSameSource && !isEncryptedAlike(newest.targetRegions, regions)
  const reason = [
    (!isLive && tooOld) ||
      (otherKeys && `the disk encryption sets differ from those of version ${newest.name}`) ||
      reasonToBuild(image, isLive, newest, alike[0] && { name: alike[0].name, missing: missingIn(alike[0]) }),
    ...(stuck ? [`version ${stuck.name} failed, and stays: it ${reasonToStayOf(stuck, observed)}`] : []),
    ...avoid.map((name) => `version ${name} was made by someone else meanwhile`),
  ].join('; ')
  return planBuild({ config, image, observed, batch, regions, content, run, now, version, fingerprint, newest, made, reason })
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
