import { expect, test } from 'vitest'
import { isEncryptedAlike, withEncryption } from '../../../src/image/encryption.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'

const set = (name: string) => `/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/diskEncryptionSets/${name}` as ArmId
const SETS = [
  { region: 'westeurope', id: set('west') },
  { region: 'westeurope', lun: 5, id: set('west-data') },
]
const REGIONS = [
  { name: 'West Europe', replicas: 1 },
  { name: 'northeurope', replicas: 1 },
]

test('a line for a data disk goes before that for its region', () => {
  expect(withEncryption(REGIONS, SETS, [0, 5])).toEqual([
    {
      ...REGIONS[0],
      encryption: {
        osDisk: set('west'),
        dataDisks: [
          { lun: 0, id: set('west') },
          { lun: 5, id: set('west-data') },
        ],
      },
    },
    REGIONS[1],
  ])
})

const made = (osDisk: string, data: string) => [
  { name: 'West Europe', replicas: 1, encryption: { osDisk, dataDisks: [{ lun: 0, id: data }] } },
]
const plain = [{ name: 'westeurope', replicas: 2 }]

test.each([
  ['nothing on either side', plain, plain, true],
  ['letter case', made(set('west').toUpperCase(), set('west')), made(set('west'), set('WEST')), true],
  ['another set', made(set('west'), set('west')), made(set('other'), set('west')), false],
  ['another set for a data disk', made(set('west'), set('west')), made(set('west'), set('other')), false],
  ['keys that were not asked for', made(set('west'), set('west')), plain, false],
  ['no keys where they are asked for', plain, made(set('west'), set('west')), false],
  ['a region that nobody asks for', [...plain, { ...made(set('a'), set('a'))[0], name: 'eastus', replicas: 1 }], plain, true],
])('%s', (_, there, asked, isAlike) => {
  expect(isEncryptedAlike(there, asked)).toBe(isAlike)
})
