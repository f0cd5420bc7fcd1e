/** Pure: whether the resource under a name is what this run has sent. PUTs of two runs silently overwrite each other. */
import type { Tags } from '../model/arm.ts'
import type { ImageContent, ImageVersion, Snapshot } from '../model/compute.ts'
import type { BuildPlan } from './image-plan.ts'
import { isOfRun, TAGS } from './tags.ts'

/** What is wrong with the version; `undefined` where it is made of this run's disks, even if another run sent the same. */
export function versionMismatch({ content, tags }: Pick<BuildPlan, 'content' | 'tags'>, version: ImageVersion): string | undefined {
  const sent = sourcesOf(content)
  if (version.sourceIds.length > 0 && !sameSet(sent, version.sourceIds)) return `is made of other disks, ${byWhom(version.tags)}`
  const isOthers = isTagged(version.tags) && !isOfRun(version.tags, tags[TAGS.run] ?? '')
  return isOthers && version.tags[TAGS.fingerprint] !== tags[TAGS.fingerprint]
    ? `is made of another source, ${byWhom(version.tags)}`
    : undefined
}

/** The same of snapshots that were just taken: one may show another disk, or the set two moments of a running VM. */
export function snapshotMismatch(
  { snapshots, isLive, tags }: Pick<BuildPlan, 'snapshots' | 'isLive' | 'tags'>,
  found: readonly Snapshot[],
): string | undefined {
  const there = snapshots.flatMap((planned) => {
    const snapshot = found.find(({ id }) => id.toLowerCase() === planned.id.toLowerCase())
    return snapshot ? [{ planned, snapshot }] : []
  })
  const other = there.find(
    ({ planned, snapshot }) =>
      !planned.exists && snapshot.sourceResourceId && snapshot.sourceResourceId.toLowerCase() !== planned.sourceId.toLowerCase(),
  )
  if (other) return `has a snapshot of another disk, ${other.snapshot.name}, ${byWhom(other.snapshot.tags)}`
  const runs = new Set(there.filter(({ planned }) => !planned.exists).map(({ snapshot }) => snapshot.tags[TAGS.run]))
  if (isLive && runs.size > 1) return 'has snapshots of two runs, whose disks are of two moments'
  const strange = there.find(({ snapshot }) => isTagged(snapshot.tags) && snapshot.tags[TAGS.fingerprint] !== tags[TAGS.fingerprint])
  return strange && `has a snapshot of another source, ${strange.snapshot.name}, ${byWhom(strange.snapshot.tags)}`
}

function sourcesOf(content: ImageContent): readonly string[] {
  switch (content.kind) {
    case 'vm':
    case 'image':
      return [content.id]
    case 'disks':
      return [content.osDisk, ...content.dataDisks].map(({ source }) => (source.kind === 'snapshot' ? source.id : source.uri))
  }
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  const [a, b] = [one, other].map((ids) => [...new Set(ids.map((id) => id.toLowerCase()))].toSorted().join('\n'))
  return a === b
}

/** Somebody may have replaced the tags: then they say nothing. */
const isTagged = (tags: Tags): boolean => tags[TAGS.fingerprint] !== undefined

const byWhom = (tags: Tags): string => (tags[TAGS.run] ? `by ${tags[TAGS.run]}` : 'by someone else')
