import { describe, expect, test } from 'vitest'
import { type ArmId, isWithin, labelAmong } from '../../../src/model/arm-id.ts'

const account = (name: string, group = 'render', subscription = 's1'): ArmId =>
  `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Batch/batchAccounts/${name}` as ArmId

describe('accounts are distinguished', () => {
  test.each<[string, ArmId, readonly ArmId[], string]>([
    ['by name', account('north'), [account('north'), account('south')], 'north'],
    ['by name, where it is the only one', account('north'), [account('north')], 'north'],
    ['by group where two have one name', account('farm', 'a'), [account('farm', 'a'), account('Farm', 'b')], 'a/farm'],
    [
      'by subscription where groups are alike, too',
      account('farm', 'a', 's1'),
      [account('farm', 'a', 's1'), account('farm', 'A', 's2')],
      's1/a/farm',
    ],
    ['by name, whatever the letter case of its own id', account('farm'), [account('FARM')], 'farm'],
  ])('%s', (_, id, all, expected) => {
    expect(labelAmong(all, id)).toBe(expected)
  })
})

test.each<[string, boolean]>([
  [`${account('north')}/pools/render`, true],
  [`${account('north').toUpperCase()}/POOLS/RENDER`, true],
  [`${account('north2')}/pools/render`, false],
  [account('north'), false],
])('%s is within the account: %s', (id, expected) => {
  expect(isWithin(account('north'), id)).toBe(expected)
})
