import { describe, expect, test } from 'vitest'
import { type Holder, mentionsIn, referencesOf } from '../../../src/image/references.ts'
import { contradictions, imageHolders, type MadeImage, planRetention, type RetentionQuestion } from '../../../src/image/retention.ts'
import type { Snapshot } from '../../../src/model/compute.ts'

const GROUP = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute'
const DEFINITION = `${GROUP}/galleries/g/images/golden`
const OWN = { 'image-pool-tool': 'azure-batch-image-pool', 'image-pool-image': 'golden', 'image-pool-target': DEFINITION }
const runStartedAt = new Date('2026-11-24T03:00:00Z')

const version = (name: string, more: Partial<MadeImage> = {}): MadeImage => ({
  id: `${DEFINITION}/versions/${name}`,
  name,
  provisioningState: 'Succeeded',
  publishedDate: '2026-11-01T00:00:00Z',
  tags: { ...OWN, 'image-pool-version': name },
  ...more,
})
const snapshot = (ofVersion: string, more: Partial<Snapshot> = {}): Snapshot => ({
  id: `${GROUP}/snapshots/golden-${ofVersion}-os`,
  name: `golden-${ofVersion}-os`,
  location: 'westeurope',
  provisioningState: 'Succeeded',
  diskSizeGB: 30,
  timeCreated: '2026-11-01T00:00:00Z',
  tags: { ...OWN, 'image-pool-version': ofVersion },
  ...more,
})
const poolOn = (id: string): Holder => ({
  id: '/pools/render',
  body: { properties: { deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { id } } } } },
})
const usedBy = (...holders: readonly Holder[]) => ({ references: referencesOf(holders) })
const going = (question: Partial<RetentionQuestion>) => {
  const plan = planRetention({
    image: 'golden',
    target: DEFINITION,
    made: [],
    snapshots: [],
    sources: [],
    references: referencesOf([]),
    keepsSnapshots: false,
    keep: 2,
    runStartedAt,
    ...question,
  })
  return [...plan.images, ...plan.snapshots].map(({ name }) => name)
}
const four = ['1.0.0', '2.0.0', '3.0.0', '10.0.0'].map((name) => version(name))

describe('what goes', () => {
  test.each<[string, Partial<RetentionQuestion>, readonly string[]]>([
    ['all but the newest two, by number', { made: four }, ['2.0.0', '1.0.0']],
    ['nothing with 0', { made: four, keep: 0 }, []],
    ['not one without our tags', { made: [...four, version('0.1.0', { tags: {} })] }, ['2.0.0', '1.0.0']],
    [
      'not one of another image',
      { made: [...four, version('0.1.0', { tags: { ...OWN, 'image-pool-image': 'other' } })] },
      ['2.0.0', '1.0.0'],
    ],
    ['not one that a pool runs on', { made: four, ...usedBy(poolOn(`${DEFINITION}/versions/1.0.0`.toUpperCase())) }, ['2.0.0']],
    [
      'failed ones are not counted among those kept, and go',
      { made: [...four.slice(0, 3), version('10.0.0', { provisioningState: 'Failed' })] },
      ['10.0.0', '1.0.0'],
    ],
    [
      'not one that failed an hour ago and is the newest',
      {
        made: [...four.slice(1, 3), version('10.0.0', { provisioningState: 'Failed', publishedDate: '2026-11-24T02:00:00Z' })],
      },
      [],
    ],
    ['not one that is being made', { made: [...four.slice(1, 3), version('1.0.0', { provisioningState: 'Creating' })] }, []],
    ['not one younger than the run', { made: [...four.slice(1), version('1.0.0', { publishedDate: '2026-11-24T03:00:01Z' })] }, ['2.0.0']],
    [
      'not one whose age is unknown',
      { made: [...four.slice(2), { ...version('1.0.0'), publishedDate: undefined } as unknown as MadeImage] },
      [],
    ],
    [
      'the newest stays for a pool on the definition itself',
      { made: four, keep: 1, ...usedBy(poolOn(DEFINITION)) },
      ['3.0.0', '2.0.0', '1.0.0'],
    ],
  ])('%s', (_, question, expected) => {
    expect(going(question)).toEqual(expected)
  })
})

