import fc from 'fast-check'
import { test } from 'vitest'
import { explain } from '../../../src/errors/explanation.ts'

test('anything thrown is explained', () => {
  fc.assert(fc.property(fc.anything(), (thrown) => explain(thrown).title.length > 0))
})
