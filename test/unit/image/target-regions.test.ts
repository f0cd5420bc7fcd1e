/** The regions and replicas of a version. */
import { describe, expect, test } from 'vitest'
import { build, observe } from '../../fixtures/run-plans.ts'

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
