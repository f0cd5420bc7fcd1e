import { describe, expect, test } from 'vitest'
import { isReplicated, isUsable, publishedState, reasonToStay } from '../../../src/image/standing.ts'
import type { ImageVersion, RegionReplication } from '../../../src/model/compute.ts'

const at = (region: string, state: RegionReplication['state']): RegionReplication => ({ region, state, progress: 0 })
const version = (provisioningState: string, replication: readonly RegionReplication[], more: Partial<ImageVersion> = {}): ImageVersion => ({
  ...{ id: '/versions/1.0.0', name: '1.0.0', location: 'westeurope', provisioningState, replication },
  ...{ targetRegions: [], sourceIds: [], tags: {} },
  ...more,
})

/** The Batch account is in West Europe. */
describe.each<[string, string, readonly RegionReplication[], string, boolean, string | undefined]>([
  ['complete everywhere', 'Succeeded', [at('West Europe', 'Completed')], 'ready', true, 'has a complete replica in West Europe'],
  [
    'complete for Batch before the others',
    'Creating',
    [at('West Europe', 'Completed'), at('North Europe', 'Replicating')],
    'ready',
    false,
    'has a complete replica in West Europe',
  ],
  [
    'failed elsewhere in the same moment',
    'Failed',
    [at('West Europe', 'Completed'), at('North Europe', 'Failed')],
    'ready',
    true,
    'has a complete replica in West Europe',
  ],
  [
    'complete only elsewhere',
    'Creating',
    [at('North Europe', 'Completed'), at('West Europe', 'Replicating')],
    'replicating',
    false,
    'has a complete replica in North Europe',
  ],
  [
    'failed for Batch',
    'Failed',
    [at('West Europe', 'Failed'), at('North Europe', 'Completed')],
    'failed',
    false,
    'has a complete replica in North Europe',
  ],
  ['failed everywhere', 'Failed', [at('West Europe', 'Failed')], 'failed', false, undefined],
  ['succeeded before its region is there', 'Succeeded', [at('West Europe', 'Replicating')], 'replicating', true, undefined],
  ['succeeded, and Azure does not tell the regions', 'Succeeded', [], 'ready', true, undefined],
  [
    'succeeded, and only another region is reported',
    'Succeeded',
    [at('North Europe', 'Completed')],
    'replicating',
    true,
    'has a complete replica in North Europe',
  ],
  ['complete, and being deleted', 'Deleting', [at('West Europe', 'Completed')], 'failed', false, 'has a complete replica in West Europe'],
  ['failed for Batch, and being updated', 'Updating', [at('West Europe', 'Failed')], 'replicating', false, undefined],
])('a version that is %s', (_, state, replication, published, usable, stays) => {
  test(`is ${published}, usable: ${usable}, and stays because it ${stays}`, () => {
    expect(publishedState(version(state, replication), 'westeurope')).toBe(published)
    expect(isUsable(version(state, replication), 'westeurope')).toBe(usable)
    expect(reasonToStay(version(state, replication), [])).toBe(stays)
  })
})

test('a version that was never meant for the region will not come there', () => {
  const targetRegions = [{ name: 'North Europe', replicas: 1 }]
  for (const replication of [[], [at('North Europe', 'Completed')]])
    expect(publishedState(version('Succeeded', replication, { targetRegions }), 'westeurope')).toBe('failed')
})

test('whoever is on a failed version keeps it', () => {
  expect(reasonToStay(version('Failed', []), ['pool render'])).toBe('is in use by pool render')
})

test.each<[string, ImageVersion, boolean]>([
  ['complete', version('Succeeded', [at('West Europe', 'Completed')]), true],
  ['shallow', version('Succeeded', [at('West Europe', 'Completed')], { replicationMode: 'Shallow' }), false],
  ['behind in a region', version('Succeeded', [at('West Europe', 'Replicating')]), false],
  ['of regions that Azure does not name', version('Succeeded', []), false],
  [
    'asked for in a region that Azure does not name yet',
    version('Succeeded', [at('West Europe', 'Completed')], {
      targetRegions: [
        { name: 'westeurope', replicas: 1 },
        { name: 'northeurope', replicas: 1 },
      ],
    }),
    false,
  ],
  ['failed in a region', version('Failed', [at('West Europe', 'Completed'), at('North Europe', 'Failed')]), false],
])('snapshots of a version that is %s may go: %#', (_, seen, expected) => {
  expect(isReplicated(seen)).toBe(expected)
})
