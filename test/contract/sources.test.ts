/** The embedded Azure is a witness: what it refuses is known from somewhere outside of this project, or listed as not yet. */
import { expect, test } from 'vitest'
import { EMBEDDED_AZURE_README, read, withUnsourced } from '../tools/generated.ts'
import { refusals } from '../tools/sources.ts'

test('refusals are found, and most have a source', () => {
  const all = refusals()
  expect(all.length).toBeGreaterThan(60)
  expect(all.filter(({ hasSource }) => hasSource).length).toBeGreaterThan(all.length / 2)
})

test('the README of the embedded Azure lists those without a source, as `npm run docs` writes it', () => {
  expect(read(EMBEDDED_AZURE_README)).toBe(withUnsourced())
})
