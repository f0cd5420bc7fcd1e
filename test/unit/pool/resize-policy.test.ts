import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classifyResizeError } from '../../../src/errors/resize-errors.ts'
import type { RawResizeError } from '../../../src/model/batch.ts'
import { cameNearer, decideNext, type Outcome } from '../../../src/pool/resize-policy.ts'

const SPOT = 'Desired number of low priority nodes could not be allocated'
const raw = (code: string, message = ''): RawResizeError => ({ code, message, details: [] })

describe('what comes next', () => {
  const timeout = classifyResizeError(raw('AllocationTimedout', 'dedicated'))
  const quota = classifyResizeError(raw('AccountCoreQuotaReached'))
  const unknown = classifyResizeError(raw('BrandNewCode'))
  const spotTimeout = classifyResizeError(raw('AllocationTimedout', SPOT))
  const removal = classifyResizeError(raw('RemoveNodesFailed', 'could not be removed'))
  const outcome = (change: Partial<Outcome>): Outcome => ({
    target: { dedicated: 10, lowPriority: 0 },
    before: { dedicated: 0, lowPriority: 0 },
    current: { dedicated: 4, lowPriority: 0 },
    errors: [timeout],
    number: 1,
    maxResizes: 5,
    roundsWithoutGain: 0,
    minHealthyPercentage: 100,
    ...change,
  })

  test.each<[string, Partial<Outcome>, object]>([
    ['target reached', { current: { dedicated: 10, lowPriority: 0 }, errors: [] }, { kind: 'done' }],
    ['short after a timeout', {}, { kind: 'resize', afterMs: 15_000 }],
    ['the backoff doubles', { number: 3 }, { kind: 'resize', afterMs: 60_000 }],
    ['a quota is fatal at once', { errors: [timeout, quota] }, { kind: 'fail', why: 'fatal', error: quota }],
    ['no resize is left', { number: 5 }, { kind: 'fail', why: 'max-resizes', error: timeout }],
    ['three rounds brought nothing', { number: 3, roundsWithoutGain: 3 }, { kind: 'fail', why: 'no-progress', error: timeout }],
    ['the share asked for is there', { minHealthyPercentage: 40, number: 5 }, { kind: 'enough', why: 'max-resizes', error: timeout }],
    [
      'the share asked for is there, and no round brings more',
      { minHealthyPercentage: 31, number: 3, roundsWithoutGain: 3 },
      { kind: 'enough', why: 'no-progress', error: timeout },
    ],
    ['one node short of the share', { minHealthyPercentage: 41, number: 5 }, { kind: 'fail', why: 'max-resizes', error: timeout }],
    ['the share does not end the tries', { minHealthyPercentage: 40 }, { kind: 'resize', afterMs: 15_000 }],
    ['the share does not hide a quota', { minHealthyPercentage: 40, errors: [quota] }, { kind: 'fail', why: 'fatal', error: quota }],
    [
      'a share of nothing',
      { minHealthyPercentage: 0, number: 5, current: { dedicated: 0, lowPriority: 0 } },
      { kind: 'fail', why: 'max-resizes', error: timeout },
    ],
    [
      'more than asked for is not enough',
      { minHealthyPercentage: 50, number: 5, target: { dedicated: 2, lowPriority: 0 }, errors: [removal] },
      { kind: 'fail', why: 'max-resizes', error: removal },
    ],
    ['an unknown code is asked again once', { errors: [unknown] }, { kind: 'resize', afterMs: 15_000 }],
    ['and not twice', { errors: [unknown], number: 2 }, { kind: 'fail', why: 'max-resizes', error: unknown }],
    ['short without any error', { errors: [] }, { kind: 'resize', afterMs: 15_000 }],
    ['Spot nodes alone are left to Batch', { target: { dedicated: 4, lowPriority: 6 }, errors: [] }, { kind: 'done' }],
    [
      'nothing is asked for, and nothing is there',
      { target: { dedicated: 0, lowPriority: 0 }, current: { dedicated: 0, lowPriority: 0 }, errors: [] },
      { kind: 'done' },
    ],
    ['more nodes than asked for', { target: { dedicated: 2, lowPriority: 0 }, errors: [removal] }, { kind: 'resize', afterMs: 15_000 }],
    [
      'more Spot nodes than asked for',
      { target: { dedicated: 4, lowPriority: 1 }, current: { dedicated: 4, lowPriority: 3 }, errors: [removal] },
      { kind: 'resize', afterMs: 15_000 },
    ],
    [
      'Spot short beside dedicated short: the dedicated error is reported',
      { errors: [spotTimeout, timeout], number: 5 },
      { kind: 'fail', why: 'max-resizes', error: timeout },
    ],
    ['a Spot timeout beside all dedicated', { target: { dedicated: 4, lowPriority: 6 }, errors: [spotTimeout] }, { kind: 'done' }],
    ['the worst of several wins', { errors: [unknown, timeout, spotTimeout, quota] }, { kind: 'fail', why: 'fatal', error: quota }],
    ['one resize at most is one', { maxResizes: 1 }, { kind: 'fail', why: 'max-resizes', error: timeout }],
    [
      'but a Spot quota is reported',
      { target: { dedicated: 4, lowPriority: 6 }, errors: [quota] },
      { kind: 'fail', why: 'fatal', error: quota },
    ],
  ])('%s', (_, change, expected) => {
    expect(decideNext(outcome(change), 0)).toEqual(expected)
  })
})

