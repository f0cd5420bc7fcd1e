/** What was asked for against what is there: each decision about the image, its regions and its snapshots. */
import { describe, expect, test } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import type { BuildPlan } from '../../../src/image/image-plan.ts'
import { sourceContent } from '../../../src/image/source.ts'
import { runTag, TAGS } from '../../../src/image/tags.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'
import type { Disk, ImageVersion, Snapshot, VirtualMachine } from '../../../src/model/compute.ts'
import type { Observed } from '../../../src/observe/observed.ts'
import { planRun } from '../../../src/plan/plan.ts'
import { type Given, LEAST, parse } from '../../fixtures/config-inputs.ts'
import { fleetOf } from '../../fixtures/fleet-of.ts'
import { COMPUTE, DEFINITION, GOLDEN_WORLD, goldenVm, osDisk } from '../../fixtures/golden-world.ts'

const NOW = new Date('2026-11-24T10:00:00Z')
const RUN = {
  repository: 'o/r',
  sha: 'abc',
  runId: '1',
  runAttempt: 2,
  job: 'refresh',
  nonce: 'a1b2c3',
  runUrl: 'https://github.com/o/r/actions/runs/1',
  actor: 'a',
  eventName: 'push',
}

const config = (changes: Given = {}): Config => parse({ ...LEAST, capture: 'live', 'target-dedicated-nodes': '10', ...changes })

const data: Disk = { id: `${COMPUTE}/disks/data`, name: 'data', location: 'westeurope', diskSizeGB: 64, uniqueId: 'data' }
const vm: VirtualMachine = { ...goldenVm, dataDisks: [{ name: 'data', lun: 3, managedDiskId: data.id, caching: 'None' }] }

const observe = (changes: Partial<Observed> = {}): Observed => ({
  ...GOLDEN_WORLD,
  vm: { vm, extensions: [], disks: [osDisk, data] },
  ...changes,
})

const plan = (inputs: Readonly<Record<string, string>> = {}, seen: Observed = observe()) => {
  const asked = config(inputs)
  return planRun({ config: asked, observed: fleetOf(seen, asked.pool), content: sourceContent(asked.source, seen), run: RUN, now: NOW })
}

const build = (...given: Parameters<typeof plan>): BuildPlan => {
  const { image } = plan(...given)
  if (image.kind !== 'build') throw new Error(`expected to build, not to ${image.kind}`)
  return image
}

/** The tags that this action gives to what it makes of the source as it is now. */
const TAGGED = build().tags

const version = (name: string, provisioningState = 'Succeeded', tags: ImageVersion['tags'] = TAGGED): ImageVersion => ({
  id: `${DEFINITION}/versions/${name}`,
  name,
  location: 'westeurope',
  provisioningState,
  targetRegions: [{ name: 'West Europe', replicas: 1 }],
  replication: [],
  sourceIds: [],
  tags: { ...tags, [TAGS.version]: name },
})

const snapshot = (name: string, provisioningState = 'Succeeded', tags: Snapshot['tags'] = TAGGED): Snapshot => ({
  ...osDisk,
  id: `${COMPUTE}/snapshots/${name}`,
  name,
  provisioningState,
  tags,
})

const OTHER = { ...TAGGED, [TAGS.fingerprint]: 'of another content' }

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

