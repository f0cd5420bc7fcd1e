/** What a run whose time is over was waiting for. */
import { expect, test } from 'vitest'
import type { RunEvent } from '../../../src/run/events.ts'
import { NOT_WAITING, waitingAfter, waitingFor } from '../../../src/run/waiting.ts'

const at = (second: number) => new Date(second * 1_000).toISOString()
const phase = (second: number, name: Extract<RunEvent, { kind: 'phase-started' }>['phase']): RunEvent => ({
  at: at(second),
  kind: 'phase-started',
  phase: name,
})
const beat = (second: number, words: string): RunEvent => ({ at: at(second), kind: 'heartbeat', waitingFor: words, elapsedMs: 0 })
const resource = (second: number, change: Extract<RunEvent, { kind: 'resource' }>['change'], name: string): RunEvent => ({
  at: at(second),
  kind: 'resource',
  change,
  type: 'snapshot',
  id: `/x/snapshots/${name}`,
})

test.each<[string, readonly RunEvent[], string]>([
  ['nothing yet', [], 'Azure to answer'],
  ['a phase without words of its own', [phase(0, 'check')], "Azure's answers to the checks"],
  ['a wait', [phase(0, 'publish'), beat(95, 'image version 1.2.3')], 'image version 1.2.3'],
  [
    'how far a wait has come, said last',
    [phase(0, 'follow'), beat(90, 'pool a to be steady, 1 of 10 nodes so far'), beat(95, 'pool a to be steady, 2 of 10 nodes so far')],
    'pool a to be steady, 2 of 10 nodes so far',
  ],
  [
    'several pools',
    [phase(0, 'pool'), beat(94, 'nodes of pool a to start'), beat(95, 'nodes of pool b to start')],
    'nodes of pool a to start; nodes of pool b to start',
  ],
  [
    'a wait that ended long ago',
    [phase(0, 'pool'), beat(10, 'nodes of pool a to start'), beat(95, 'nodes of pool b to start')],
    'nodes of pool b to start',
  ],
  ['a wait of the phase before', [phase(0, 'publish'), beat(90, 'image version 1.2.3'), phase(95, 'follow')], 'the pool to reach its size'],
  [
    'a resource that is being created',
    [phase(0, 'capture'), resource(1, 'creating', 'os'), resource(2, 'creating', 'data'), resource(3, 'created', 'os')],
    'snapshot data to be created',
  ],
  ['a resource that is being deleted', [phase(0, 'prune'), resource(1, 'deleting', 'old')], 'snapshot old to be deleted'],
  [
    'more than anybody reads',
    [phase(0, 'pool'), ...Array.from({ length: 7 }, (_, index) => beat(95, `nodes of pool ${index} to start`))],
    `${[0, 1, 2, 3, 4].map((index) => `nodes of pool ${index} to start; `).join('')}2 more`,
  ],
])('%s', (_, events, expected) => {
  expect(waitingFor(events.reduce(waitingAfter, NOT_WAITING), 100_000)).toBe(expected)
})
