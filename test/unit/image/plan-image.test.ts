/** Whether an image is reused, resumed or built. */
import { describe, expect, test } from 'vitest'
import { runTag, TAGS } from '../../../src/image/tags.ts'
import type { ImageVersion, Snapshot } from '../../../src/model/compute.ts'
import type { Observed } from '../../../src/observe/observed.ts'
import { COMPUTE, DEFINITION, osDisk } from '../../fixtures/golden-world.ts'
import { RUN } from '../../fixtures/run-context.ts'
import { build, data, OTHER, observe, plan, snapshot, TAGGED, version, vm } from '../../fixtures/run-plans.ts'

describe('the image is', () => {
  test('given', () => {
    const id = `${DEFINITION}/versions/1.0.0`
    expect(plan({ vm: '', 'image-id': id }).image).toEqual({ kind: 'given', id, reason: 'image-id was given' })
  })

  test.each<[string, Record<string, string>, readonly ImageVersion[], string, string]>([
    ['where nothing changed', {}, [version('1.0.0')], '1.0.0', 'the source is unchanged since version 1.0.0'],
    ['the newest of several', {}, [version('1.9.0'), version('1.10.0')], '1.10.0', 'the source is unchanged since version 1.10.0'],
    [
      'an older one of the same content',
      {},
      [version('1.0.0'), version('2.0.0', 'Succeeded', OTHER)],
      '1.0.0',
      'the source is unchanged since version 1.0.0',
    ],
    [
      'the version asked for',
      { 'image-version': '1.0.0' },
      [version('1.0.0', 'Succeeded', OTHER)],
      '1.0.0',
      'version 1.0.0 is already published',
    ],
  ])('reused: %s', (_, inputs, versions, name, reason) => {
    expect(plan(inputs, observe({ versions })).image).toEqual({
      kind: 'reuse',
      id: `${DEFINITION}/versions/${name}`,
      version: name,
      reason,
    })
  })

  test.each<[string, Record<string, string>, Partial<Observed>, string, string]>([
    ['there is none', {}, {}, '2026.1124.0', 'no version yet'],
    [
      'the source changed',
      {},
      { versions: [version('1.0.0', 'Succeeded', OTHER)] },
      '2026.1124.0',
      'the source changed since version 1.0.0',
    ],
    ['it is always', { rebuild: 'always' }, { versions: [version('1.0.0')] }, '2026.1124.0', 'rebuild: always'],
    [
      'the VM runs',
      {},
      { versions: [version('1.0.0')], vm: { vm: { ...vm, statuses: ['PowerState/running'] }, extensions: [], disks: [osDisk, data] } },
      '2026.1124.0',
      'the VM runs: its disks count as changed',
    ],
    [
      'somebody else made the one that is there',
      {},
      { versions: [version('1.0.0', 'Succeeded', {})] },
      '2026.1124.0',
      'the source changed since version 1.0.0',
    ],
    ['today has one already', { rebuild: 'always' }, { versions: [version('2026.1124.0')] }, '2026.1124.1', 'rebuild: always'],
    [
      'a version was asked for',
      { 'image-version': '3.0.0' },
      { versions: [version('1.0.0', 'Succeeded', OTHER)] },
      '3.0.0',
      'the source changed since version 1.0.0',
    ],
  ])('built: %s', (_, inputs, seen, name, reason) => {
    expect(build(inputs, observe(seen))).toMatchObject({ version: name, reason, id: `${DEFINITION}/versions/${name}` })
  })

  const NORTH: Partial<Observed> = { account: { ...(observe().account as NonNullable<Observed['account']>), location: 'northeurope' } }
  test.each<[string, Record<string, string>, Partial<Observed>]>([
    ['the account is where it has no replica', {}, NORTH],
    ['a region is asked for besides', { 'target-regions': 'northeurope' }, {}],
  ])('built, and no half-made one adopted: %s', (_, inputs, seen) => {
    const versions = [version('1.1.0', 'Creating'), version('1.0.0')]
    expect(build(inputs, observe({ versions, ...seen }))).toMatchObject({
      version: '2026.1124.0',
      reason: 'version 1.0.0 has no replica in northeurope',
    })
    const both = { ...version('1.2.0'), targetRegions: ['West Europe', 'North Europe'].map((name) => ({ name, replicas: 1 })) }
    expect(plan(inputs, observe({ versions: [...versions, both], ...seen })).image).toMatchObject({ kind: 'reuse', version: '1.2.0' })
  })

  test('reused for VHDs by their addresses: what is in them is not looked at, and that is reported', () => {
    const inputs = { vm: '', vhd: 'os=https://vhds.blob.core.windows.net/golden/os.vhd', 'hyper-v-generation': 'V2' }
    const storageAccounts = [{ id: '/storageAccounts/vhds', location: 'westeurope', host: 'vhds.blob.core.windows.net' }]
    const { tags } = build(inputs, observe({ storageAccounts }))
    expect(plan(inputs, observe({ storageAccounts, versions: [version('1.0.0', 'Succeeded', tags)] })).image).toMatchObject({
      kind: 'reuse',
      isUncompared: true,
      reason: 'the addresses of the VHDs are those of version 1.0.0; for new content at these addresses: `rebuild: always`',
    })
  })

  test('built again where it failed, under its own version', () => {
    const image = build({}, observe({ versions: [version('2026.1120.0', 'Failed')] }))
    expect(image).toMatchObject({ version: '2026.1120.0', existing: { state: 'failed' } })
    expect(image.snapshots).toHaveLength(2)
  })

  test('adopted where another run is at it: nothing is captured again', () => {
    const image = build({}, observe({ versions: [version('2026.1120.0', 'Creating')] }))
    expect(image).toMatchObject({ version: '2026.1120.0', existing: { state: 'creating' }, snapshots: [] })
  })

  test('built under the version of the snapshots that an interrupted run left', () => {
    const left = snapshot('golden-2026.1120.0-os', 'Succeeded', { ...TAGGED, [TAGS.version]: '2026.1120.0' })
    const image = build({}, observe({ snapshots: [left] }))
    expect(image.version).toBe('2026.1120.0')
    expect(image.snapshots.map(({ id, exists }) => [id.split('/').at(-1), exists])).toEqual([
      ['golden-2026.1120.0-os', true],
      ['golden-2026.1120.0-lun3', false],
    ])
  })

  const RUNNING = { vm: { vm: { ...vm, statuses: ['PowerState/running'] }, extensions: [], disks: [osDisk, data] } }
  const OTHER_RUN = runTag({ ...RUN, runUrl: `${RUN.runUrl}0` })
  const EARLIER = runTag({ ...RUN, runAttempt: 1, nonce: 'ffffff' })
  const shots = (run: string, timeCreated: string, states: readonly string[] = ['Succeeded', 'Succeeded']): readonly Snapshot[] =>
    ['os', 'lun3'].map((disk, index) => ({
      ...snapshot(`golden-2026.1124.0-${disk}`, states[index], { ...TAGGED, [TAGS.version]: '2026.1124.0', [TAGS.run]: run }),
      timeCreated,
    }))

  test.each<[string, readonly Snapshot[], Partial<Observed>, string]>([
    ['is taken up by its next attempt', shots(EARLIER, '2026-11-24T09:00:00Z', ['Succeeded', 'Creating']), {}, '2026.1124.0'],
    ['is left to another run at work on it', shots(OTHER_RUN, '2026-11-24T09:00:00Z', ['Succeeded', 'Creating']), {}, '2026.1124.1'],
    ['is shared once it is complete: the VM is stopped', shots(OTHER_RUN, '2026-11-24T09:00:00Z'), {}, '2026.1124.0'],
    ['is not shared while the VM runs', shots(OTHER_RUN, '2026-11-24T09:00:00Z'), RUNNING, '2026.1124.1'],
    [
      'is taken up once no run can be at work on it',
      shots(OTHER_RUN, '2026-11-24T03:59:00Z', ['Succeeded', 'Creating']),
      {},
      '2026.1124.0',
    ],
  ])('what is half-made %s', (_, snapshots, seen, expected) => {
    expect(build({}, observe({ snapshots, ...seen })).version).toBe(expected)
  })

  test.each([
    [runTag(RUN), '2026.1124.0'],
    [OTHER_RUN, '2026.1124.1'],
  ])('of a VM that runs, a version that %s has begun leads to %s', (run, expected) => {
    const begun = version('2026.1124.0', 'Creating', { ...TAGGED, [TAGS.run]: run })
    expect(build({}, observe({ versions: [begun], ...RUNNING })).version).toBe(expected)
  })

  test.each<[string, Snapshot]>([
    ['of other content', snapshot('golden-2026.1120.0-os', 'Succeeded', { ...OTHER, [TAGS.version]: '2026.1120.0' })],
    ['that failed', snapshot('golden-2026.1124.0-os', 'Failed', { ...TAGGED, [TAGS.version]: '2026.1124.0' })],
  ])('not made of snapshots %s', (_, left) => {
    const image = build({}, observe({ snapshots: [left] }))
    expect(image.version).toBe('2026.1124.0')
    expect(image.snapshots.map(({ exists }) => exists)).toEqual([false, false])
  })
})

test.each<[string, Record<string, string>, Partial<Observed>]>([
  ["somebody else's snapshot", {}, { snapshots: [snapshot('golden-2026.1124.0-os', 'Succeeded', {})] }],
  [
    'a snapshot of another gallery',
    {},
    {
      snapshots: [snapshot('golden-2026.1124.0-os', 'Succeeded', { ...OTHER, [TAGS.target]: `${COMPUTE}/galleries/other/images/golden` })],
    },
  ],
  [
    "somebody else's managed image",
    { 'image-kind': 'managed' },
    {
      images: [
        {
          id: `${COMPUTE}/images/golden-2026.1124.0`,
          name: 'golden-2026.1124.0',
          location: 'westeurope',
          provisioningState: 'Succeeded',
          sourceIds: [],
          luns: [],
          tags: {},
        },
      ],
    },
  ],
])('where %s has the name, the next version is made', (_, inputs, seen) => {
  const image = build(inputs, observe(seen))
  expect(image.version).toBe('2026.1124.1')
  expect(image.snapshots.map(({ isStale }) => isStale)).toEqual([false, false])
})
