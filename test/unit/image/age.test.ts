import { expect, test } from 'vitest'
import { isBehind } from '../../../src/image/age.ts'

const GALLERY = '/subscriptions/1/resourceGroups/render/providers/Microsoft.Compute/galleries/farm/images'
const MANAGED = '/subscriptions/1/resourceGroups/render/providers/Microsoft.Compute/images'
const NEWEST = [`${GALLERY}/golden/versions/1.10.0`, `${GALLERY}/golden/versions/1.9.0`, `${MANAGED}/golden-2026.1123.0`]

test.each<[string, string, boolean]>([
  ['an older version', `${GALLERY}/golden/versions/1.9.0`, true],
  ['the newest version', `${GALLERY}/golden/versions/1.10.0`, false],
  ['the newest version in another case', `${GALLERY.toUpperCase()}/GOLDEN/versions/1.10.0`, false],
  ['a version newer than what this run knows', `${GALLERY}/golden/versions/2.0.0`, false],
  ['an older version of another definition', `${GALLERY}/other/versions/1.0.0`, false],
  ['a definition without a version: always the latest', `${GALLERY}/golden`, false],
  ['an older managed image', `${MANAGED}/golden-2026.1101.0`, true],
  ['the newest managed image', `${MANAGED}/golden-2026.1123.0`, false],
  ['a managed image of another name', `${MANAGED}/golden-arm-2026.1101.0`, false],
  ['a Marketplace image', 'canonical:ubuntu-24_04-lts:server:latest', false],
])('%s', (_, image, expected) => {
  expect(isBehind(image, NEWEST)).toBe(expected)
})
