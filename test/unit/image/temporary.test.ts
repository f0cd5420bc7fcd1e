/** Which leftovers of interrupted runs are deleted, and in which order. */
import { describe, expect, test } from 'vitest'
import { provenanceTags, runTag, TAGS } from '../../../src/image/tags.ts'
import { leftovers, type TaggedResource, TEMPORARY_TAG } from '../../../src/image/temporary.ts'

const GROUP = '/subscriptions/s/resourceGroups/g'
const PLACE = { repository: 'o/r', sha: 'a', runId: '1', runUrl: 'https://x/1', actor: 'a', eventName: 'push' }
const RUN = { ...PLACE, runAttempt: 2, job: 'refresh', nonce: 'a1b2c3' }
const tags = provenanceTags({ image: 'golden', target: '/g/golden', version: '1.0.0', source: '/vm', fingerprint: 'f' }, RUN, {})

const EARLIER = runTag({ ...RUN, runAttempt: 1, job: 'other', nonce: 'ffffff' })

describe('leftovers', () => {
  const now = new Date('2026-11-24T10:00:00Z')
  const remain = (type: string, runUrl: string, createdTime: string, more: object = {}): TaggedResource => ({
    id: `${GROUP}/providers/${type}/x`,
    type,
    createdTime,
    tags: { ...tags, [TEMPORARY_TAG]: 'golden', [TAGS.run]: runUrl, ...more },
  })
  const young = '2026-11-24T04:01:00Z'
  const old = '2026-11-24T03:59:00Z'
  const typesOf = (found: readonly TaggedResource[]) =>
    leftovers(found, { image: 'golden', run: runTag(RUN) }, now).map(({ id }) => id.split('/').at(-2))

  test('go, what uses another one first', () => {
    const found = [
      remain('Microsoft.Compute/snapshots', EARLIER, young),
      remain('Microsoft.Compute/disks', EARLIER, young),
      remain('Microsoft.Network/virtualNetworks', EARLIER, young),
      remain('Microsoft.Compute/virtualMachines', EARLIER, young),
      remain('Microsoft.Network/networkInterfaces', EARLIER, young),
    ]
    expect(typesOf(found)).toEqual(['virtualMachines', 'networkInterfaces', 'disks', 'virtualNetworks', 'snapshots'])
  })

  test.each<[string, TaggedResource, boolean]>([
    ['of an earlier attempt of any job', remain('Microsoft.Compute/disks', EARLIER, young), true],
    ['of this very job', remain('Microsoft.Compute/disks', runTag(RUN), young), true],
    ['of another job of this attempt', remain('Microsoft.Compute/disks', runTag({ ...RUN, nonce: '000000' }), young), false],
    ['of another run that may still be at work', remain('Microsoft.Compute/disks', 'https://x/2', young), false],
    ['of another run, older than a run may get', remain('Microsoft.Compute/disks', 'https://x/2', old), true],
    ['of another image', remain('Microsoft.Compute/disks', EARLIER, old, { [TAGS.image]: 'other' }), false],
    ["of somebody else's", remain('Microsoft.Compute/disks', EARLIER, old, { [TAGS.tool]: 'theirs' }), false],
    ['of a kind that copies do not have', remain('Microsoft.Storage/storageAccounts', EARLIER, old), false],
  ])('%s', (_, found, goes) => {
    expect(typesOf([found])).toHaveLength(goes ? 1 : 0)
  })

  test('what is not a temporary resource stays', () => {
    const { [TEMPORARY_TAG]: _temporary, ...kept } = remain('Microsoft.Compute/snapshots', EARLIER, old).tags
    expect(typesOf([{ ...remain('Microsoft.Compute/snapshots', EARLIER, old), tags: kept }])).toEqual([])
  })
})
