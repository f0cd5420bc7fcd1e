import { expect, test } from 'vitest'
import { NewestReadings } from '../../../../src/azure/batch/newest-readings.ts'
import type { Pool } from '../../../../src/model/batch.ts'
import { NEW, pool } from '../../../fixtures/pools.ts'

const at = (minute: number, name = 'render'): Pool => pool(NEW, { lastModified: `2026-11-24T10:0${minute}:00.1234567Z` }, name)

function readings() {
  let nowMs = 0
  const advance = (ms: number): void => {
    nowMs += ms
  }
  const clock = { now: () => new Date(nowMs), sleep: async (ms: number) => advance(ms) }
  return { newest: new NewestReadings(clock), waitedMs: () => nowMs }
}

/** Answers one after the other, the last one for ever. */
const answering = (answers: readonly (Pool | undefined)[]) => {
  const left = [...answers]
  return async () => (left.length > 1 ? left.shift() : left[0])
}

test('a reading that is older than the one before it is made again', async () => {
  const { newest } = readings()
  newest.note(at(2))
  expect(await newest.read(answering([at(1), at(1), at(3)]))).toEqual(at(3))
})

test('a resize counts, though nobody modified the pool', () => {
  const { newest } = readings()
  newest.note(pool(NEW, { lastModified: '2026-11-24T10:00:00Z', resizeOperationStatus: { startTime: '2026-11-24T10:05:00Z' } }))
  expect(newest.isOutdated(at(4))).toBe(true)
  expect(newest.isOutdated(at(6))).toBe(false)
})

test.each<[string, Pool | undefined]>([
  ['the same', at(2)],
  ['a pool that is gone', undefined],
  ['another pool', at(1, 'other')],
  ['one without times', pool(NEW)],
  ['the same time without its fraction', pool(NEW, { lastModified: '2026-11-24T10:02:00Z' })],
])('%s is believed at once', async (_, answer) => {
  const { newest, waitedMs } = readings()
  newest.note(at(2))
  expect(await newest.read(async () => answer)).toEqual(answer)
  expect(waitedMs()).toBe(0)
})

test('after a minute the answer is believed, whatever it says, and from then on', async () => {
  const { newest, waitedMs } = readings()
  newest.note(at(2))
  expect(await newest.read(async () => at(1))).toEqual(at(1))
  expect(waitedMs()).toBe(60_000)
  expect(await newest.read(async () => at(1))).toEqual(at(1))
  expect(waitedMs()).toBe(60_000)
})
