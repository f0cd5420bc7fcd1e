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
