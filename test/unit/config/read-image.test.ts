import { describe, expect, test } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import { config, problems } from '../../fixtures/config-inputs.ts'

test.each([
  ['1.0.0', true],
  ['2026.1124.0', true],
  ['1.0.2026112401', true],
  ['2147483647.0.0', true],
  ['AUTO', true],
  ['2147483648.0.0', false],
  ['1.0', false],
  ['1.0.0.0', false],
  ['v1.0.0', false],
  ['1.0.0-rc', false],
  ['latest', false],
])('image-version %s', (version, isTaken) => {
  const refused = [`image-version "${version}": is not a valid version (allowed: auto or Major.Minor.Patch; each part at most 2147483647)`]
  expect(problems({ 'image-version': version })).toEqual(isTaken ? [] : refused)
})

describe('regions', () => {
  test.each<[string, Config['image'] extends infer I ? (I extends { targetRegions: infer R } ? R : never) : never]>([
    ['westeurope', [{ name: 'westeurope' }]],
    ['West Europe=2', [{ name: 'West Europe', replicas: 2 }]],
    ['West Europe = 2 / standard_zrs', [{ name: 'West Europe', replicas: 2, storageAccountType: 'Standard_ZRS' }]],
    ['a=1\r\nb', [{ name: 'a', replicas: 1 }, { name: 'b' }]],
  ])('%j', (text, expected) => {
    expect(config({ 'target-regions': text }).image?.targetRegions).toEqual(expected)
  })

  test.each(['west-europe', 'a=0', 'a=101', 'a=two', 'a=1/Fast_LRS', 'a/Standard_LRS', '=1'])('%s is refused', (line) => {
    expect(problems({ 'target-regions': line })).toEqual([
      `target-regions "${line}": has a line that is not a region (allowed: region[=replicas[/storage-type]]; 1 to 100 replicas; Standard_LRS, Standard_ZRS, Premium_LRS, PremiumV2_LRS)`,
    ])
  })
})

const SET = '/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/diskEncryptionSets/west'

describe('disk-encryption-sets', () => {
  const read = (lines: string) => config({ 'disk-encryption-sets': lines }).image?.encryptionSets
  test.each<[string, unknown]>([
    ['', []],
    [`westeurope=${SET}`, [{ region: 'westeurope', id: SET }]],
    [`West Europe = ${SET}`, [{ region: 'westeurope', id: SET }]],
    [
      `westeurope=${SET}\nwesteurope/5=${SET}2`,
      [
        { region: 'westeurope', id: SET },
        { region: 'westeurope', lun: 5, id: `${SET}2` },
      ],
    ],
  ])('%j', (lines, expected) => {
    expect(read(lines)).toEqual(expected)
  })
  test('a name is one in the resource group', () => {
    expect(read('westeurope=west')?.[0]?.id).toMatch(/\/diskEncryptionSets\/west$/)
  })
  test.each([
    ['westeurope', 'a line that is not key=value (allowed: region=<disk encryption set id>'],
    [`westeurope/os=${SET}`, 'neither a region nor a data disk'],
    [`westeurope/64=${SET}`, 'neither a region nor a data disk'],
    ['westeurope=/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/disks/west', 'not a resource id of type'],
    [`westeurope=${SET}\nWest Europe=${SET}2`, 'more than one line for the same disks'],
    [`westeurope/5=${SET}`, 'the region needs one of its own'],
  ])('%j is refused', (lines, seen) => {
    const found = problems({ 'disk-encryption-sets': lines })
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(seen)
  })
})

describe('life cycle', () => {
  const DAY_MS = 86_400_000
  test.each<[string, unknown]>([
    ['auto', 'auto'],
    ['ALWAYS', 'always'],
    ['7d', { olderThanMs: 7 * DAY_MS }],
    ['36h', { olderThanMs: 1.5 * DAY_MS }],
    ['P1W', { olderThanMs: 7 * DAY_MS }],
  ])('rebuild: %s', (rebuild, expected) => {
    expect(config({ rebuild }).image?.rebuild).toEqual(expected)
  })

  test.each<[string, unknown]>([
    ['90d', { afterMs: 90 * DAY_MS }],
    ['2027-03-31', { date: '2027-03-31T00:00:00.000Z' }],
  ])('end-of-life: %s', (text, expected) => {
    expect(config({ 'end-of-life': text }).image?.endOfLife).toEqual(expected)
  })

  test.each<[Readonly<Record<string, string>>, string]>([
    [{ rebuild: 'sometimes' }, 'rebuild'],
    [{ rebuild: '0d' }, 'rebuild'],
    [{ 'end-of-life': 'soon' }, 'end-of-life'],
    [{ 'end-of-life': '2027-13-31' }, 'end-of-life'],
    [{ 'end-of-life': '2027-02-30' }, 'end-of-life'],
    [{ latest: 'when-healthy', wait: 'steady' }, 'latest'],
    [{ replication: 'shallow', 'target-regions': 'northeurope' }, 'target-regions'],
    [{ replication: 'shallow', replicas: '2' }, 'replicas'],
    [{ latest: 'when-healthy', 'image-kind': 'managed', gallery: '' }, 'latest'],
    [{ latest: 'sometimes' }, 'latest'],
    [{ latest: 'when-healthy', wait: 'none' }, 'latest'],
    [
      { latest: 'when-healthy', 'batch-account': '', 'pool-id': '', 'vm-size': '', 'target-dedicated-nodes': '', 'pool-spec': '' },
      'latest',
    ],
    [{ 'disk-encryption-sets': `westeurope=${SET}`, 'image-kind': 'managed', gallery: '' }, 'disk-encryption-sets'],
    [{ replication: 'shallow', 'image-kind': 'managed', gallery: '' }, 'replication'],
    [{ 'end-of-life': '90d', 'image-kind': 'managed', gallery: '' }, 'end-of-life'],
  ])('%j is refused', (given, input) => {
    expect(problems(given).map((problem) => problem.split(' ')[0])).toEqual([input])
  })
})
