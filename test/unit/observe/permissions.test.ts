/** What a run needs, held against the roles that are shipped. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { byAccount } from '../../../src/config/config.ts'
import { parseConfig } from '../../../src/config/parse-config.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'
import { type Existing, missingActions, neededActions, type Permission } from '../../../src/observe/permissions.ts'

const role = (name: string): Permission => {
  const { Actions, NotActions } = JSON.parse(readFileSync(path.join(import.meta.dirname, `../../../.github/roles/${name}.json`), 'utf8'))
  return { actions: Actions, notActions: NotActions }
}
const MAIN = role('azure-batch-image-pool')
const COPY = role('azure-batch-image-pool-copy')
const SOURCE = role('azure-batch-image-pool-source')
const RESTORE_POINT = role('azure-batch-image-pool-restore-point')

const NOTHING = { gallery: false, definition: false, storageAccounts: [] }
const ACCOUNT = '/subscriptions/1/resourceGroups/v/providers/Microsoft.Storage/storageAccounts/vhds' as ArmId

const needs = (inputs: Readonly<Record<string, string>>, has: Existing = NOTHING) => {
  const given: Readonly<Record<string, string>> = {
    vm: 'golden',
    capture: 'live',
    'subscription-id': '11111111-2222-3333-4444-555555555555',
    'resource-group': 'render',
    'image-name': 'golden',
    gallery: 'farm',
    'batch-account': 'renderfarm',
    'pool-id': 'render',
    'vm-size': 'Standard_D4s_v5',
    'target-dedicated-nodes': '1',
    ...inputs,
  }
  const config = parseConfig({
    input: (name) => given[name] ?? '',
    environment: () => undefined,
    hide: () => undefined,
    file: () => undefined,
  })
  return byAccount(config).flatMap((own) => neededActions(own, has))
}
const missing = (inputs: Readonly<Record<string, string>>, roles: readonly Permission[]): readonly string[] =>
  needs(inputs).flatMap((need) => missingActions(need, [{ scope: need.scope, permissions: roles }]))

test.each<[string, Record<string, string>]>([
  ['a gallery image of a VM', {}],
  ['a VM that is stopped for it', { capture: 'deallocate', 'prepare-script': 'true' }],
  ['a managed image', { 'image-kind': 'managed', gallery: '' }],
  ['retention', { 'retain-versions': '2' }],
  ['a pool that is replaced', { strategy: 'blue-green' }],
])('the first role is enough for %s', (_, inputs) => {
  expect(needs(inputs).length).toBeGreaterThan(1)
  expect(missing(inputs, [MAIN])).toEqual([])
})

test.each<[Record<string, string>, boolean]>([
  [{}, true],
  [{ 'canary-nodes': '0' }, false],
  [{ strategy: 'replace', 'canary-nodes': '0' }, true],
  [{ strategy: 'resize-only' }, false],
])('whoever makes a proof pool must be able to delete it (%o)', (inputs, isAsked) => {
  const actions = needs(inputs).flatMap((need) => need.actions)
  expect(actions.includes('Microsoft.Batch/batchAccounts/pools/delete')).toBe(isAsked)
})

test('a copy needs the second role too, and what deletes the copy is requested before it is made', () => {
  expect(missing({ capture: 'copy' }, [MAIN, COPY])).toEqual([])
  const lacking = missing({ capture: 'copy' }, [MAIN])
  for (const type of ['Compute/disks', 'Compute/virtualMachines', 'Network/virtualNetworks', 'Network/networkInterfaces']) {
    expect(lacking).toContain(`Microsoft.${type}/delete`)
  }
})

test('a restore point needs a role of its own', () => {
  expect(missing({ capture: 'restore-point' }, [MAIN, RESTORE_POINT])).toEqual([])
  expect(missing({ capture: 'restore-point' }, [MAIN])).toContain('Microsoft.Compute/restorePointCollections/delete')
})

test.each([
  ['nothing', NOTHING, 'resourceGroups/render', ['galleries/write', 'galleries/images/write', 'galleries/images/versions/write']],
  ['a gallery', { ...NOTHING, gallery: true }, 'galleries/farm', ['galleries/images/write', 'galleries/images/versions/write']],
  ['a definition', { ...NOTHING, gallery: true, definition: true }, 'galleries/farm/images/golden', ['galleries/images/versions/write']],
] as const)('where there is %s, what is to be made is asked for at the innermost resource, and no more', (_, has, scope, actions) => {
  const need = needs({}, has).find((one) => one.actions.some((action) => /versions/.test(action)))
  expect(need?.scope.endsWith(scope)).toBe(true)
  expect(need?.actions).toEqual(actions.map((action) => `Microsoft.Compute/${action}`))
})

test('what a pool refers to needs rights of its own', () => {
  const group = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/render/providers'
  const identity = `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/nodes`
  const subnet = `${group}/Microsoft.Network/virtualNetworks/farm/subnets/nodes`
  const address = `${group}/Microsoft.Network/publicIPAddresses/one`
  const spec = `identity: { type: UserAssigned, userAssignedIdentities: { "${identity}": {} } }
networkConfiguration: { subnetId: "${subnet}", publicIPAddressConfiguration: { provision: UserManaged, ipAddressIds: ["${address}"] } }`
  const linked = needs({ 'pool-spec': spec }).filter(({ scope }) => [identity, subnet, address].includes(scope))
  expect(linked).toEqual([
    { scope: identity, actions: ['Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'] },
    { scope: subnet, actions: ['Microsoft.Network/virtualNetworks/subnets/join/action'] },
    { scope: address, actions: ['Microsoft.Network/publicIPAddresses/join/action'] },
  ])
})

/** Microsoft's table: source of a gallery version → what its maker needs there. */
test.each<[string, Record<string, string>, readonly string[], readonly string[]]>([
  ['a VM', { capture: 'generalized' }, [], ['Microsoft.Compute/virtualMachines/write']],
  ['a VM, as a managed image', { capture: 'generalized', 'image-kind': 'managed', gallery: '' }, [], []],
  [
    'a snapshot',
    { vm: '', capture: '', snapshots: 'os=ready' },
    [],
    ['Microsoft.Compute/snapshots/write', 'Microsoft.Compute/snapshots/beginGetAccess/action'],
  ],
  [
    'a VHD',
    { vm: '', capture: '', vhd: 'os=https://vhds.blob.core.windows.net/v/os.vhd' },
    [ACCOUNT],
    ['Microsoft.Storage/storageAccounts/write', 'Microsoft.Storage/storageAccounts/listKeys/action'],
  ],
  ['a managed image', { vm: '', capture: '', 'managed-image': 'old' }, [], []],
])('made of %s, a version needs what Microsoft says, and the roles have it', (_, inputs, accounts, actions) => {
  const asked = needs(inputs, { gallery: true, definition: true, storageAccounts: accounts as ArmId[] })
  const ofSource = asked.filter(({ scope }) => /virtualMachines|snapshots|storageAccounts/.test(scope))
  expect(ofSource.flatMap((need) => need.actions)).toEqual(actions)
  expect(ofSource.flatMap((need) => missingActions(need, [{ scope: need.scope, permissions: [MAIN, SOURCE] }]))).toEqual([])
})
