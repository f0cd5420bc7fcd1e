import { describe, expect, test } from 'vitest'
import type { NodeStateCounts } from '../../../src/model/batch-service.ts'
import { healthOf } from '../../../src/pool/health.ts'

type Row = readonly [
  what: string,
  counts: { readonly dedicated?: NodeStateCounts; readonly lowPriority?: NodeStateCounts },
  target: readonly [dedicated: number, lowPriority: number],
  percentages: readonly [dedicated: number, spot: number],
  expected: object,
]

describe('health', () => {
  test.each<Row>([
    ['all idle', { dedicated: { idle: 10 } }, [10, 0], [100, 100], { healthy: 10, required: 10, isHealthy: true, isSettled: true }],
    ['none of ten', {}, [10, 0], [100, 100], { healthy: 0, required: 10, isHealthy: false, isSettled: true }],
    [
      'one start task failed',
      { dedicated: { idle: 9, startTaskFailed: 1 } },
      [10, 0],
      [100, 100],
      { healthy: 9, isHealthy: false, isSettled: true },
    ],
    ['within the percentage', { dedicated: { idle: 9, unusable: 1 } }, [10, 0], [90, 100], { healthy: 9, required: 9, isHealthy: true }],
    [
      'some still start',
      { dedicated: { running: 3, starting: 7 } },
      [10, 0],
      [100, 100],
      { healthy: 3, isHealthy: false, isSettled: false },
    ],
    ['more than asked for', { dedicated: { idle: 25 } }, [10, 0], [100, 100], { healthy: 10, required: 10, isHealthy: true }],
    [
      'preempted Spot nodes are not healthy',
      { dedicated: { idle: 2 }, lowPriority: { idle: 3, preempted: 2 } },
      [2, 5],
      [100, 100],
      { healthy: 5, required: 7, isHealthy: false, isSettled: false },
    ],
    [
      '9 of 10 Spot nodes preempted',
      { lowPriority: { idle: 1, preempted: 9 } },
      [0, 10],
      [100, 100],
      { healthy: 1, required: 10, isHealthy: false },
    ],
    [
      'preempted, but within their own percentage',
      { dedicated: { idle: 2 }, lowPriority: { idle: 3, preempted: 2 } },
      [2, 5],
      [100, 60],
      { required: 5, isHealthy: true },
    ],
    [
      'Spot nodes stand in for no dedicated ones',
      { dedicated: { idle: 7 }, lowPriority: { idle: 10 } },
      [10, 10],
      [80, 80],
      { healthy: 17, required: 16, isHealthy: false },
    ],
    [
      'nor dedicated ones for Spot nodes',
      { dedicated: { idle: 10 }, lowPriority: { idle: 7 } },
      [10, 10],
      [80, 80],
      { healthy: 17, isHealthy: false },
    ],
  ])('%s', (_, { dedicated = {}, lowPriority = {} }, target, percentages, expected) => {
    const shares = { minHealthyPercentage: percentages[0], minHealthySpotPercentage: percentages[1] }
    expect(healthOf({ dedicated, lowPriority }, { dedicated: target[0], lowPriority: target[1] }, shares)).toMatchObject(expected)
  })
})
