/** Which pools are proof pools, of whom, and which of them were abandoned. */
import { describe, expect, test } from 'vitest'
import type { Pool } from '../../../src/model/batch.ts'
import { MARKS } from '../../../src/pool/marks.ts'
import { abandonedProofs, isProofOfRun, proofName, provenBy } from '../../../src/pool/proof-pools.ts'

const NOW = new Date('2026-11-23T10:00:00Z')
const RUN = '4711 2026-11-23T09:58:00.000Z'

const proof = (name: string, of: string, more: Partial<Pool['properties']> = {}): Pool => ({
  id: `/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/a/pools/${name}`,
  name,
  etag: 'e',
  properties: {
    provisioningState: 'Succeeded',
    allocationState: 'Steady',
    allocationStateTransitionTime: '2026-11-23T03:00:00Z',
    currentDedicatedNodes: 1,
    currentLowPriorityNodes: 0,
    creationTime: '2026-11-23T09:00:00Z',
    metadata: [
      { name: MARKS.proofOf, value: of },
      { name: MARKS.proofRun, value: 'dead' },
    ],
    ...more,
  },
})

test('a long id is shortened to what Batch takes', () => {
  expect(proofName('p'.repeat(64))).toBe(`${'p'.repeat(58)}-proof`)
  expect(proofName('render')).toBe('render-proof')
})

describe('a proof pool', () => {
  test.each<[string, Pool, readonly string[], boolean]>([
    ['of a pool asked for', proof('render-proof', 'render'), ['render'], true],
    ['of another pool, an hour old', proof('render-proof', 'render'), ['other'], false],
    [
      'of another pool, older than any run',
      proof('render-proof', 'render', { creationTime: '2026-11-23T03:59:00Z', allocationStateTransitionTime: '2026-11-23T03:59:30Z' }),
      ['other'],
      true,
    ],
    ['whose age nobody knows', proof('render-proof', 'render', { creationTime: '', allocationStateTransitionTime: '' }), ['other'], false],
    ['on its way out', proof('render-proof', 'render', { provisioningState: 'Deleting' }), ['render'], false],
    ['a clone under another name', proof('mine', 'render'), ['render', 'mine'], false],
  ])('leftovers: %s', (_, found, names, isLeft) => {
    expect(abandonedProofs([found], names, NOW)).toEqual(isLeft ? [found] : [])
  })

  test('is believed only with the mark, and of a run only with its token', () => {
    expect(provenBy(proof('render-proof', 'render'))).toBe('render')
    expect(provenBy(proof('render-proof', 'other'))).toBeUndefined()
    expect(isProofOfRun(proof('render-proof', 'render'), 'dead')).toBe(true)
    expect(isProofOfRun(proof('render-proof', 'render'), RUN)).toBe(false)
  })
})
