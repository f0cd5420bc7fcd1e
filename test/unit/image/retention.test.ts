import { describe, expect, test } from 'vitest'
import { type MadeImage, planRetention, type RetentionQuestion } from '../../../src/image/retention.ts'
import type { Pool } from '../../../src/model/batch.ts'
import type { Snapshot } from '../../../src/model/compute.ts'

const DEFINITION = '/galleries/g/images/golden'
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
  id: `/snapshots/golden-${ofVersion}-os`,
  name: `golden-${ofVersion}-os`,
  location: 'westeurope',
  provisioningState: 'Succeeded',
  diskSizeGB: 30,
  timeCreated: '2026-11-01T00:00:00Z',
  tags: { ...OWN, 'image-pool-version': ofVersion },
  ...more,
})
const poolOn = (id: string): Pool =>
  ({ properties: { deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { id } } } } }) as unknown as Pool
const going = (question: Partial<RetentionQuestion>) => {
  const plan = planRetention({
    image: 'golden',
    target: DEFINITION,
    made: [],
    snapshots: [],
    sources: [],
    pools: [],
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
    ['not one that a pool runs on', { made: four, pools: [poolOn(`${DEFINITION}/versions/1.0.0`.toUpperCase())] }, ['2.0.0']],
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
      { made: four, keep: 1, pools: [poolOn(DEFINITION)] },
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
    const pools = [poolOn(`${DEFINITION}/versions/1.0.0`)]
    expect(going({ made: four, pools, keep: 1, snapshots: [snapshot('1.0.0')] })).not.toContain('golden-1.0.0-os')
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
