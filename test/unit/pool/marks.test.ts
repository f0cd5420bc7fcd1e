/** What runs note on a pool for later runs. */
import { expect, test } from 'vitest'
import { lastStateOf, writeMark } from '../../../src/pool/marks.ts'
import { OLD, pool } from '../../fixtures/pools.ts'

test('a formula too long for metadata is left out of the mark, not the image', () => {
  const large = pool(OLD, { scaleSettings: { autoScale: { formula: 'x'.repeat(5_000) } } })
  expect(writeMark(lastStateOf(large)).length).toBeLessThan(2_000)
  expect(JSON.parse(writeMark(lastStateOf(large)))).toMatchObject({ imageReference: { id: OLD }, scaleSettings: {} })
})
