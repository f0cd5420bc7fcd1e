/** The one annotation of a run. */
import { expect, test } from 'vitest'
import { failureIn } from '../../../src/report/annotation.ts'
import type { PoolReport } from '../../../src/report/run-report.ts'

const error = { title: 'Start task failed', message: '0 of 4 nodes are healthy', hint: 'Correct the start task.' }
const pool = (name: string, account: string, failure?: typeof error) =>
  ({ name, account, ...(failure && { error: failure }) }) as unknown as PoolReport

test.each<[string, readonly PoolReport[], string]>([
  ['the only pool', [pool('render', 'west', error)], error.message],
  ['one of several', [pool('render', 'west', error), pool('preview', 'west')], `render: ${error.message}`],
  ['one of two of the same id', [pool('render', 'west'), pool('render', 'north', error)], `north/render: ${error.message}`],
])('names the pool that failed where it is not clear: %s', (_, pools, message) => {
  expect(failureIn({ error, pools })?.message).toBe(message)
})

test('what names its pools is left as it is', () => {
  const both = { ...error, message: `render: ${error.message}\npreview: ${error.message}` }
  const pools = [pool('render', 'west', error), pool('preview', 'west', error)]
  expect(failureIn({ error: both, pools })).toBe(both)
  const named = { ...error, message: 'pool render has 0 nodes' }
  expect(failureIn({ error: named, pools: [pool('render', 'west', named), pool('preview', 'west')] })).toBe(named)
})