const errorsOf = fc.array(
  fc
    .constantFrom(...['AllocationTimedout', 'AccountCoreQuotaReached', 'Unknown', 'BrandNewCode', 'RemoveNodesFailed', 'AllocationFailed'])
    .map((code) => classifyResizeError(raw(code, 'Desired number of dedicated nodes could not be allocated'))),
  { maxLength: 3 },
)
const counts = fc.record({ dedicated: fc.nat(20), lowPriority: fc.nat(20) })

test('whatever comes: never over the cap, never after a fatal error, never longer than five minutes', () => {
  const rounds = fc.array(fc.record({ current: counts, errors: errorsOf }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(
      counts,
      fc.integer({ min: 1, max: 50 }),
      rounds,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (target, maxResizes, all, random) => {
        let before = { dedicated: 0, lowPriority: 0 }
        let roundsWithoutGain = 0
        let number = 1
        for (const { current, errors } of all) {
          roundsWithoutGain = cameNearer({ target, before, current }) ? 0 : roundsWithoutGain + 1
          const move = decideNext(
            { target, before, current, errors, number, maxResizes, roundsWithoutGain, minHealthyPercentage: 100 },
            random,
          )
          if (move.kind === 'done') expect(current.dedicated).toBe(target.dedicated)
          if (move.kind !== 'resize') return
          expect(errors.some((error) => error.class === 'fatal')).toBe(false)
          expect(roundsWithoutGain).toBeLessThan(3)
          expect(move.afterMs).toBeGreaterThanOrEqual(Math.min(300_000, 30_000 * 2 ** (number - 1)) / 2)
          expect(move.afterMs).toBeLessThanOrEqual(300_000)
          number += 1
          expect(number).toBeLessThanOrEqual(maxResizes)
          before = current
        }
      },
    ),
  )
})

test.each([
  ['up', 10, { dedicated: 2, lowPriority: 0 }, { dedicated: 3, lowPriority: 0 }, true],
  ['not up', 10, { dedicated: 2, lowPriority: 0 }, { dedicated: 2, lowPriority: 5 }, false],
  ['down', 0, { dedicated: 5, lowPriority: 0 }, { dedicated: 3, lowPriority: 0 }, true],
  ['Spot nodes beyond the target gone', 2, { dedicated: 2, lowPriority: 9 }, { dedicated: 2, lowPriority: 7 }, true],
  ['nodes lost', 10, { dedicated: 5, lowPriority: 0 }, { dedicated: 3, lowPriority: 0 }, false],
])('a resize that came nearer: %s', (_, dedicated, before, current, expected) => {
  expect(cameNearer({ target: { dedicated, lowPriority: 5 }, before, current })).toBe(expected)
})
