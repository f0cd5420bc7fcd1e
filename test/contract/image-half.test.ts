/** The image half as the world has it: one row for each thing that people have or Azure says, and what the action makes of it. */
import { expect, test } from 'vitest'
import { withoutNulls } from '../../src/azure/null-members.ts'
import { byAccount } from '../../src/config/config.ts'
import { AzureError } from '../../src/errors/azure-error.ts'
import { explain } from '../../src/errors/explanation.ts'
import { sysprepCause } from '../../src/errors/sysprep.ts'
import { definitionRequest } from '../../src/image/definition.ts'
import { GENERALIZE } from '../../src/image/generalize.ts'
import { nextVersion } from '../../src/image/names.ts'
import type { ArmId } from '../../src/model/arm-id.ts'
import type { Disk } from '../../src/model/compute.ts'
import { fitsSecurityType } from '../../src/model/image-traits.ts'
import type { Observed } from '../../src/observe/observed.ts'
import { existingIn, neededActions } from '../../src/observe/permissions.ts'
import { checkAll } from '../../src/preflight/rules.ts'
import { config, problems, SUBSCRIPTION } from '../fixtures/config-inputs.ts'
import { factsOf } from '../fixtures/rule-examples.ts'

const { vm } = factsOf().observed
const [os, data] = (vm?.disks ?? []) as [Disk, Disk]
const MANAGED = { 'image-kind': 'managed', gallery: '' }
const ITSELF = { capture: 'generalized' }
const KEY = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/render/providers/Microsoft.Compute/diskEncryptionSets/farm'

/** Ids of the errors before the first write. */
function refusedBy(inputs: Readonly<Record<string, string>>, disks: readonly Disk[], more: Partial<Observed> = {}): readonly string[] {
  if (!vm) throw new Error('the example has a VM')
  const findings = checkAll([factsOf(inputs, { vm: { ...vm, disks }, ...more })])
  return findings.filter(({ severity }) => severity === 'error').map(({ id }) => id)
}

function ephemeral(): readonly string[] {
  if (!vm) throw new Error('the example has a VM')
  const machine = { ...vm.vm, osDisk: { ...vm.vm.osDisk, ephemeral: true } }
  return checkAll([factsOf({}, { vm: { ...vm, vm: machine } })]).flatMap(({ id, severity }) => (severity === 'error' ? [id] : []))
}

const adviceFor = (code: string, message: string) => {
  const body = { error: { code, message } }
  const resourceId = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/snapshots/s1'
  return explain(new AzureError({ operation: 'create snapshot', resourceId, method: 'PUT', url: resourceId, status: 409, body }))
}

const imageTraits = { osType: 'Linux', generation: 'V2', architecture: 'x64', features: {} } as const
const LONG = 'g'.repeat(80)
const definition = () =>
  definitionRequest({
    id: `/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/${LONG}/images/${LONG}` as ArmId,
    image: { ...(config({}).image as NonNullable<ReturnType<typeof config>['image']>), name: LONG },
    location: 'westeurope',
    imageTraits,
    tags: {},
  })

const VHD = { vm: '', 'os-type': 'Linux', 'hyper-v-generation': 'V2' }
const ACCOUNT = `/subscriptions/${SUBSCRIPTION}/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/packer`
const actionsOn = (part: RegExp, inputs: Readonly<Record<string, string>>, found: Parameters<typeof existingIn>[0] = {}) =>
  byAccount(config(inputs))
    .flatMap((own) => neededActions(own, existingIn(found)))
    .flatMap(({ scope, actions }) => (part.test(scope) ? actions : []))

