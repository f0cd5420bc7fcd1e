/** Pure: which images of this action may be deleted. Whatever is not certainly its own and certainly unused stays. */
import type { Tags } from '../model/arm.ts'
import { regionName, sameId } from '../model/arm-id.ts'
import type { RegionReplication, Snapshot } from '../model/compute.ts'
import { byVersionDescending } from './names.ts'
import { type Holder, holdersOf, type References } from './references.ts'
import { isOwn, isTakenFor, TAGS } from './tags.ts'
import { TEMPORARY_TAG } from './temporary.ts'

/** An image version, or a managed image; `name` is its version. */
export interface MadeImage {
  readonly id: string
  readonly name: string
  readonly provisioningState: string
  readonly publishedDate?: string
  readonly tags: Tags
  /** Ids of the snapshots (or of the image) that it was made from. */
  readonly sourceIds?: readonly string[]
  readonly replicationMode?: string
  readonly targetRegions?: readonly { readonly name: string }[]
  readonly isExcludedFromLatest?: boolean
  /** Read for failed versions only. */
  readonly replication?: readonly RegionReplication[]
}

export interface RetentionQuestion {
  /** As in `image-name`. */
  readonly image: string
  /** The definition, or what the names of managed images begin with. */
  readonly target: string
  /** All versions of the definition, or all managed images of the group, whoever made them. */
  readonly made: readonly MadeImage[]
  readonly snapshots: readonly Snapshot[]
  /** Ids of snapshots that are the source of the run. */
  readonly sources: readonly string[]
  readonly references: References
  /** How many succeeded versions to keep; 0 = all. */
  readonly keep: number
  /** `keep-snapshots`: no snapshot is deleted, whichever run took it. */
  readonly keepsSnapshots: boolean
  /** In a gallery with soft delete, Azure deletes no failed version. */
  readonly failedStay?: boolean
  /** Versions that this run has deleted already. */
  readonly deleted?: readonly string[]
  readonly runStartedAt: Date
}

export interface Doomed {
  readonly id: string
  readonly name: string
  readonly why: string
}

export interface RetentionPlan {
  readonly images: readonly Doomed[]
  readonly snapshots: readonly (Doomed & { readonly version: string })[]
  /** What could not be read to its end, so that nothing may be deleted. */
  readonly unread: readonly string[]
}

/**
 * Leftovers of an interrupted run count as abandoned after a day: no run lasts longer. They are deleted only where deletion was requested
 * (`retain-versions`, `mode: prune`); otherwise the next run of the same source resumes from them.
 */
export const ABANDONED_MS = 24 * 3_600_000

export function planRetention(question: RetentionQuestion): RetentionPlan {
  const { unread } = question.references
  if (unread.length > 0) return { images: [], snapshots: [], unread }
  const images = doomedImages(question)
  return { images, snapshots: doomedSnapshots(question, images), unread: [] }
}

function doomedImages({ image, made, references, keep, failedStay = false, runStartedAt }: RetentionQuestion): readonly Doomed[] {
  const own = made.filter(({ tags }) => isOwn(tags, image)).toSorted(byVersionDescending)
  const succeeded = own.filter(({ provisioningState }) => provisioningState === 'Succeeded')
  // A version may be several managed images, one for each pool.
  const versions = [...new Set(succeeded.map(({ name }) => name))]
  const keptVersions = new Set(keep === 0 ? versions : versions.slice(0, keep))
  const kept = succeeded.filter(({ name }) => keptVersions.has(name))
  const oldestKept = kept.at(-1)
  const latest = latestOf(succeeded)
  const isYoung = (time: string | undefined) => time === undefined || Date.parse(time) >= runStartedAt.getTime()

  return own.flatMap((candidate) => {
    const { id, name, provisioningState, publishedDate } = candidate
    const isUsed = holdersOf(references, { id, mayBeLatest: latest.has(candidate) }).length > 0
    if (kept.includes(candidate) || isUsed || isYoung(publishedDate)) return []
    if (provisioningState === 'Succeeded') return [{ id, name, why: `older than the newest ${keep} that are kept` }]
    const isOlder = oldestKept !== undefined && byVersionDescending(oldestKept, candidate) < 0
    const isOver = isAbandoned(publishedDate, runStartedAt) || (keep > 0 && isOlder)
    return provisioningState === 'Failed' && !failedStay && !hasReplica(candidate) && isOver ? [{ id, name, why: 'it failed' }] : []
  })
}

