import { expect, test } from 'vitest'
import { readLedger } from '../../../src/run/ledger-state.ts'

const ID = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/golden'
const entry = { id: ID, kind: 'startVm' }
const whole = JSON.stringify(entry)

test.each<[string, string, number, number]>([
  ['nothing', '', 0, 0],
  ['an empty list', '[]', 0, 0],
  ['a whole list', `[${whole}]`, 1, 0],
  ['a list that breaks off in its second entry', `[${whole},{"id":"/subs`, 1, 1],
  ['a list with an entry of no known kind', `[${whole},{"id":"${ID}","kind":"nonsense"}]`, 1, 1],
  ['a list with an id of nothing', `[{"id":"nonsense","kind":"snapshot"},${whole}]`, 1, 1],
  ['no JSON at all', 'half a', 0, 1],
])('%s', (_, saved, entries, damaged) => {
  const ledger = readLedger(saved)
  expect(ledger.entries).toEqual(Array.from({ length: entries }, () => entry))
  expect(ledger.damaged).toHaveLength(damaged)
})