describe('snapshots', () => {
  test('go with their image, and stay with it', () => {
    expect(going({ made: four, snapshots: four.map(({ name }) => snapshot(name)) })).toEqual([
      '2.0.0',
      '1.0.0',
      'golden-1.0.0-os',
      'golden-2.0.0-os',
    ])
  })

  test('of an image in use stay: the pool needs them for its life', () => {
    const inUse = usedBy(poolOn(`${DEFINITION}/versions/1.0.0`))
    expect(going({ made: four, ...inUse, keep: 1, snapshots: [snapshot('1.0.0')] })).not.toContain('golden-1.0.0-os')
  })

  test.each([
    ['2026-11-01T00:00:00Z', ['golden-9.9.9-os']],
    ['2026-11-23T12:00:00Z', []],
  ])('without an image, made at %s: %j', (timeCreated, expected) => {
    expect(going({ snapshots: [snapshot('9.9.9', { timeCreated })] })).toEqual(expected)
  })

  test('of managed images, or of another gallery, with the same name stay', () => {
    const tags = { ...OWN, 'image-pool-target': '/images/golden', 'image-pool-version': '9.9.9' }
    expect(going({ snapshots: [snapshot('9.9.9', { tags })] })).toEqual([])
  })

  test('that are the source of the run stay', () => {
    const { id } = snapshot('9.9.9')
    expect(going({ snapshots: [snapshot('9.9.9')], sources: [id.toUpperCase()] })).toEqual([])
  })

  test('without our tags are nobody’s business', () => {
    expect(going({ snapshots: [snapshot('9.9.9', { tags: {} })] })).toEqual([])
  })
})

/** Issue by issue: what must never be deleted, whatever its state. */
describe('what is referred to stays', () => {
  const old = `${DEFINITION}/versions/1.0.0`
  const mark = JSON.stringify({ imageReference: { id: old }, scaleSettings: {} })
  test.each<[string, Holder]>([
    ['the mark that a failed pool goes back to', { id: '/pools/render', body: { metadata: [{ name: 'image-pool-before', value: mark }] } }],
    ['a virtual machine', { id: '/virtualMachines/a', body: { properties: { storageProfile: { imageReference: { id: old } } } } }],
    [
      'a virtual machine made of the newest version when it was this one',
      { id: '/virtualMachines/a', body: { imageReference: { id: DEFINITION, exactVersion: '1.0.0' } } },
    ],
    [
      'a scale set',
      { id: '/virtualMachineScaleSets/a', body: { virtualMachineProfile: { storageProfile: { imageReference: { id: old } } } } },
    ],
  ])('%s', (_, holder) => {
    expect(going({ made: four, keep: 1, ...usedBy(holder) })).not.toContain('1.0.0')
  })

  test.each<[string, object]>([
    ['of the gallery as it is shared', { sharedGalleryImageId: '/SharedGalleries/s-G/Images/golden/Versions/1.0.0' }],
    [
      'of a community gallery, whatever its public name',
      { communityGalleryImageId: '/CommunityGalleries/x-1/Images/golden/Versions/1.0.0' },
    ],
    [
      'the newest of a shared gallery, which was this one',
      { sharedGalleryImageId: '/SharedGalleries/s-G/Images/golden', exactVersion: '1.0.0' },
    ],
    ['`latest`, which was this one', { id: `${DEFINITION}/versions/latest`, exactVersion: '1.0.0' }],
  ])('an image %s', (_, imageReference) => {
    expect(going({ made: four, keep: 1, ...usedBy({ id: '/pools/a', body: { imageReference } }) })).toEqual(['3.0.0', '2.0.0'])
  })

  test('but not for an image of another shared gallery, or of another name', () => {
    const others = ['/SharedGalleries/s-other/Images/golden/Versions/1.0.0', '/CommunityGalleries/x/Images/other/Versions/1.0.0']
    expect(going({ made: four, keep: 1, ...usedBy({ id: '/pools/a', body: others }) })).toEqual(['3.0.0', '2.0.0', '1.0.0'])
  })

  describe('as the latest version', () => {
    const excluded = { isExcludedFromLatest: true }
    const there = (...names: readonly string[]) => ({ targetRegions: names.map((name) => ({ name })) })
    test.each<[string, readonly MadeImage[], readonly string[]]>([
      [
        'the newest one that is not excluded',
        [...four.slice(0, 2), version('3.0.0', excluded), version('10.0.0', excluded)],
        ['3.0.0', '1.0.0'],
      ],
      [
        'in each region the newest that is there',
        [version('1.0.0', there('West Europe', 'eastus')), version('2.0.0', there('westeurope')), version('3.0.0', there('westeurope'))],
        ['2.0.0'],
      ],
    ])('%s', (_, made, expected) => {
      for (const id of [DEFINITION, `${DEFINITION}/versions/latest`])
        expect(going({ made, keep: 1, ...usedBy(poolOn(id)) })).toEqual(expected)
    })
  })

  test('also a failed version', () => {
    const made = [...four.slice(1), version('1.0.0', { provisioningState: 'Failed' })]
    expect(going({ made })).toContain('1.0.0')
    expect(going({ made, ...usedBy(poolOn(old)) })).not.toContain('1.0.0')
  })

  test.each([
    ['Completed', false],
    ['Failed', true],
  ] as const)('a failed version with a replica that is %s', (state, goes) => {
    const replication = [{ region: 'North Europe', state, progress: 0 }]
    const made = [...four.slice(1), version('1.0.0', { provisioningState: 'Failed', replication })]
    expect(going({ made }).includes('1.0.0')).toBe(goes)
  })

  test('whatever could not be read to its end, nothing is deleted', () => {
    const references = referencesOf([], ['the pools of Batch account other (403)'])
    const plan = planRetention({
      ...{ image: 'golden', target: DEFINITION, made: four, snapshots: [snapshot('9.9.9')], sources: [], references },
      ...{ keep: 1, keepsSnapshots: false, runStartedAt },
    })
    expect(plan).toEqual({ images: [], snapshots: [], unread: ['the pools of Batch account other (403)'] })
  })
})

