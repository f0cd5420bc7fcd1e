import { expect, test } from 'vitest'
import { definitionRequest } from '../../../src/image/definition.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'
import { fitsSecurityType, type ImageTraits } from '../../../src/model/image-traits.ts'
import { factsOf } from '../../fixtures/rule-examples.ts'

const request = (inputs: Readonly<Record<string, string>>, changes: Partial<ImageTraits> = {}) => {
  const { config, imageTraits } = factsOf(inputs)
  const { image } = config
  if (!image || !imageTraits) throw new Error('the example has both')
  const id = `${image.gallery}/images/${image.name}` as ArmId
  return definitionRequest({ id, image, location: 'westeurope', imageTraits: { ...imageTraits, ...changes }, tags: {} })
}

test.each<[Partial<ImageTraits>, object]>([
  [{ generation: 'V2', features: {} }, { SecurityType: 'Standard' }],
  [{ generation: 'V2', features: { SecurityType: 'TrustedLaunch' } }, { SecurityType: 'TrustedLaunch' }],
  [{ generation: 'V1', features: {} }, {}],
])('disks with %j make a definition with features %j', (traits, features) => {
  expect(request({}, traits).features).toEqual(features)
})

test('names of any length that the inputs allow fit Azure, and stay different', () => {
  const long = 'i'.repeat(80)
  const { identifier } = request({ 'image-name': long, gallery: 'g'.repeat(80) })
  const other = request({ 'image-name': `${long.slice(0, 79)}x`, gallery: 'g'.repeat(80) }).identifier
  expect(Math.max(identifier.offer.length, identifier.sku.length)).toBe(64)
  expect(identifier.sku).not.toBe(other.sku)
  expect(request({}).identifier).toEqual({ publisher: 'AzureBatchImagePool', offer: 'images', sku: 'golden' })
})

test.each([
  [undefined, undefined, true],
  ['Standard', undefined, true],
  ['TrustedLaunchSupported', undefined, true],
  ['TrustedLaunchAndConfidentialVmSupported', undefined, true],
  ['TrustedLaunch', undefined, false],
  [undefined, 'TrustedLaunch', false],
  ['TrustedLaunchSupported', 'TrustedLaunch', false],
  ['TrustedLaunch', 'TrustedLaunch', true],
])('a definition with security type %s and disks with %s: %s', (definition, disks, fits) => {
  expect(fitsSecurityType(definition, disks)).toBe(fits)
})
