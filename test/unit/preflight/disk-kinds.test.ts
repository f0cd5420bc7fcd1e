import { expect, test } from 'vitest'
import type { Disk } from '../../../src/model/compute.ts'
import { checkAll } from '../../../src/preflight/rules.ts'
import { factsOf } from '../../fixtures/rule-examples.ts'

const { vm } = factsOf().observed
const [os, data] = (vm?.disks ?? []) as [Disk, Disk]
const found = (inputs: Readonly<Record<string, string>>, disks: readonly Disk[], ephemeral?: boolean) => {
  const machine = vm?.vm as NonNullable<typeof vm>['vm']
  const osDisk = { ...machine.osDisk, ...(ephemeral && { ephemeral }) }
  return checkAll([factsOf(inputs, { vm: { vm: { ...machine, osDisk }, extensions: [], disks } })])
    .filter(({ severity }) => severity === 'error')
    .map(({ id }) => id)
}
const GENERALIZED = { capture: 'generalized' }

test.each<[string, Record<string, string>, readonly Disk[], boolean, readonly string[]]>([
  ['a data disk on Premium SSD', {}, [os, { ...data, sku: 'Premium_LRS' }], false, []],
  ['an Ultra data disk', {}, [os, { ...data, sku: 'UltraSSD_LRS' }], false, ['disk-kind']],
  ['a Premium SSD v2 data disk', {}, [os, { ...data, sku: 'PremiumV2_LRS' }], false, ['disk-kind']],
  // Azure shows an id of the disk, too: the flag of the VM decides.
  ['an ephemeral OS disk with an id', {}, [os, data], true, ['managed-disks']],
  ['a shared disk', {}, [os, { ...data, maxShares: 3 }], false, ['shared-disk']],
  ['a disk that says it is for one VM', {}, [os, { ...data, maxShares: 1 }], false, []],
  ['the VM itself, and a disk that denies export', GENERALIZED, [os, { ...data, networkAccessPolicy: 'DenyAll' }], false, ['disk-export']],
  ['snapshots of a disk that denies export', {}, [os, { ...data, networkAccessPolicy: 'DenyAll' }], false, []],
  ['the VM itself, with export over private links', GENERALIZED, [os, { ...data, networkAccessPolicy: 'AllowPrivate' }], false, []],
])('%s', (_, inputs, disks, ephemeral, expected) => {
  expect(found(inputs, disks, ephemeral)).toEqual(expected)
})