describe('snapshots that are kept', () => {
  const kept = (ofVersion: string) => snapshot(ofVersion, { tags: { ...snapshot(ofVersion).tags, 'image-pool-keep': 'true' } })
  test.each<[string, Partial<RetentionQuestion>]>([
    ['without a version of theirs in the list', { snapshots: [kept('9.9.9')] }],
    ['with their version', { made: four, snapshots: [kept('1.0.0')] }],
    ['by `keep-snapshots` of a later run', { made: four, snapshots: [snapshot('1.0.0')], keepsSnapshots: true }],
    ['while their version is in the list under other tags', { made: [version('9.9.9', { tags: {} })], snapshots: [snapshot('9.9.9')] }],
    ['that are only there for a moment', { snapshots: [snapshot('9.9.9', { tags: { ...OWN, 'image-pool-temporary': 'golden' } })] }],
  ])('%s', (_, question) => {
    expect(going(question).filter((name) => name.startsWith('golden-'))).toEqual([])
  })

  test('under a managed image, whoever changed its tags', () => {
    const image = version('9.9.9', {
      id: `${GROUP}/images/golden-9.9.9`,
      tags: {},
      name: '',
      sourceIds: [snapshot('9.9.9').id.toUpperCase()],
    })
    const inUse = { references: referencesOf(imageHolders([image], 'managed')) }
    expect(going({ made: [image], snapshots: [snapshot('9.9.9')], ...inUse })).toEqual([])
  })

  test.each([
    [{ provisioningState: 'Succeeded' }, []],
    [{ provisioningState: 'Creating' }, ['a']],
    [{ provisioningState: 'Succeeded', replicationMode: 'Shallow' }, ['a']],
  ])('a version %j needs %j', (more, needed) => {
    const [holder] = imageHolders([version('1.0.0', { ...more, sourceIds: ['a'] })], 'gallery')
    expect(holder?.body ?? []).toEqual(needed)
  })
})

describe('lists that contradict what is known', () => {
  const inUse = referencesOf([poolOn(`${DEFINITION}/versions/1.0.0`)])
  const ask = (made: readonly MadeImage[], pools: readonly string[], images: readonly string[], expectedPools: readonly string[]) =>
    contradictions({ made, target: DEFINITION, references: inUse }, { pools, expected: { images, pools: expectedPools } })
  test.each<[string, ReturnType<typeof ask>, number]>([
    ['all there', ask(four, ['/pools/A'], [version('1.0.0').id], ['/pools/a']), 0],
    ['no version, but a pool is on one', ask([], [], [], []), 1],
    ['a version of this run is missing', ask(four, [], [version('11.0.0').id], []), 1],
    ['a pool of this run is missing', ask(four, [], [], ['/pools/a']), 1],
  ])('%s', (_, found, count) => {
    expect(found).toHaveLength(count)
  })
})

test('a mention is found in nested JSON, in any letter case, and once for each place', () => {
  expect(mentionsIn({ a: [{ b: JSON.stringify({ id: `${DEFINITION}/versions/1.0.0` }) }], c: 'no id' })).toEqual([
    `${DEFINITION}/versions/1.0.0`.toLowerCase(),
  ])
})
