/** What is owed to a pool that was drained. */
import { describe, expect, test } from 'vitest'
import type { Pool } from '../../../src/model/batch.ts'
import { MARKS, writeMark } from '../../../src/pool/marks.ts'
import { owedScale } from '../../../src/pool/owed-size.ts'

const TEN = { fixedScale: { targetDedicatedNodes: 10 } }
const FORMULA = { autoScale: { formula: '$TargetDedicatedNodes = 6;' } }
const NONE = { fixedScale: { targetDedicatedNodes: 0 } }

function poolOf(scaleSettings: object | undefined, before?: object, more: object = {}): Pool {
  const metadata = before ? [{ name: MARKS.before, value: writeMark({ pool: 'render', scaleSettings: before, ...more }) }] : []
  return { name: 'render', properties: { scaleSettings, metadata, currentDedicatedNodes: 3, currentLowPriorityNodes: 0 } } as never
}

describe('the former size is owed', () => {
  test.each<[string, Pool, object | undefined]>([
    ['to a pool at 0, drained from 10', poolOf(NONE, TEN), TEN],
    ['to one without a target, drained from 10', poolOf({}, TEN), TEN],
    ['to one whose formula was switched off', poolOf(NONE, FORMULA), FORMULA],
    ['not to one that has a size again', poolOf(TEN, TEN), undefined],
    ['not to one that has a formula again', poolOf(FORMULA, FORMULA), undefined],
    ['not to one that had none', poolOf(NONE, NONE), undefined],
    ['not to one that this action has not drained', poolOf(NONE), undefined],
    ['not to a clone of one', poolOf(NONE, TEN, { pool: 'other' }), undefined],
  ])('%s', (_, pool, expected) => {
    expect(owedScale(pool)).toEqual(expected)
  })
})