test.each<[string, string, () => unknown, unknown]>([
  ['10', 'an Ultra data disk', () => refusedBy({}, [os, { ...data, sku: 'UltraSSD_LRS' }]), ['disk-kind']],
  ['10', 'a Premium SSD v2 data disk', () => refusedBy({}, [os, { ...data, sku: 'PremiumV2_LRS' }]), ['disk-kind']],
  ['10', "an ephemeral OS disk, by the VM's own flag", ephemeral, ['managed-disks']],
  ['10', 'a disk that denies export, itself', () => refusedBy(ITSELF, [os, { ...data, networkAccessPolicy: 'DenyAll' }]), ['disk-export']],
  ['10', 'a disk that denies export, by snapshot', () => refusedBy({}, [os, { ...data, networkAccessPolicy: 'DenyAll' }]), []],
  ['10', 'a managed image of Arm64', () => refusedBy(MANAGED, [{ ...os, architecture: 'Arm64' }, data]), ['managed-image-architecture']],
  ['10', 'a shared disk', () => refusedBy({}, [os, { ...data, maxShares: 2 }]), ['shared-disk']],
  ['11', 'keys without a set', () => refusedBy({}, [{ ...os, diskEncryptionSetId: KEY }, data]), ['customer-managed-keys']],
  [
    '11',
    'keys with a set for every region',
    () => refusedBy({ 'disk-encryption-sets': `westeurope=${KEY}` }, [{ ...os, diskEncryptionSetId: KEY }, data]),
    [],
  ],
  ['11', 'keys, and the VM itself', () => refusedBy(ITSELF, [{ ...os, diskEncryptionSetId: KEY }, data]), ['customer-managed-keys-vm']],
  [
    '12',
    'one blob for two disks',
    () => problems({ ...VHD, vhd: 'os=https://a.blob.core.windows.net/c/os.vhd\n0=https://a.blob.core.windows.net/c/os.vhd' }).length,
    1,
  ],
  [
    '12',
    'what a VHD needs on its account',
    () =>
      actionsOn(
        /storageAccounts/,
        { ...VHD, vhd: 'os=https://packer.blob.core.windows.net/c/os.vhd' },
        { storageAccounts: [{ id: ACCOUNT }] },
      ),
    ['Microsoft.Storage/storageAccounts/write', 'Microsoft.Storage/storageAccounts/listKeys/action'],
  ],
  ['12', 'what a VM as source needs', () => actionsOn(/virtualMachines/, ITSELF), ['Microsoft.Compute/virtualMachines/write']],
  [
    '12',
    'what keys need',
    () => actionsOn(/diskEncryptionSets/, { 'disk-encryption-sets': `westeurope=${KEY}` }),
    ['Microsoft.Compute/diskEncryptionSets/read'],
  ],
  ['13', 'a definition says Standard', () => definition().features.SecurityType, 'Standard'],
  ['13', 'offer and SKU have 64 characters', () => [definition().identifier.offer.length, definition().identifier.sku.length], [64, 64]],
  ['13', 'an existing …Supported definition takes standard disks', () => fitsSecurityType('TrustedLaunchSupported', undefined), true],
  ['13a', 'null is absent', () => withoutNulls('{"value":null,"tags":null,"a":[null,{"b":null}]}'), '{"value":[],"a":[{}]}'],
  ['14', 'Run Command is cleaned up, Linux', () => /Microsoft\.CPlat\.Core\.RunCommand/.test(GENERALIZE.Linux), true],
  ['14', 'Run Command is cleaned up, Windows', () => /C:\\Packages\\Plugins/.test(GENERALIZE.Windows), true],
  ['14', 'Sysprep shows its logs', () => /setuperr\.log.*setupact\.log/s.test(GENERALIZE.Windows), true],
  [
    '14',
    'a usual cause of Sysprep',
    () => sysprepCause('SYSPRP Package Microsoft.X was installed for a user, but not provisioned') !== undefined,
    true,
  ],
  [
    '15',
    'cores of the copy',
    () =>
      refusedBy({ capture: 'copy' }, [os, data], {
        vm: {
          ...(vm as NonNullable<typeof vm>),
          vm: { ...(vm as NonNullable<typeof vm>).vm, vmSize: 'Standard_D4s_v5', statuses: ['PowerState/running'] },
        },
        copyRoom: {
          usages: [{ name: 'standardDSv5Family', currentValue: 8, limit: 10 }],
          sizes: [{ name: 'Standard_D4s_v5', familyName: 'standardDSv5Family', capabilities: { vCPUs: '4' } }],
        },
      }),
    ['copy-cores'],
  ],
  ['15', 'too many snapshots of a disk', () => adviceFor('SnapshotCountExceeded', 'too many').title.includes('napshot'), true],
  [
    '15',
    'snapshots too fast',
    () => adviceFor('SnapshotOperationRateExceeded', 'too fast').hint === adviceFor('SnapshotCountExceeded', 'x').hint,
    false,
  ],
  [
    '15',
    'a provider that is not registered',
    () => refusedBy({}, [os, data], { unregistered: [{ subscriptionId: 's', namespace: 'Microsoft.Compute', state: 'NotRegistered' }] }),
    ['resource-providers'],
  ],
  ['16', 'cloud-init forgets the golden VM', () => /cloud-init clean --logs/.test(GENERALIZE.Linux), true],
  ['E', 'soft-deleted versions keep their numbers', () => nextVersion(new Date('2026-11-23T10:00:00Z'), ['2026.1123.0']), '2026.1123.1'],
  [
    'E',
    'a soft-deleted version that is asked for',
    () => refusedBy({ 'image-version': '1.0.0' }, [os, data], { softDeletedVersions: ['1.0.0'] }),
    ['image-version-soft-deleted'],
  ],
])('%s: %s', (_, __, actual, expected) => {
  expect(actual()).toEqual(expected)
})
