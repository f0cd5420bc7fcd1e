/** A pool beside the one that serves. */
import { describe, expect, test } from 'vitest'
import { MARKS } from '../../../src/pool/marks.ts'
import { planPool } from '../../../src/pool/plan-pool.ts'
import type { PoolQuestion } from '../../../src/pool/pool-plan.ts'
import { ACCOUNT, NEW, OLD, pool, question, versionId } from '../../fixtures/pools.ts'

describe('a green pool', () => {
  const plan = (changes: Partial<PoolQuestion> = {}) => planPool(question({ strategy: 'blue-green', existing: pool(OLD), ...changes }))

  test('is named after the version, without dots', () => {
    expect(plan()).toMatchObject({ id: `${ACCOUNT}/pools/render-2026-1124-0`, request: { id: 'render-2026-1124-0' } })
  })

  test('has a name of 64 characters at most, version kept', () => {
    const { request } = plan({ name: 'r'.repeat(64) })
    expect(request.id).toHaveLength(64)
    expect(request.id.endsWith('-2026-1124-0')).toBe(true)
  })

  test('that an interrupted run began is taken up', () => {
    const green = pool(NEW, {}, 'render-2026-1124-0')
    expect(plan({ siblings: [green] })).toMatchObject({ action: 'blue-green', green })
  })

  test('leftovers of other runs go with the old pool', () => {
    const successor = [{ name: MARKS.successorOf, value: 'render' }]
    const old = pool(OLD)
    const green = pool(NEW, { metadata: successor }, 'render-2026-1124-0')
    const abandoned = pool(versionId('2026.1111.0'), { metadata: successor }, 'render-2026-1111-0')
    const foreign = pool(OLD, {}, 'render-2026-1112-0')
    expect(plan({ siblings: [old, green, abandoned, foreign], existing: old })).toMatchObject({
      old: { name: 'render' },
      green: { name: 'render-2026-1124-0' },
      abandonedSuccessors: [{ name: 'render-2026-1111-0' }],
    })
  })
})
