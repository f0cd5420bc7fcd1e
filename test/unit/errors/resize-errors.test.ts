import { expect, test } from 'vitest'
import { classifyResizeError, errorsOfThisRun } from '../../../src/errors/resize-errors.ts'
import type { Pool } from '../../../src/model/batch.ts'
import { DEDICATED, raw, reason } from '../../fixtures/resize-errors.ts'

test('what nobody knows is shown verbatim', () => {
  expect(classifyResizeError(reason('The moon is full.'))).toMatchObject({ once: true, innermostMessage: 'The moon is full.' })
  expect(classifyResizeError(raw('BrandNewCode', 'brand new'))).toMatchObject({ once: true, code: 'BrandNewCode', message: 'brand new' })
})

test('the innermost of cut-off JSON is its last code and message', () => {
  const text =
    '{"error":{"code":"ResourceDeploymentFailure","message":"outer","details":[{"code":"ScopeLocked","message":"The scope \\"x\\" is lo'
  const cutOff = raw('AllocationFailed', DEDICATED, [
    { code: 'Provider Error Json', message: text },
    { code: 'Provider Error Json Truncated', message: 'True' },
  ])
  expect(classifyResizeError(cutOff)).toMatchObject({
    class: 'fatal',
    innermostCode: 'ScopeLocked',
    innermostMessage: 'The scope "x" is lo',
  })
})

test('the innermost words of the provider are shown, even where its JSON is cut off', () => {
  const cutOff = raw('AllocationFailed', 'outer', [
    {
      code: 'Provider Error Json',
      message: '{"error":{"code":"BadRequest","message":"The selected VM size cannot boot Hypervisor Generation',
    },
    { code: 'Provider Error Json Truncated', message: 'True' },
  ])
  expect(classifyResizeError(cutOff)).toMatchObject({
    class: 'fatal',
    innermostCode: 'BadRequest',
    innermostMessage: 'The selected VM size cannot boot Hypervisor Generation',
  })
})

test('errors of an older resize are not believed', () => {
  const pool = (startTime: string, allocationState: string) =>
    ({ properties: { allocationState, resizeOperationStatus: { startTime, errors: [raw('AllocationTimedout')] } } }) as unknown as Pool
  const since = Date.parse('2026-11-23T03:00:00Z')
  expect(errorsOfThisRun(pool('2026-11-22T03:00:00Z', 'Steady'), since)).toEqual([])
  expect(errorsOfThisRun(pool('2026-11-23T03:00:01Z', 'Steady'), since)).toHaveLength(1)
  expect(errorsOfThisRun(pool('2026-11-23T03:00:01Z', 'Resizing'), since)).toEqual([])
})
