import { describe, expect, test } from 'vitest'
import type { Pool } from '../../../src/model/batch.ts'
import { PoolEditor } from '../../../src/pool/editor.ts'
import type { StepContext } from '../../../src/run/context.ts'
import { ID, NEW, pool } from '../../fixtures/pools.ts'

/** What an editor gives that reads these, one each time it asks; the last one again and again. */
function reading(...answers: readonly (Pool | undefined)[]) {
  let asked = 0
  let nowMs = 0
  const next = async () => answers[Math.min(asked++, answers.length - 1)]
  const clock = {
    now: () => new Date(nowMs),
    sleep: async (ms: number) => {
      nowMs += ms
    },
  }
  const context = { batch: { getPool: next, watchPool: next }, clock, signal: new AbortController().signal } as unknown as StepContext
  return { editor: new PoolEditor({ id: ID, name: 'render' }, context), waitedMs: () => nowMs }
}

const touchedAt = (time: string, currentDedicatedNodes: number): Pool =>
  pool(NEW, { lastModified: time, allocationStateTransitionTime: time, currentDedicatedNodes })
const nodes = ({ properties }: Pool): number => properties.currentDedicatedNodes ?? 0

describe('reads of a pool are eventually consistent', () => {
  test('what is older than what was read before is read again', async () => {
    const old = touchedAt('2026-11-29T10:00:00Z', 4)
    const { editor } = reading(old, touchedAt('2026-11-29T10:05:00Z', 0), old, old, touchedAt('2026-11-29T10:05:00Z', 10))
    expect(nodes(await editor.get())).toBe(4)
    expect(nodes(await editor.watch())).toBe(0)
    expect(nodes(await editor.watch())).toBe(10)
  })

  test('the same time without its fraction is not older', async () => {
    const { editor, waitedMs } = reading(touchedAt('2026-11-29T10:00:00.789Z', 4), touchedAt('2026-11-29T10:00:00Z', 5))
    expect(nodes(await editor.get())).toBe(4)
    expect(nodes(await editor.get())).toBe(5)
    expect(waitedMs()).toBe(0)
  })

  test('a pool that stays older is believed after a while, and from then on', async () => {
    const { editor, waitedMs } = reading(touchedAt('2026-11-29T10:05:00Z', 4), touchedAt('2026-11-29T10:00:00Z', 5))
    await editor.get()
    expect(nodes(await editor.get())).toBe(5)
    const onceMs = waitedMs()
    expect(onceMs).toBeGreaterThan(0)
    expect(onceMs).toBeLessThanOrEqual(120_000)
    expect(nodes(await editor.get())).toBe(5)
    expect(waitedMs()).toBe(onceMs)
  })

  test('a pool that is not there is deleted, unless this run has just made it', async () => {
    await expect(reading(undefined).editor.get()).rejects.toThrow('was deleted during the run')
    const { editor } = reading(undefined, undefined, touchedAt('2026-11-29T10:00:00Z', 4))
    editor.expectVisible()
    expect(nodes(await editor.get())).toBe(4)
  })
})
