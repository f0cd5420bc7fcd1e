/**
 * Pure: what of a pool this action has set, by name, as the pool's mark remembers it. What a spec leaves out is removed only where the mark
 * says that the action set it: everything else was added by people, and stays.
 */
import type { Pool, PoolEnvelope, PoolProperties } from '../model/batch.ts'
import { MARKS, markIn, readPoolMark, withoutMarks, writePoolMark } from './marks.ts'
import { isNothing, membersOf } from './members.ts'

const METADATA = 'metadata.'
const TAGS = 'tags.'
export const IDENTITY = 'identity'

/** Batch refuses metadata that is too large without saying how much that is (`MetadataTooLarge`). */
const LONGEST_MARK = 2_000

/** What stands in a spec: members, items of metadata, tags, and the identity. */
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

/** Empty where no run has set anything, and in a clone, whose mark is another pool's. */
export const ownNamesOf = ({ name, properties }: Pool): ReadonlySet<string> =>
  new Set(readPoolMark(markIn(properties.metadata, MARKS.sets), name)?.split(',').map(decodeURIComponent))

/** Names that no longer fit are left out, the last ones first: what they name is then no longer removed. */
export function writeOwnNames(poolName: string, names: readonly string[]): string {
  const kept = [...new Set(names)].map(encodeURIComponent)
  while (kept.length > 0 && writePoolMark(poolName, kept.join(',')).length > LONGEST_MARK) kept.pop()
  return writePoolMark(poolName, kept.join(','))
}
