import { describe, expect, test } from 'vitest'
import { ageInDays, changedEndOfLife, endOfLifeOf, reasonToRefresh } from '../../../src/image/freshness.ts'

const NOW = new Date('2026-11-24T00:00:00Z')
const WEEK = { olderThanMs: 7 * 86_400_000 }

describe('rebuild', () => {
  test.each<[string | undefined, Parameters<typeof reasonToRefresh>[1], RegExp | undefined]>([
    ['2026-11-01T00:00:00Z', 'auto', undefined],
    ['2026-11-17T00:00:00Z', WEEK, undefined],
    ['2026-11-16T23:59:59Z', WEEK, /1.0.0 is 7 days old, more than 7 days/],
    ['2026-11-25T00:00:00Z', WEEK, undefined],
    [undefined, WEEK, /unknown how old/],
    ['no date', WEEK, /unknown how old/],
  ])('published %s, %j: %s', (publishedDate, rebuild, reason) => {
    const found = reasonToRefresh({ name: '1.0.0', ...(publishedDate && { publishedDate }) }, rebuild, NOW)
    if (reason) expect(found).toMatch(reason)
    else expect(found).toBeUndefined()
  })
})

test.each<[string, string | undefined, number | undefined]>([
  ['an hour ago', '2026-11-23T23:00:00Z', 0],
  ['a day ago, to the second', '2026-11-23T00:00:00Z', 1],
  ['not quite two days ago', '2026-11-22T00:00:01Z', 1],
  ['in the future: new', '2026-12-24T00:00:00Z', 0],
  ['no date', undefined, undefined],
  ['no date at all', 'soon', undefined],
])('the age of what was published %s', (_, publishedDate, days) => {
  expect(ageInDays(publishedDate, NOW)).toBe(days)
})

describe('end of life', () => {
  const after = { afterMs: 10 * 86_400_000 }
  test.each<[string, string | undefined, Parameters<typeof endOfLifeOf>[1], string | undefined]>([
    ['none asked for', '2026-11-24T00:00:00Z', undefined, undefined],
    ['an age', '2026-11-24T00:00:00Z', after, '2026-12-04T00:00:00.000Z'],
    ['an age of a version without a date', undefined, after, undefined],
    ['a date', undefined, { date: '2027-01-01T00:00:00.000Z' }, '2027-01-01T00:00:00.000Z'],
  ])('%s', (_, publishedDate, endOfLife, expected) => {
    expect(endOfLifeOf(publishedDate, endOfLife)).toBe(expected)
  })

  test.each([
    [undefined, '2026-12-04T00:00:00.000Z'],
    ['2026-12-04T08:00:00Z', undefined],
    ['2027-12-04T00:00:00Z', '2026-12-04T00:00:00.000Z'],
  ])('of a version that has %s becomes %s', (endOfLifeDate, expected) => {
    const version = { publishedDate: '2026-11-24T00:00:00Z', ...(endOfLifeDate && { endOfLifeDate }) }
    expect(changedEndOfLife(version, after)).toBe(expected)
  })
})
