/** What is owed to a pool that was drained. */
import { describe, expect, test } from 'vitest'
import type { Pool } from '../../../src/model/batch.ts'
import { MARKS, writeMark } from '../../../src/pool/marks.ts'
import { owedScale } from '../../../src/pool/owed-size.ts'

const TEN = { fixedScale: { targetDedicatedNodes: 10 } }
const FORMULA = { autoScale: { formula: '$TargetDedicatedNodes = 6;' } }
const NONE = { fixedScale: { targetDedicatedNodes: 0 } }

const SIX = { fixedScale: { targetDedicatedNodes: 6 } }
const SIX_NODES = { fixedScale: { targetDedicatedNodes: 6, targetLowPriorityNodes: 0 } }
const NODES = { nodes: { dedicated: 6, lowPriority: 0 } }
/** As a drain leaves it that was stopped when six nodes were left. */
const STOPPED = { resizeOperationStatus: { startTime: '2026-11-01T10:00:00Z', resizeTimeout: 'PT15M' } }

function poolOf(scaleSettings: object | undefined, before?: object, more: object = {}, shown: object = {}): Pool {
  const metadata = before ? [{ name: MARKS.before, value: writeMark({ pool: 'render', scaleSettings: before, ...more }) }] : []
  return {
    name: 'render',
    properties: { scaleSettings, metadata, currentDedicatedNodes: 3, currentLowPriorityNodes: 0, ...shown },
  } as never
}

describe('the former size is owed', () => {
  test.each<[string, Pool, object | undefined]>([
    ['to a pool at 0, drained from 10', poolOf(NONE, TEN), TEN],
    ['to one without a target, drained from 10', poolOf({}, TEN), TEN],
    ['to one whose formula was switched off', poolOf(NONE, FORMULA), FORMULA],
    ['to one whose drain was stopped half-way', poolOf(SIX, TEN, {}, STOPPED), TEN],
    ['to one whose formula is off, before its drain', poolOf(SIX, FORMULA, NODES), FORMULA],
    ['to one whose formula was too long to be kept', poolOf(NONE, {}, NODES), { ...SIX_NODES, isFormulaLost: true }],
    ['not to one whose formula is off, and that was resized since', poolOf(TEN, FORMULA, NODES), undefined],
    ['not to one that has a size again', poolOf(TEN, TEN), undefined],
    ['not to one that has a formula again', poolOf(FORMULA, FORMULA), undefined],
    ['not to one that had none', poolOf(NONE, NONE), undefined],
    ['not to one that this action has not drained', poolOf(NONE), undefined],
    ['not to a clone of one', poolOf(NONE, TEN, { pool: 'other' }), undefined],
  ])('%s', (_, pool, expected) => {
    expect(owedScale(pool)).toEqual(expected)
  })
})
