import { describe, expect, test } from 'vitest'
import type { Pool } from '../../../src/model/batch.ts'
import { evaluatedSinceMs, formulaError, formulaTarget, isEvaluatedSince, longestEvaluationMs } from '../../../src/pool/formula.ts'

const poolOf = (properties: object): Pool =>
  ({ name: 'render', properties: { currentDedicatedNodes: 4, currentLowPriorityNodes: 1, ...properties } }) as never

describe('the size that an evaluation names', () => {
  test.each<[string, string | undefined, object]>([
    ['both kinds', '$TargetDedicatedNodes=3;$TargetLowPriorityNodes=2;$NodeDeallocationOption=requeue', { dedicated: 3, lowPriority: 2 }],
    ['one kind', '$TargetDedicatedNodes=34;NodeDeallocationOption=requeue', { dedicated: 34, lowPriority: 1 }],
    ['the older name', '$TargetDedicated=5;', { dedicated: 5, lowPriority: 1 }],
    ['a fraction', '$TargetDedicatedNodes=2.5;$TargetLowPriorityNodes=0', { dedicated: 2, lowPriority: 0 }],
    ['less than none', '$TargetDedicatedNodes=-1;$TargetLowPriorityNodes=0', { dedicated: 0, lowPriority: 0 }],
    ['nothing', undefined, { dedicated: 4, lowPriority: 1 }],
  ])('%s', (_, results, expected) => {
    expect(formulaTarget(poolOf({ autoScaleRun: { evaluationTime: '', ...(results && { results }) } }))).toEqual(expected)
  })
})

describe('an evaluation is one of the changed formula', () => {
  const before = poolOf({ autoScaleRun: { evaluationTime: '2026-11-23T03:00:00Z' } })
  const changed = poolOf({ lastModified: '2026-11-23T03:10:00Z' })
  test.each<[string, string | undefined, Pool | undefined, boolean]>([
    ['made after it', '2026-11-23T03:10:01Z', before, true],
    ['made while Azure took it', '2026-11-23T03:09:59Z', before, true],
    ['of before', '2026-11-23T03:05:00Z', before, false],
    [
      'that was there already, seconds before',
      '2026-11-23T03:09:58Z',
      poolOf({ autoScaleRun: { evaluationTime: '2026-11-23T03:09:58Z' } }),
      false,
    ],
    ['that is not there', undefined, before, false],
  ])('%s', (_, evaluationTime, decidedOn, expected) => {
    const seen = poolOf(evaluationTime ? { autoScaleRun: { evaluationTime } } : {})
    expect(isEvaluatedSince(seen, evaluatedSinceMs(changed, decidedOn))).toBe(expected)
  })

  test('any will do where nothing was changed, but one there must be', () => {
    expect(isEvaluatedSince(before, evaluatedSinceMs(undefined, before))).toBe(true)
    expect(isEvaluatedSince(poolOf({}), 0)).toBe(false)
  })
})

test('a formula that fails is reported in its innermost words, of either plane', () => {
  const outer = { code: 'AutoScalingFormulaEvaluationError', message: 'Autoscale formula evaluation failed' }
  for (const inner of [
    { details: [{ code: 'Message', message: 'Line 1: $x is not defined' }] },
    { values: [{ name: 'Message', value: 'Line 1: $x is not defined' }] },
  ])
    expect(formulaError('render', { evaluationTime: '', error: { ...outer, ...inner } })?.message).toContain('Line 1: $x is not defined')
  expect(formulaError('render', { evaluationTime: '', results: '' })).toBeUndefined()
})

test.each([
  ['PT5M', 10],
  [undefined, 20],
])('an evaluation every %s is waited for %i minutes', (evaluationInterval, minutes) => {
  expect(
    longestEvaluationMs(poolOf({ scaleSettings: { autoScale: { formula: 'x', ...(evaluationInterval && { evaluationInterval }) } } })),
  ).toBe(minutes * 60_000)
})
