/** The figures below the table of pools, with `show-cost`. */
import { expect, test } from 'vitest'
import type { PoolReport } from '../../../../src/report/run-report.ts'
import { costNote } from '../../../../src/report/summary/cost.ts'
import * as samples from '../../../fixtures/sample-reports.ts'

const [pool] = samples.planned().pools as readonly PoolReport[]
const inRegion = (account: string, region: string, changes: Partial<NonNullable<PoolReport['cost']>> = {}): PoolReport => {
  if (!pool?.cost) throw new Error('the sample has no cost')
  return { ...pool, account, cost: { ...pool.cost, region, ...changes } }
}

test('prices of several regions are named with their region', () => {
  const other = inRegion('north', 'northeurope', { node: { lowPriority: 0.05 } })
  const { source } = costNote([inRegion('west', 'westeurope'), other])
  expect(source).toContain(
    'A dedicated node of Standard&#95;D4s&#95;v5 in westeurope costs USD 0.23 an hour, a Spot node USD 0.0437 at present.',
  )
  expect(source).toContain('A Spot node of Standard&#95;D4s&#95;v5 in northeurope costs USD 0.05 an hour at present.')
})

test('one region needs no name', () => {
  const { source } = costNote([inRegion('west', 'westeurope'), inRegion('second', 'westeurope')])
  expect(source).toContain('A dedicated node of Standard&#95;D4s&#95;v5 costs USD 0.23 an hour, a Spot node USD 0.0437 at present.')
  expect(source).not.toContain('westeurope')
})

test('a pool of several accounts whose cost is not known is named with its account', () => {
  const unknown = { unknown: 'the list could not be read' }
  const { source } = costNote([inRegion('west', 'westeurope'), inRegion('north', 'northeurope', { before: unknown, after: unknown })])
  expect(source).toContain('The cost of `north/render` is not known: the list could not be read.')
})
