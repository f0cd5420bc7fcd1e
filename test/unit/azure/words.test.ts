import { expect, test } from 'vitest'
import { toPool } from '../../../src/azure/batch/batch.ts'
import { toVersion, toVirtualMachine } from '../../../src/azure/compute/model.ts'
import { stateWord } from '../../../src/azure/words.ts'

test.each([
  ['succeeded', 'Succeeded'],
  ['STEADY', 'Steady'],
  ['Completed', 'Completed'],
  ['', ''],
])('%s is %s', (word, expected) => {
  expect(stateWord(word)).toBe(expected)
})

test('states of what Azure gives count in any letter case', () => {
  const version = toVersion({
    location: 'westeurope',
    provisioningState: 'succeeded',
    replicationStatus: { summary: [{ region: 'West Europe', state: 'COMPLETED' }] },
  } as never)
  expect(version).toMatchObject({ provisioningState: 'Succeeded', replication: [{ state: 'Completed' }] })
  const vm = toVirtualMachine({ location: 'westeurope', instanceView: { statuses: [{ code: 'PowerState/Running' }] } } as never)
  expect(vm.statuses).toEqual(['PowerState/running'])
  const pool = toPool({
    id: '/p',
    name: 'p',
    etag: 'e',
    properties: { allocationState: 'steady', provisioningState: 'SUCCEEDED', vmSize: 'A' },
  } as never)
  expect(pool.properties).toEqual({ allocationState: 'Steady', provisioningState: 'Succeeded', vmSize: 'A' })
})

test('an answer without a body says nothing, and breaks nothing', () => {
  expect(toPool({} as never).properties).toEqual({})
})
