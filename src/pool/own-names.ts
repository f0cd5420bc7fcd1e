/**
 * Pure: the names of what this action has set in a pool, as the pool's mark has them. What a spec leaves out is removed only if the mark
 * says that the action set it: everything else was added by people, and stays.
 */
import type { Pool, PoolEnvelope, PoolProperties } from '../model/batch.ts'
import { MARKS, markIn, readPoolMark, withoutMarks, writePoolMark } from './marks.ts'
import { isNothing, membersOf } from './members.ts'

const METADATA = 'metadata.'
const TAGS = 'tags.'
export const IDENTITY = 'identity'

/** Batch refuses metadata that is too large (`MetadataTooLarge`), but documents no limit. */
const LONGEST_MARK = 2_000

/** The names in a spec: members, items of metadata, tags, and the identity. */
export function namesIn({ identity, tags }: PoolEnvelope, properties: PoolProperties): readonly string[] {
  const members = Object.entries(membersOf(properties)).flatMap(([name, value]) => (isNothing(value) ? [] : [name]))
  return [
    ...members,
    ...withoutMarks(properties.metadata).map(({ name }) => metadataName(name)),
    ...Object.keys(tags ?? {}).map(tagName),
    ...(identity ? [IDENTITY] : []),
  ]
}

export const metadataName = (name: string): string => `${METADATA}${name}`

export const tagName = (name: string): string => `${TAGS}${name}`

/** The names in the pool's mark; none where no run has set anything, or in a clone, whose mark was written on another pool. */
export const ownNamesOf = ({ name, properties }: Pool): ReadonlySet<string> =>
  new Set(readPoolMark(markIn(properties.metadata, MARKS.sets), name)?.split(',').map(decodeURIComponent))

/** The text of the mark. Names that do not fit are left out, the last ones first; what they name is then never removed. */
export function writeOwnNames(poolName: string, names: readonly string[]): string {
  const kept = [...new Set(names)].map(encodeURIComponent)
  while (kept.length > 0 && writePoolMark(poolName, kept.join(',')).length > LONGEST_MARK) kept.pop()
  return writePoolMark(poolName, kept.join(','))
}
