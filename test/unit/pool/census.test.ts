import { describe, expect, test } from 'vitest'
import type { NodeSighting } from '../../../src/model/batch-service.ts'
import { censusOf } from '../../../src/pool/census.ts'

const REGROWN = '2026-11-23T03:10:00.0000001Z'
const node = (more: Partial<NodeSighting> = {}): NodeSighting => ({ id: 'tvm', state: 'idle', isDedicated: true, ...more })

describe('of a pool whose earlier nodes were all drained', () => {
  test.each<[string, Partial<NodeSighting>, number]>([
    ['allocated since', { allocationTime: '2026-11-23T03:11:00Z', stateTransitionTime: '2026-11-23T03:12:00Z' }, 1],
    [
      'allocated before: a node that was drained',
      { allocationTime: '2026-11-23T02:00:00Z', stateTransitionTime: '2026-11-23T03:12:00Z' },
      0,
    ],
    ['with a state of before: an old answer', { allocationTime: '2026-11-23T03:11:00Z', stateTransitionTime: '2026-11-23T03:00:00Z' }, 0],
    ['without an allocation time, in a state of now', { stateTransitionTime: '2026-11-23T03:12:00Z' }, 1],
    ['without any time', {}, 0],
    ['at the very moment', { allocationTime: REGROWN }, 1],
  ])('a node %s', (_, times, counted) => {
    const { counts, outdated } = censusOf([node(times)], Date.parse(REGROWN))
    expect([counts.dedicated.idle ?? 0, outdated]).toEqual([counted, 1 - counted])
  })
})

test('of a pool that keeps its nodes all are counted, by kind and state', () => {
  const nodes = [node(), node({ state: 'running' }), node({ state: 'preempted', isDedicated: false }), node({ state: 'running' })]
  expect(censusOf(nodes, 0)).toEqual({ counts: { dedicated: { idle: 1, running: 2 }, lowPriority: { preempted: 1 } }, outdated: 0 })
})
