import fc from 'fast-check'
import { describe, test } from 'vitest'
import { nextDelayMs, PACES } from '../../../src/azure/pace.ts'

describe('waiting', () => {
  const delay = fc.record({ waited: fc.nat(10_000_000), asked: fc.option(fc.nat(600), { nil: undefined }) })
  test.each(Object.entries(PACES))('for a %s keeps its pace, and is never shorter than Azure asks', (_, pace) => {
    fc.assert(
      fc.property(delay, ({ waited, asked }) => {
        const ms = nextDelayMs(pace, waited, asked)
        return ms >= pace.firstMs && ms >= (asked ?? 0) * 1_000 && ms <= Math.max(pace.longestMs, (asked ?? 0) * 1_000)
      }),
    )
  })

  test('grows with the time waited', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(1_000_000), (one, more) => {
        return nextDelayMs(PACES.vm, one, undefined) <= nextDelayMs(PACES.vm, one + more, undefined)
      }),
    )
  })
})
