import fc from 'fast-check'
import { expect, test } from 'vitest'
import { guidanceMs } from '../../../src/config/resize-timeout.ts'
import { config, GROUP, problems } from '../../fixtures/config-inputs.ts'

test('resize-timeout is at least five minutes, and not longer than the run', () => {
  expect(config({ 'resize-timeout': '90m' }).pool?.requests[0]?.resizeTimeout).toBe('PT1H30M')
  expect(config({ 'resize-timeout': '2h' }).pool?.requests[0]?.resizeTimeout).toBe('PT2H')
  expect(problems({ 'resize-timeout': '4m' })).toEqual([
    'resize-timeout "4m": is out of range (allowed: PT30M, 30m, 1h; 5 min to no limit)',
  ])
  const tooLong = 'resize-timeout "3h": is longer than the `timeout` of the whole run (allowed: at most 120 min, or a longer timeout)'
  expect(problems({ 'resize-timeout': '3h' })).toEqual([tooLong])
  expect(problems({ 'resize-timeout': '3h', timeout: '4h' })).toEqual([])
  expect(problems({ 'resize-timeout': '3h', wait: 'none' })).toEqual([])
})

test('of a resize is by guidance where none is given', () => {
  expect(config({ 'target-dedicated-nodes': '2500' }).pool?.requests[0]?.resizeTimeout).toBe('PT45M')
  expect(config({ 'target-dedicated-nodes': '301', 'image-kind': 'managed' }).pool?.requests[0]?.resizeTimeout).toBe('PT30M')
  const managed = { vm: '', 'image-name': '', gallery: '', 'image-id': `${GROUP}/providers/Microsoft.Compute/images/golden` }
  expect(config({ ...managed, 'target-dedicated-nodes': '301' }).pool?.requests[0]?.resizeTimeout).toBe('PT30M')
  fc.assert(
    fc.property(fc.nat(20_000), fc.nat(20_000), fc.constantFrom('gallery', 'managed'), (one, more, kind) => {
      expect(guidanceMs(one, kind)).toBeGreaterThanOrEqual(15 * 60_000)
      expect(guidanceMs(one + more, kind)).toBeGreaterThanOrEqual(guidanceMs(one, kind))
    }),
  )
})