/**
 * The versions that *latest* may mean: in each region, the newest one with a replica there that is not excluded. @param succeeded newest
 * first
 */
function latestOf(succeeded: readonly MadeImage[]): ReadonlySet<MadeImage | undefined> {
  const included = succeeded.filter(({ isExcludedFromLatest }) => !isExcludedFromLatest)
  const regionsOf = ({ targetRegions = [] }: MadeImage) => targetRegions.map(({ name }) => regionName(name))
  const regions = [...new Set(included.flatMap(regionsOf))]
  const newestIn = regions.map((region) => included.find((one) => regionsOf(one).includes(region)))
  return new Set([succeeded[0], included[0], ...newestIn])
}

/** A failed version with a complete replica works in that region: nodes may be on it. */
function hasReplica({ replication = [] }: Pick<MadeImage, 'replication'>): boolean {
  return replication.some(({ state }) => state === 'Completed')
}

function doomedSnapshots(
  { image, target, made, snapshots, sources, references, keepsSnapshots, deleted = [], runStartedAt }: RetentionQuestion,
  images: readonly Doomed[],
): RetentionPlan['snapshots'] {
  if (keepsSnapshots) return []
  const goingIds = images.map(({ id }) => id)
  const going = new Set([...images.map(({ name }) => name), ...deleted])
  // Whoever replaced the tags of a version has not made it another one.
  const staying = new Set(made.filter(({ id }) => !goingIds.includes(id)).map(({ name }) => name))
  return snapshots.flatMap(({ id, name, tags, timeCreated }) => {
    const version = tags[TAGS.version]
    const isOurs = isTakenFor(tags, image, target) && tags[TAGS.keep] === undefined && tags[TEMPORARY_TAG] === undefined
    if (!isOurs || sources.some((source) => sameId(source, id)) || holdersOf(references, { id }, goingIds).length > 0) return []
    if (version === undefined || staying.has(version)) return []
    if (going.has(version)) return [{ id, name, version, why: `its image ${version} is deleted` }]
    return isAbandoned(timeCreated, runStartedAt)
      ? [{ id, name, version, why: 'left by a run that was interrupted more than a day ago' }]
      : []
  })
}

const isAbandoned = (time: string | undefined, runStartedAt: Date): boolean =>
  time !== undefined && runStartedAt.getTime() - Date.parse(time) > ABANDONED_MS

/** Images need what they are made of: a managed image and a shallow version for their whole life, a version until all replicas are there. */
export function imageHolders(made: readonly MadeImage[], kind: 'gallery' | 'managed'): readonly Holder[] {
  return made
    .filter(
      ({ provisioningState, replicationMode }) => kind === 'managed' || provisioningState !== 'Succeeded' || replicationMode === 'Shallow',
    )
    .map(({ id, sourceIds }) => ({ id, body: sourceIds }))
}

/** What was known to be there before, or was made by this run. */
export interface Expected {
  readonly images: readonly string[]
  readonly pools: readonly string[]
}

/**
 * Lists that contradict what is known: an answer may be empty, or lack what this run has just made. An empty list says nothing where
 * somebody refers to a version of the definition.
 */
export function contradictions(
  { made, target, references }: Pick<RetentionQuestion, 'made' | 'target' | 'references'>,
  { pools, expected }: { readonly pools: readonly string[]; readonly expected: Expected },
): readonly string[] {
  const has = (ids: readonly string[], id: string) => ids.some((one) => sameId(one, id))
  const madeIds = made.map(({ id }) => id)
  const lostImages = expected.images.filter((id) => !has(madeIds, id))
  const lostPools = expected.pools.filter((id) => !has(pools, id))
  const versions = `${target.toLowerCase()}/versions/`
  const isContradicted = made.length === 0 && [...references.holders.keys()].some((id) => id.startsWith(versions))
  return [
    ...(lostImages.length > 0 || isContradicted ? ['the list of images, which lacks some that exist'] : []),
    ...(lostPools.length > 0 ? ['the list of pools, which lacks some that exist'] : []),
  ]
}
