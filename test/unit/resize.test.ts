import { describe, expect, test } from 'vitest'
import type { Pool, RawResizeError } from '../../src/ports.ts'
import { classifyResizeError, decideNext, errorsOfThisRun, healthOf, type Outcome, type ResizeError } from '../../src/resize.ts'

const raw = (code: string, message = '', details: RawResizeError['details'] = []): RawResizeError => ({ code, message, details })
const providerError = (code: string, message: string) =>
  raw('AllocationFailed', 'Desired number of dedicated nodes could not be allocated', [
    { code: 'Provider Error Json', message: JSON.stringify({ error: { code, message } }) },
    { code: 'Provider Error Json Truncated', message: 'False' },
  ])
const reason = (text: string) =>
  raw('AllocationFailed', 'Desired number of dedicated nodes could not be allocated', [{ code: 'Reason', message: text }])

describe('classes of resize errors', () => {
  test.each<[string, RawResizeError, ResizeError['class']]>([
    ['the wire spelling of a timeout', raw('AllocationTimedout', 'the resize timeout was reached'), 'retry'],
    ['the SDK spelling of a timeout', raw('AllocationTimedOut', 'the resize timeout was reached'), 'retry'],
    ['a Spot timeout', raw('AllocationTimedout', 'Desired number of low priority nodes could not be allocated'), 'wait'],
    ['total quota', raw('AccountCoreQuotaReached', 'The specified account has reached core quota'), 'fatal'],
    ['series quota', raw('AccountVMSeriesCoreQuotaReached', 'quota for standardDFamily'), 'fatal'],
    ['Spot quota', raw('AccountLowPriorityCoreQuotaReached'), 'fatal'],
    ['Spot quota, new name', raw('AccountSpotCoreQuotaReached'), 'fatal'],
    ['constraints', raw('OverconstrainedAllocationRequestError'), 'retry'],
    ['inter-node maximum', raw('CommunicationEnabledPoolReachedMaxVMCount'), 'fatal'],
    ['unsupported size', raw('UnsupportedVMSize'), 'fatal'],
    ['incompatible size', raw('IncompatibleVMSize'), 'fatal'],
    ['a deleted dependency', raw('DependentResourceNotFound'), 'fatal'],
    ['disk encryption', raw('DiskEncryptionFailure'), 'fatal'],
    ['identity', raw('FailedIdentityOperation'), 'retry'],
    ['Marketplace plan', raw('MissingPublisherPropertyInMarketPlacePlan'), 'fatal'],
    ['stopped by someone', raw('ResizeStopped'), 'fatal'],
    ['removal failed', raw('RemoveNodesFailed'), 'retry'],
    ['Unknown', raw('Unknown'), 'retry'],
    ['a code of the future', raw('BrandNewCode', 'brand new'), 'retry'],
    ['a bare AllocationFailed', raw('AllocationFailed', 'could not be allocated'), 'retry'],
    [
      'a generation mismatch',
      providerError('BadRequest', "The selected VM size 'STANDARD_A1_V2' cannot boot Hypervisor Generation '2'."),
      'fatal',
    ],
    ['a locked scope', providerError('ScopeLocked', 'The scope is locked'), 'fatal'],
    ['capacity', reason('Deployment allocation failed due to insufficient capacity for the requested VM size in the region.'), 'retry'],
    ['an internal error', reason('The server encountered an internal error.'), 'retry'],
    ['a delegated subnet', reason('Allocation failed as subnet has delegation to external resources.'), 'fatal'],
    ['missing permissions', reason('Azure Batch Service does not have the desired permissions to perform a pool operation.'), 'fatal'],
    ['the key vault', reason('Allocation failed as Batch is not authorized to access the key vault.'), 'fatal'],
  ])('%s', (_, error, expected) => {
    const classified = classifyResizeError(error)
    expect(classified.class).toBe(expected)
    expect(classified.code).toBe(error.code)
    expect(classified.fix).not.toBe('')
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
})

describe('what comes next', () => {
  const timeout = classifyResizeError(raw('AllocationTimedout', 'dedicated'))
  const quota = classifyResizeError(raw('AccountCoreQuotaReached'))
  const unknown = classifyResizeError(raw('BrandNewCode'))
  const outcome = (change: Partial<Outcome>): Outcome => ({
    target: { dedicated: 10, lowPriority: 0 },
    before: { dedicated: 0, lowPriority: 0 },
    current: { dedicated: 4, lowPriority: 0 },
    errors: [timeout],
    number: 1,
    maxResizes: 5,
    roundsWithoutGain: 0,
    ...change,
  })

  test.each<[string, Partial<Outcome>, object]>([
    ['target reached', { current: { dedicated: 10, lowPriority: 0 }, errors: [] }, { kind: 'done' }],
    ['short after a timeout', {}, { kind: 'resize', afterMs: 15_000 }],
    ['the backoff doubles', { number: 3 }, { kind: 'resize', afterMs: 60_000 }],
    ['a quota is fatal at once', { errors: [timeout, quota] }, { kind: 'fail', why: 'fatal', error: quota }],
    ['no resize is left', { number: 5 }, { kind: 'fail', why: 'max-resizes', error: timeout }],
    ['three rounds brought nothing', { number: 3, roundsWithoutGain: 3 }, { kind: 'fail', why: 'no-progress', error: timeout }],
    ['an unknown code is asked again once', { errors: [unknown] }, { kind: 'resize', afterMs: 15_000 }],
    ['and not twice', { errors: [unknown], number: 2 }, { kind: 'fail', why: 'max-resizes', error: unknown }],
    ['short without any error', { errors: [] }, { kind: 'resize', afterMs: 15_000 }],
    ['Spot nodes alone are left to Batch', { target: { dedicated: 4, lowPriority: 6 }, errors: [] }, { kind: 'done' }],
    [
      'but a Spot quota is told',
      { target: { dedicated: 4, lowPriority: 6 }, errors: [quota] },
      { kind: 'fail', why: 'fatal', error: quota },
    ],
  ])('%s', (_, change, expected) => {
    expect(decideNext(outcome(change), 0)).toEqual(expected)
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

describe('health', () => {
  test.each([
    ['all idle', { idle: 10 }, 100, { healthy: 10, required: 10, isHealthy: true, isSettled: true }],
    ['none of ten', {}, 100, { healthy: 0, required: 10, isHealthy: false, isSettled: true }],
    ['one start task failed', { idle: 9, startTaskFailed: 1 }, 100, { healthy: 9, required: 10, isHealthy: false, isSettled: true }],
    ['within the percentage', { idle: 9, unusable: 1 }, 90, { healthy: 9, required: 9, isHealthy: true, isSettled: true }],
    ['some still start', { running: 3, starting: 7 }, 100, { healthy: 3, required: 10, isHealthy: false, isSettled: false }],
  ])('%s', (_, dedicated, percentage, expected) => {
    expect(healthOf({ dedicated, lowPriority: {} }, { dedicated: 10, lowPriority: 0 }, percentage)).toEqual(expected)
  })

  test('preempted Spot nodes are not asked for', () => {
    const counts = { dedicated: { idle: 2 }, lowPriority: { idle: 3, preempted: 2 } }
    expect(healthOf(counts, { dedicated: 2, lowPriority: 5 }, 100)).toMatchObject({ required: 5, isHealthy: true })
  })
})
