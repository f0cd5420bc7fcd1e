import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isoDuration, parseDurationMs, showDuration, showTimeBetween } from '../../../src/model/duration.ts'

const MINUTE_MS = 60_000

describe('a duration', () => {
  test.each<[string, number | undefined]>([
    ['PT30M', 30],
    ['30m', 30],
    ['1h', 60],
    ['1H30M', 90],
    ['90s', 1.5],
    ['PT0.5H', 30],
    ['P1DT1H', 1_500],
    ['P1W', 10_080],
    ['0m', 0],
    ['', undefined],
    ['30', undefined],
    ['m', undefined],
    ['P', undefined],
    ['PT', undefined],
    ['P1M', undefined],
    ['P1Y', undefined],
    ['-PT5M', undefined],
    ['30 m', undefined],
    ['1h 30m', undefined],
    ['30min', undefined],
  ])('%j', (text, minutes) => {
    expect(parseDurationMs(text)).toBe(minutes === undefined ? undefined : minutes * MINUTE_MS)
  })

  test('goes to Azure and back unchanged, to the second', () => {
    fc.assert(fc.property(fc.nat(1_000_000), (seconds) => parseDurationMs(isoDuration(seconds * 1_000)) === seconds * 1_000))
  })

  test('is ISO 8601', () => {
    expect([0, 15, 90, 1_500].map((minutes) => isoDuration(minutes * MINUTE_MS))).toEqual(['PT0S', 'PT15M', 'PT1H30M', 'PT25H'])
  })

  test('no text breaks the parser', () => {
    fc.assert(fc.property(fc.string(), (text) => (parseDurationMs(text) ?? 0) >= 0))
  })
})

test.each([
  [0, '0 s'],
  [45_000, '45 s'],
  [59_600, '1 min'],
  [190_000, '3 min 10 s'],
  [3_600_000, '1 h'],
  [3_900_000, '1 h 5 min'],
])('%i ms are shown as %s', (ms, shown) => {
  expect(showDuration(ms)).toBe(shown)
})

test('a time between two instants is never negative', () => {
  expect(showTimeBetween('2026-11-24T10:00:00Z', '2026-11-26T13:00:00Z')).toBe('2 d 3 h')
  expect(showTimeBetween('2026-11-24T10:00:01Z', '2026-11-24T10:00:00Z')).toBe('0 s')
})
