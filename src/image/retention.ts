/** Pure: which images of this action may be deleted. Whatever is not certainly its own and certainly unused stays. */
import type { Tags } from '../model/arm.ts'
import { sameId } from '../model/arm-id.ts'
import type { Pool } from '../model/batch.ts'
import type { Snapshot } from '../model/compute.ts'
import { byVersionDescending } from './names.ts'
import { isOwn, isTakenFor, TAGS } from './tags.ts'

/** An image version, or a managed image; `name` is its version. */
export interface MadeImage {
  readonly id: string
  readonly name: string
  readonly provisioningState: string
  readonly publishedDate?: string
  readonly tags: Tags
}

export interface RetentionQuestion {
  /** As in `image-name`. */
  readonly image: string
  /** The definition, or what the names of managed images begin with. */
  readonly target: string
  readonly made: readonly MadeImage[]
  readonly snapshots: readonly Snapshot[]
  /** Ids of snapshots that are the source of the run. */
  readonly sources: readonly string[]
  /** All pools of the account. */
  readonly pools: readonly Pool[]
  /** How many succeeded ones to keep; 0 = all. */
  readonly keep: number
  readonly runStartedAt: Date
}

export interface RetentionPlan {
  readonly images: readonly { readonly id: string; readonly name: string; readonly why: string }[]
  readonly snapshots: readonly { readonly id: string; readonly name: string; readonly why: string }[]
}

/**
 * Leftovers of an interrupted run count as abandoned after a day: no run lasts longer. They are deleted only where deletion was requested
 * (`retain-versions`, `mode: prune`); otherwise the next run of the same source resumes from them.
 */
export const ABANDONED_MS = 24 * 3_600_000

export function planRetention({ image, target, made, snapshots, sources, pools, keep, runStartedAt }: RetentionQuestion): RetentionPlan {
  const own = made.filter(({ tags }) => isOwn(tags, image)).sort(byVersionDescending)
  const succeeded = own.filter(({ provisioningState }) => provisioningState === 'Succeeded')
  // A version may be several managed images, one for each pool.
  const versions = [...new Set(succeeded.map(({ name }) => name))]
  const keptVersions = new Set(keep === 0 ? versions : versions.slice(0, keep))
  const kept = new Set(succeeded.filter(({ name }) => keptVersions.has(name)).map(({ id }) => id))
  const oldestKept = succeeded.filter(({ id }) => kept.has(id)).at(-1)
  const isInUse = usedBy(pools)
  const isYoung = (time: string | undefined) => time === undefined || Date.parse(time) >= runStartedAt.getTime()
  const isAbandoned = (time: string | undefined) => time !== undefined && runStartedAt.getTime() - Date.parse(time) > ABANDONED_MS

  const images = own.flatMap((candidate) => {
    const { id, name, provisioningState, publishedDate } = candidate
    if (kept.has(id) || isInUse(id, candidate === succeeded[0]) || isYoung(publishedDate)) return []
    if (provisioningState === 'Succeeded') return [{ id, name, why: `older than the newest ${keep} that are kept` }]
    const isOlder = oldestKept !== undefined && byVersionDescending(oldestKept, candidate) < 0
    if (provisioningState === 'Failed' && (isAbandoned(publishedDate) || (keep > 0 && isOlder))) return [{ id, name, why: 'it failed' }]
    return []
  })
  const going = new Set(images.map(({ name }) => name))
  const goingIds = new Set(images.map(({ id }) => id))
  const staying = new Set(own.filter(({ id }) => !goingIds.has(id)).map(({ name }) => name))
  const orphans = snapshots.flatMap(({ id, name, tags, timeCreated }) => {
    const version = tags[TAGS.version]
    if (!isTakenFor(tags, image, target) || sources.some((source) => sameId(source, id))) return []
    if (version === undefined || staying.has(version)) return []
    if (going.has(version)) return [{ id, name, why: `its image ${version} goes` }]
    return isAbandoned(timeCreated) ? [{ id, name, why: 'left by a run that was interrupted more than a day ago' }] : []
  })
  return { images, snapshots: orphans }
}

/** A pool refers to an image by its id, or to the newest version by the definition's. */
function usedBy(pools: readonly Pool[]): (id: string, isNewest: boolean) => boolean {
  const used = new Set(
    pools.flatMap(
      ({ properties }) => properties.deploymentConfiguration?.virtualMachineConfiguration?.imageReference?.id?.toLowerCase() ?? [],
    ),
  )
  return (id, isNewest) => used.has(id.toLowerCase()) || (isNewest && used.has(id.toLowerCase().replace(/\/versions\/[^/]+$/, '')))
}
