import { expect, test } from 'vitest'
import { FEATURES } from './features.ts'
import { hold } from './matrix.ts'
import { necessityCases, type Recorded, recordFeature, sufficiencyCases } from './permission.ts'

test('permission: the shipped roles', async () => {
  const recorded: Recorded[] = []
  for (const feature of FEATURES) {
    const one = await recordFeature(feature)
    // Only a diagnosis and a cancelled run end red.
    expect(
      one.asOwner.exitCodes.slice(0, -1).every((code) => code === 0),
      `${feature.name}: ${one.asOwner.errors}`,
    ).toBe(true)
    recorded.push(one)
  }
  await hold('permission', 'the roles suffice', sufficiencyCases(recorded), 4)
  await hold('permission', 'every entry is needed', necessityCases(recorded), 8)
})
