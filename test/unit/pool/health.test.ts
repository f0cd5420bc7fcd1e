import { describe, expect, test } from 'vitest'
import { healthOf } from '../../../src/pool/health.ts'

describe('health', () => {
  test.each([
    ['all idle', { idle: 10 }, 100, { healthy: 10, required: 10, isHealthy: true, isSettled: true }],
    ['none of ten', {}, 100, { healthy: 0, required: 10, isHealthy: false, isSettled: true }],
    ['one start task failed', { idle: 9, startTaskFailed: 1 }, 100, { healthy: 9, required: 10, isHealthy: false, isSettled: true }],
    ['within the percentage', { idle: 9, unusable: 1 }, 90, { healthy: 9, required: 9, isHealthy: true, isSettled: true }],
    ['some still start', { running: 3, starting: 7 }, 100, { healthy: 3, required: 10, isHealthy: false, isSettled: false }],
  ])('%s', (_, dedicated, percentage, expected) => {
    expect(healthOf({ dedicated, lowPriority: {} }, { dedicated: 10, lowPriority: 0 }, percentage)).toEqual(expected)
  })

  test('preempted Spot nodes are not asked for', () => {
    const counts = { dedicated: { idle: 2 }, lowPriority: { idle: 3, preempted: 2 } }
    expect(healthOf(counts, { dedicated: 2, lowPriority: 5 }, 100)).toMatchObject({ required: 5, isHealthy: true })
  })
})
