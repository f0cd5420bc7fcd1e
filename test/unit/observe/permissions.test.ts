/** What a run needs, held against the roles that are shipped. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse-config.ts'
import { missingActions, neededActions, type Permission } from '../../../src/observe/permissions.ts'

const role = (name: string): Permission => {
  const { Actions, NotActions } = JSON.parse(readFileSync(path.join(import.meta.dirname, `../../../.github/roles/${name}.json`), 'utf8'))
  return { actions: Actions, notActions: NotActions }
}
const MAIN = role('azure-batch-image-pool')
const COPY = role('azure-batch-image-pool-copy')

const NOTHING = { gallery: false, definition: false }

const needs = (inputs: Readonly<Record<string, string>>, has: Parameters<typeof neededActions>[1] = NOTHING) => {
  const given: Readonly<Record<string, string>> = {
    vm: 'golden',
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
  return neededActions(
    parseConfig({ input: (name) => given[name] ?? '', environment: () => undefined, hide: () => undefined, file: () => undefined }),
    has,
  )
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

test('a copy needs the second role too, and what deletes the copy is asked for before it is made', () => {
  expect(missing({ capture: 'copy' }, [MAIN, COPY])).toEqual([])
  const lacking = missing({ capture: 'copy' }, [MAIN])
  for (const type of ['Compute/disks', 'Compute/virtualMachines', 'Network/virtualNetworks', 'Network/networkInterfaces']) {
    expect(lacking).toContain(`Microsoft.${type}/delete`)
  }
})

test.each([
  ['nothing', NOTHING, 'resourceGroups/render', ['galleries/write', 'galleries/images/write', 'galleries/images/versions/write']],
  ['a gallery', { gallery: true, definition: false }, 'galleries/farm', ['galleries/images/write', 'galleries/images/versions/write']],
  ['a definition', { gallery: true, definition: true }, 'galleries/farm/images/golden', ['galleries/images/versions/write']],
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
