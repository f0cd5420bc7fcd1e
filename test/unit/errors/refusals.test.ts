import { expect, test } from 'vitest'
import { refused } from '../../fixtures/refusals.ts'

test('a refusal that no rule knows refers to its own message', () => {
  const { title, hint } = refused('vm', 'Conflict', 'something else')
  expect(title).toBe('Azure refused the request: create it v1 (Conflict)')
  expect(hint).toContain('its message says why')
})

test('a refusal that no rule knows and that is answered with 500 is a temporary failure', () => {
  expect(refused('pool', 'BrandNew', 'x', 500).title).toBe('Azure failed for a while: create it p1 (BrandNew)')
})
