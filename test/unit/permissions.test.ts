/** What a run needs, held against the roles that are shipped. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { missingActions, neededActions, type Permission } from '../../src/permissions.ts'

const role = (name: string): Permission => {
  const { Actions, NotActions } = JSON.parse(readFileSync(path.join(import.meta.dirname, `../../.github/roles/${name}.json`), 'utf8'))
  return { actions: Actions, notActions: NotActions }
}
const MAIN = role('azure-batch-image-pool')
const COPY = role('azure-batch-image-pool-copy')

const needs = (inputs: Readonly<Record<string, string>>) => {
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
  return neededActions(parseConfig({ input: (name) => given[name] ?? '', environment: () => undefined, file: () => undefined }), {
    gallery: false,
  })
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
