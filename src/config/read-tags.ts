/** The user's tags. Tags that Azure would refuse halfway through a run are refused here. */
import type { Tags } from '../model/arm.ts'
import type { Inputs } from './inputs.ts'

/** https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations */
const LONGEST_NAME = 512
const LONGEST_VALUE = 256
const MOST_TAGS = 50
/** Room for the provenance tags, the tag of kept snapshots, and the tag of temporary resources or of a pool. */
const OWN_TAGS = 12
const RESERVED = /^(?:azure|microsoft|windows)/i
const OWN = /^image-pool-/i

export function readTags(inputs: Inputs): Tags {
  const pairs = inputs.pairs('tags')
  const names = new Set<string>()
  for (const [name, value] of pairs) {
    const refuse = (problem: string, allowed?: string) => inputs.refuse('tags', problem, allowed, name)
    if (/[<>%&\\?/]/.test(name) || name.length > LONGEST_NAME)
      refuse('is not a valid tag name', `no \`<\`, \`>\`, \`%\`, \`&\`, \`\\\`, \`?\`, \`/\`; at most ${LONGEST_NAME} characters`)
    else if (RESERVED.test(name)) refuse('begins with a word that Azure reserves', 'not azure, microsoft or windows')
    else if (OWN.test(name)) refuse('is a tag that this action sets itself')
    else if (names.has(name.toLowerCase())) refuse('names a tag more than once')
    if (value.length > LONGEST_VALUE) refuse('has a value that is too long', `at most ${LONGEST_VALUE} characters`)
    names.add(name.toLowerCase())
  }
  if (pairs.length > MOST_TAGS - OWN_TAGS)
    inputs.refuse('tags', `has ${pairs.length} tags`, `at most ${MOST_TAGS - OWN_TAGS} besides those that this action sets`, '')
  return Object.fromEntries(pairs)
}
