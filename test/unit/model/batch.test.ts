import { expect, test } from 'vitest'
import { imageOf } from '../../../src/model/batch.ts'
import { NEW, pool } from '../../fixtures/pools.ts'

test.each([
  [pool(NEW), NEW],
  [
    pool('', {
      deploymentConfiguration: {
        virtualMachineConfiguration: { imageReference: { publisher: 'p', offer: 'o', sku: 's', version: 'latest' } },
      },
    }),
    'p:o:s:latest',
  ],
])('the image of a pool is an id, or that of the Marketplace', (seen, expected) => {
  expect(imageOf(seen)).toBe(expected)
})
