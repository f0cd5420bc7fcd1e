/** Disks that no image is made of: Azure refuses them, and the action does before its first write. */
import { describe, expect, test } from 'vitest'
import { loadScenario, type ScenarioVm } from '../embedded-azure/scenarios/scenario.ts'
import { annotations, run, testConformance, writes } from '../fixtures/whole-runs.ts'

const { vm } = loadScenario('happy')
const [first] = vm.dataDisks
const withData = (kind: object): Partial<ScenarioVm> => ({ dataDisks: [{ ...first, lun: 0, sizeGiB: 64, ...kind }] })
const GENERALIZED = { capture: 'generalized' }
const MANAGED = { 'image-kind': 'managed', gallery: '' }
const KEY = { diskEncryptionSetId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/diskEncryptionSets/farm' }

describe.each<[string, Record<string, string>, Partial<ScenarioVm>, RegExp]>([
  ['an Ultra disk', {}, withData({ sku: 'UltraSSD_LRS' }), /golden-data0 is an Ultra disk/],
  ['a Premium SSD v2 disk', {}, withData({ sku: 'PremiumV2_LRS' }), /golden-data0 is a Premium SSD v2 disk/],
  ['an ephemeral OS disk', {}, { osDisk: { isEphemeral: true } }, /golden-os is an ephemeral OS disk/],
  ['a shared disk', {}, withData({ maxShares: 2 }), /golden-data0 can be attached to 2 VMs/],
  ['a disk that denies export', GENERALIZED, withData({ networkAccessPolicy: 'DenyAll' }), /golden-data0 denies every export/],
  ["a customer's key", {}, { osDisk: KEY }, /golden-os is encrypted with a customer-managed key/],
  ["a customer's key, the VM itself", GENERALIZED, { osDisk: KEY }, /its disks are encrypted with customer-managed keys/],
  ['Arm64 in a managed image', MANAGED, { architecture: 'Arm64' }, /the disks are of Arm64/],
])('%s', (_, inputs, changes, seen) => {
  test('is refused, and nothing is written', async () => {
    const ran = await run('happy', inputs, { vm: { ...vm, ...changes } })
    expect(annotations(ran)[0]).toMatch(seen)
    expect(writes(ran.azure)).toEqual([])
  })
})

test('snapshots of a disk that denies export are free to become an image', async () => {
  const ran = await run('happy', {}, { vm: { ...vm, ...withData({ networkAccessPolicy: 'DenyAll' }) } })
  expect(annotations(ran)).toEqual([])
})

testConformance()
