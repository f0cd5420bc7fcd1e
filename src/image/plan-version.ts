/** Pure: which version number an image gets: that of an interrupted run, or the next free one. */
import { type ImageSettings, imageTargetId, type Requested } from '../config/config.ts'
import type { Tags } from '../model/arm.ts'
import { childId, sameId } from '../model/arm-id.ts'
import type { Snapshot } from '../model/compute.ts'
import type { Observed } from '../observe/observed.ts'
import type { RunContext } from '../run/runner.ts'
import { type BuiltVersion, poolImages } from './managed-images.ts'
import { snapshotName } from './names.ts'
import { holdersOf, referencesOf, showHolder } from './references.ts'
import type { SourceContent } from './source.ts'
import { reasonToStay } from './standing.ts'
import { isOfRun, isOwn, isTakenFor, LONGEST_RUN_MS, runTag, TAGS } from './tags.ts'

/** The version that an interrupted run of the same source was building. */
export function resumableVersion(
  image: ImageSettings,
  observed: Observed,
  { captured, isLive }: SourceContent,
  made: readonly BuiltVersion[],
  {
    fingerprint,
    isInReach,
    isCopied,
    avoid,
    run,
    now,
  }: {
    readonly fingerprint: string
    readonly isInReach: (version: BuiltVersion) => boolean
    readonly isCopied: boolean
    /** Numbers that this run has lost already. */
    readonly avoid: readonly string[]
    readonly run: RunContext
    readonly now: Date
  },
): string | undefined {
  const isSame = ({ tags }: { readonly tags: Tags }) => isOwn(tags, image.name) && tags[TAGS.fingerprint] === fingerprint
  const same = observed.snapshots.filter(isSame)
  const hasAll = (version: string) =>
    captured.every(({ disk }) => same.some(({ name }) => name === snapshotName(image.name, version, disk)))
  const isOurs = ({ tags }: { readonly tags: Tags }) => isOfRun(tags, runTag(run)) || observed.vm?.vm.tags[TAGS.restart] !== undefined
  // Snapshots that another run took of a running VM are out of date; those of a stopped VM are usable once they are complete.
  const isOfOthers = (left: Snapshot) => !isOurs(left) && !isOld(left, now)
  const isComplete = (version: string) =>
    hasAll(version) && same.every(({ tags, provisioningState }) => tags[TAGS.version] !== version || provisioningState === 'Succeeded')
  const isPending = (version: BuiltVersion) =>
    !version.isOfOtherPools &&
    version.provisioningState !== 'Succeeded' &&
    !avoid.includes(version.name) &&
    (isBroken(version, observed) || (version.provisioningState !== 'Failed' && isInReach(version) && (!isLive || isOurs(version))))
  // A managed image for another pool needs the snapshots of the first one.
  const pending = made.find((version) => isSame(version) && isPending(version) && (image.kind === 'gallery' || hasAll(version.name)))
  if (pending) return pending.name
  return (
    same
      .filter(({ tags }) => !made.some(({ name }) => name === tags[TAGS.version]))
      .filter((left) => !isOfOthers(left) || (!isLive && isComplete(left.tags[TAGS.version] ?? '')))
      // Kept snapshots are never deleted to be taken again.
      .filter((left) => left.tags[TAGS.keep] === undefined || isComplete(left.tags[TAGS.version] ?? ''))
      .filter((left) => isCopied || !isLive || (hasAll(left.tags[TAGS.version] ?? '') && !isOld(left, now)))
      .map(({ tags }) => tags[TAGS.version])
      .find((version) => version !== undefined && !avoid.includes(version))
  )
}

type Standing = Pick<Observed, 'pools' | 'softDeletedVersions'>

/**
 * Why a failed version is never deleted: a pool of this account refers to it, or its gallery has soft delete, where Azure
 * deletes no failed version. https://learn.microsoft.com/azure/virtual-machines/soft-delete-gallery#limitations
 */
export function reasonToStayOf(version: BuiltVersion, { pools, softDeletedVersions }: Standing): string | undefined {
  if (softDeletedVersions) return 'cannot be deleted: its gallery has soft delete, which takes no failed version'
  const references = referencesOf(pools.map((pool) => ({ id: pool.id, body: pool })))
  return reasonToStay(version, holdersOf(references, version).map(showHolder))
}

/** Failed, without a replica anywhere and without a pool on it: it is deleted and made again under its number. */
export function isBroken(version: BuiltVersion, observed: Standing): boolean {
  return version.provisioningState === 'Failed' && reasonToStayOf(version, observed) === undefined
}

/** Failed, of no use, and yet not to be touched: only its number is taken. */
export function isStuck(version: BuiltVersion, observed: Standing): boolean {
  return version.provisioningState === 'Failed' && !isBroken(version, observed)
}

/** Numbers of existing versions, and of versions of which only snapshots exist: another run may be working on those. */
export function takenVersions(
  image: ImageSettings,
  pool: Requested | undefined,
  { snapshots, images, vm }: Observed,
  { captured }: SourceContent,
  made: readonly BuiltVersion[],
  run: RunContext,
): readonly string[] {
  const isDead = (tags: Tags) => vm?.vm.tags[TAGS.restart] !== undefined || isOfRun(tags, runTag(run))
  const begun = snapshots.filter(({ tags }) => isOwn(tags, image.name) && !isDead(tags))
  const named = new Set(
    [...snapshots, ...images].flatMap(({ name }) => [...name.matchAll(/-(\d+\.\d+\.\d+)(?=-|$)/g)].map(([, version = '']) => version)),
  )
  const foreign = [...named].filter(
    (version) =>
      namesakes(image, version, captured, snapshots).length > 0 ||
      (image.kind === 'managed' && poolImages(image, version, pool, images).some(({ state }) => state !== 'absent')),
  )
  return [...made.map(({ name }) => name), ...begun.flatMap(({ tags }) => tags[TAGS.version] ?? []), ...foreign]
}

/** Snapshots that have the names of this version's snapshots but belong to something else: they are neither reused nor deleted. */
export function namesakes(
  image: ImageSettings,
  version: string,
  captured: SourceContent['captured'],
  snapshots: readonly Snapshot[],
): readonly Snapshot[] {
  const ids = captured.map(({ disk }) =>
    childId(image.resourceGroup, 'providers/Microsoft.Compute/snapshots', snapshotName(image.name, version, disk)),
  )
  return snapshots.filter(({ id, tags }) => ids.some((one) => sameId(one, id)) && !isTakenFor(tags, image.name, imageTargetId(image)))
}

export function reasonToBuild(
  { rebuild }: ImageSettings,
  isLive: boolean,
  newest: BuiltVersion | undefined,
  alike?: { readonly name: string; readonly missing: readonly string[] },
): string {
  if (!newest) return 'no version yet'
  if (rebuild === 'always') return 'rebuild: always'
  if (isLive) return 'the VM runs: its disks count as changed'
  if (alike && alike.missing.length > 0) return `version ${alike.name} has no replica in ${alike.missing.join(', ')}`
  return `the source changed since version ${newest.name}`
}

/** Older than any run can last; for a running VM also out of date. */
export function isOld({ timeCreated }: Snapshot, now: Date): boolean {
  return timeCreated === undefined || now.getTime() - Date.parse(timeCreated) > LONGEST_RUN_MS
}
