import { expect, test } from 'vitest'
import type { StepContext } from '../../../src/run/context.ts'
import type { RunEvent } from '../../../src/run/events.ts'
import { contextIn } from '../../../src/run/in-account.ts'

const at = '2026-11-23T10:00:00Z'

/** What is reported of an event in account `north`. */
function reported(event: RunEvent): RunEvent | undefined {
  const events: RunEvent[] = []
  const context = { events: { emit: (one: RunEvent) => events.push(one) } } as unknown as StepContext
  contextIn('north', context).events.emit(event)
  return events[0]
}

test.each<[RunEvent, Partial<RunEvent>]>([
  [{ at, kind: 'resize-backoff', pool: 'render', waitMs: 1, reason: 'r' }, { pool: 'north/render' }],
  [
    { at, kind: 'proof-ended', pool: 'render-proof', proves: ['render'], target: { dedicated: 1, lowPriority: 0 }, result: 'healthy' },
    { pool: 'north/render-proof', proves: ['north/render'] },
  ],
  [{ at, kind: 'smoke-test-ended', pool: 'render', passed: 1, nodes: 1 }, { pool: 'north/render' }],
  [{ at, kind: 'notice', level: 'warning', text: 'Pool render waits.' }, { text: 'Account north: Pool render waits.' }],
  [{ at, kind: 'heartbeat', waitingFor: 'pool render', elapsedMs: 1 }, { waitingFor: 'pool render (account north)' }],
  [{ at, kind: 'resource', change: 'creating', type: 'pool', id: '/p' }, { detail: 'in account north' }],
  [{ at, kind: 'resource', change: 'creating', type: 'pool', id: '/p', detail: 'a proof' }, { detail: 'in account north; a proof' }],
])('%o says in which account', (event, expected) => {
  expect(reported(event)).toEqual({ ...event, ...expected })
})

test.each<RunEvent>([
  { at, kind: 'phase-started', phase: 'pool' },
  { at, kind: 'replication', imageId: '/v', regions: [] },
  { at, kind: 'resource', change: 'created', type: 'image version', id: '/v' },
])('%o is of the whole run', (event) => {
  expect(reported(event)).toEqual(event)
})