describe('what is made', () => {
  test('a snapshot of every disk, LUNs kept, and the image of them', () => {
    const { snapshots, content } = build()
    expect(snapshots.map(({ disk, sourceId }) => [disk, sourceId])).toEqual([
      ['os', osDisk.id],
      [3, data.id],
    ])
    expect(content).toMatchObject({ kind: 'disks', dataDisks: [{ lun: 3, source: { kind: 'snapshot', id: snapshots[1]?.id } }] })
  })

  test('gallery and definition where they are missing, in that order', () => {
    const { gallery: _gallery, definition: _definition, ...rest } = observe()
    expect(plan({}, rest).changes.map(({ verb, type }) => `${verb} ${type}`)).toEqual([
      'create snapshot',
      'create snapshot',
      'create gallery',
      'create image definition',
      'create image version',
      'create pool',
    ])
  })

  test('a managed image is named after its version', () => {
    const image = build({ 'image-kind': 'managed' })
    expect(image.id).toBe(`${COMPUTE}/images/golden-2026.1124.0`)
    expect(image.gallery).toBeUndefined()
  })

  test.each<[string, Record<string, string>, boolean, object]>([
    ['stopped, if it ran', { capture: 'deallocate' }, true, { deallocate: vm.id }],
    ['left as it is, if it did not', { capture: 'deallocate' }, false, {}],
    ['prepared first', { 'prepare-script': 'waagent' }, true, { prepare: { vm: vm.id, script: 'waagent' } }],
  ])('a VM is %s', (_, inputs, isRunning, expected) => {
    const statuses = [isRunning ? 'PowerState/running' : 'PowerState/deallocated']
    const { deallocate, prepare } = build(inputs, observe({ vm: { vm: { ...vm, statuses }, extensions: [], disks: [osDisk, data] } }))
    expect({ ...(deallocate && { deallocate }), ...(prepare && { prepare }) }).toEqual(expected)
  })

  test.each([{ capture: 'copy' }, { 'image-kind': 'managed', gallery: '' }])('never more tags than Azure takes: %j', (inputs) => {
    const tags = Array.from({ length: 38 }, (_, index) => `t${index}=1`).join('\n')
    const seen = observe({ versions: [version('1.0.0', 'Succeeded', OTHER)] })
    const image = build({ ...inputs, tags, 'keep-snapshots': 'true' }, seen)
    const temporary = (image.copy?.groups ?? []).flat().map(({ body }) => (body as { tags: object }).tags)
    for (const all of [...temporary, { ...image.tags, [TAGS.pool]: 'render' }]) expect(Object.keys(all).length).toBeLessThanOrEqual(50)
  })

  test('a VM that is starting is stopped as one that runs', () => {
    const starting = { ...vm, statuses: ['PowerState/starting'] }
    expect(build({ capture: 'deallocate' }, observe({ vm: { vm: starting, extensions: [], disks: [osDisk, data] } })).deallocate).toBe(
      vm.id,
    )
  })

  test('all of it is tagged with where it is from', () => {
    expect(build({ tags: 'team=render' }, observe({ versions: [version('1.0.0', 'Succeeded', OTHER)] })).tags).toMatchObject({
      team: 'render',
      [TAGS.image]: 'golden',
      [TAGS.version]: '2026.1124.0',
      [TAGS.source]: vm.id,
      [TAGS.previousVersion]: '1.0.0',
      [TAGS.run]: runTag(RUN),
    })
  })
})

describe('regions', () => {
  const regions = (inputs: Record<string, string>, location = 'westeurope') => {
    const { account } = observe()
    const image = build(inputs, observe({ account: { ...(account as NonNullable<typeof account>), location } }))
    return {
      waitFor: image.waitForRegions,
      replicas: Object.fromEntries(image.targetRegions.map(({ name, replicas }) => [name, replicas])),
    }
  }

  test.each<[string, Record<string, string>, string, Record<string, number>]>([
    ['one where source and Batch are one', {}, 'westeurope', { westeurope: 1 }],
    ['both where they are not', {}, 'northeurope', { westeurope: 1, northeurope: 1 }],
    ['a replica for each 300 nodes, where Batch is', { 'target-dedicated-nodes': '301' }, 'northeurope', { westeurope: 1, northeurope: 2 }],
    [
      'Spot nodes count',
      { 'target-dedicated-nodes': '300', 'target-low-priority-nodes': '1' },
      'northeurope',
      { westeurope: 1, northeurope: 2 },
    ],
    [
      'pools that grow at once pull at once',
      { 'pool-id': '', 'target-dedicated-nodes': '200', 'pool-spec': '[{ id: one }, { id: two }]' },
      'westeurope',
      { westeurope: 2 },
    ],
    ['no nodes need one', { 'target-dedicated-nodes': '0' }, 'westeurope', { westeurope: 1 }],
    ['as asked', { replicas: '7' }, 'westeurope', { westeurope: 7 }],
    ['others beside', { 'target-regions': 'UK South=3' }, 'westeurope', { westeurope: 1, uksouth: 3 }],
    ['one asked for by its display name is the same', { 'target-regions': 'West Europe', replicas: '4' }, 'westeurope', { westeurope: 4 }],
    ['a number of its own goes before', { 'target-regions': 'West Europe=2', replicas: '4' }, 'westeurope', { westeurope: 2 }],
  ])('%s', (_, inputs, location, expected) => {
    expect(regions(inputs, location)).toEqual({ waitFor: [location], replicas: expected })
  })
})

test('a plan of what is there already is empty', () => {
  const versions = [version('1.0.0')]
  const id = `${observe().account?.id}/pools/render` as ArmId
  const pools = [
    {
      id,
      name: 'render',
      etag: 'e',
      properties: {
        vmSize: 'STANDARD_D4S_V5',
        provisioningState: 'Succeeded',
        allocationState: 'Steady',
        allocationStateTransitionTime: '',
        currentDedicatedNodes: 10,
        currentLowPriorityNodes: 0,
        scaleSettings: { fixedScale: { targetDedicatedNodes: 10 } },
        deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { id: versions[0]?.id.toUpperCase() ?? '' } } },
      },
    },
  ] as const
  expect(plan({}, observe({ versions, pools })).changes).toEqual([])
})
