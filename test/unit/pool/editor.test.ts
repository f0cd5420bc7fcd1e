import { expect, test } from 'vitest'
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
  return { editor: new PoolEditor({ id: ID, name: 'render' }, context) }
}

test('a pool that is not there is deleted, unless this run has just made it', async () => {
  await expect(reading(undefined).editor.get()).rejects.toThrow('was deleted during the run')
  const { editor } = reading(undefined, undefined, pool(NEW))
  editor.expectVisible()
  expect((await editor.get()).name).toBe('render')
})
