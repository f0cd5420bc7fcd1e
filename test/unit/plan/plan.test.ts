/** The plan of a run. */
import { expect, test } from 'vitest'
import type { ArmId } from '../../../src/model/arm-id.ts'
import { pool } from '../../fixtures/pools.ts'
import { observe, plan, version } from '../../fixtures/run-plans.ts'

test('a plan for what exists already is empty', () => {
  const versions = [version('1.0.0')]
  const id = `${observe().account?.id}/pools/render` as ArmId
  const pools = [{ ...pool(versions[0]?.id.toUpperCase() ?? ''), id }]
  expect(plan({}, observe({ versions, pools })).changes).toEqual([])
})
