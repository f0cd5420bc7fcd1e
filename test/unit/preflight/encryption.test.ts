import { expect, test } from 'vitest'
import type { Disk } from '../../../src/model/compute.ts'
import { checkAll } from '../../../src/preflight/rules.ts'
import { factsOf } from '../../fixtures/rule-examples.ts'

const { vm } = factsOf().observed
const [os, data] = (vm?.disks ?? []) as [Disk, Disk]
const SUBSCRIPTION = '/subscriptions/00000000-0000-0000-0000-000000000000'
const WEST = `${SUBSCRIPTION}/resourceGroups/render/providers/Microsoft.Compute/diskEncryptionSets/west`
const NORTH = WEST.replace('west', 'north')
const FOREIGN = WEST.replace(SUBSCRIPTION, '/subscriptions/99999999-0000-0000-0000-000000000000')
const KEYED = [{ ...os, diskEncryptionSetId: WEST }, data]
const PLAIN = [os, data]
const ITSELF = { capture: 'generalized' }
const lines = (...all: readonly string[]) => ({ 'disk-encryption-sets': all.join('\n') })
const NORTH_TOO = { 'target-regions': 'northeurope' }

/** Ids of the findings, and what they saw. */
function found(
  inputs: Readonly<Record<string, string>>,
  disks: readonly Disk[],
  there: Readonly<Record<string, string>> = { [WEST]: 'westeurope' },
) {
  if (!vm) throw new Error('the example has a VM')
  const encryptionSets = new Map(
    [WEST, NORTH, FOREIGN].map((id) => [id.toLowerCase(), there[id] ? { id, location: there[id] } : undefined]),
  )
  return checkAll([factsOf(inputs, { vm: { ...vm, disks }, encryptionSets })])
    .filter(({ id }) => /key|encryption/.test(id))
    .filter(({ id }) => id !== 'customer-managed-keys-nodes')
}

test.each<[string, Record<string, string>, readonly Disk[], readonly string[]]>([
  ['no keys, no sets', {}, PLAIN, []],
  ['keys, and a set for every region', lines(`westeurope=${WEST}`), KEYED, []],
  ['keys, and no set', {}, KEYED, ['customer-managed-keys']],
  ['keys of a data disk only, and no set', {}, [os, { ...data, diskEncryptionSetId: WEST }], ['customer-managed-keys']],
  ['keys, and a region without a set', { ...NORTH_TOO, ...lines(`westeurope=${WEST}`) }, KEYED, ['customer-managed-keys']],
  ['keys, and the VM itself', { ...ITSELF, ...lines(`westeurope=${WEST}`) }, KEYED, ['customer-managed-keys-vm']],
  ['keys, the VM itself, and no set', ITSELF, KEYED, ['customer-managed-keys-vm']],
  ['sets for the VM itself without keys', { ...ITSELF, ...lines(`westeurope=${WEST}`) }, PLAIN, ['customer-managed-keys-vm']],
  ['keys, and a managed image', { 'image-kind': 'managed', gallery: '' }, KEYED, ['customer-managed-keys']],
  ['sets for a source without keys', lines(`westeurope=${WEST}`), PLAIN, []],
  ['a set for some of the regions, without keys', { ...NORTH_TOO, ...lines(`westeurope=${WEST}`) }, PLAIN, ['disk-encryption-sets-unused']],
  ['a set of another region', lines(`westeurope=${NORTH}`), KEYED, ['disk-encryption-set']],
  ['a set of another subscription', lines(`westeurope=${FOREIGN}`), KEYED, ['disk-encryption-set']],
  ['a LUN that is not there', lines(`westeurope=${WEST}`, `westeurope/7=${WEST}`), KEYED, ['disk-encryption-sets-unused']],
  [
    'a region that is not a target',
    lines(`westeurope=${WEST}`, `northeurope=${NORTH}`),
    KEYED,
    ['disk-encryption-set', 'disk-encryption-sets-unused'],
  ],
])('%s', (_, inputs, disks, expected) => {
  expect(found(inputs, disks).map(({ id }) => id)).toEqual(expected)
})

test('the regions without a set are named, with the lines to add', () => {
  const [finding] = found({ ...NORTH_TOO, ...lines(`westeurope=${WEST}`) }, KEYED)
  expect(finding?.seen).toContain('names none for northeurope')
  expect(finding?.fix).toContain('`northeurope=<id>`')
})
