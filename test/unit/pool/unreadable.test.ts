import { expect, test } from 'vitest'
import { isUnreadable } from '../../../src/pool/unreadable.ts'

const REGISTRY = { registryServer: 'r.azurecr.io', username: 'u' }
const BY_IDENTITY = { registryServer: 'r.azurecr.io', identityReference: { resourceId: '/i' } }
const extension = (type: string | undefined, settings?: unknown) => [{ name: 'e', publisher: 'p', ...(type && { type }), settings }]

/** As Azure gives them back, and whether a request that repeats them is sure to lose nothing. */
test.each<[string, string, unknown, boolean]>([
  ['user accounts', 'userAccounts', [{ name: 'u' }], true],
  ['no user accounts', 'userAccounts', [], false],
  ['a mount with a key', 'mountConfiguration', [{ azureFileShareConfiguration: { accountName: 'a' } }], true],
  ['an NFS mount', 'mountConfiguration', [{ nfsMountConfiguration: { source: 's' } }], false],
  ['a registry with a password', 'vm.containerConfiguration', { containerRegistries: [REGISTRY] }, true],
  ['a registry with an identity', 'vm.containerConfiguration', { containerRegistries: [BY_IDENTITY] }, false],
  ['the registry of a start task', 'startTask', { containerSettings: { imageName: 'i', registry: REGISTRY } }, true],
  ['a start task', 'startTask', { commandLine: 'x' }, false],
  ['an extension that needs a key', 'vm.extensions', extension('OmsAgentForLinux'), true],
  ['an extension that nobody knows', 'vm.extensions', extension('Custom'), true],
  ['an extension without a type', 'vm.extensions', extension(undefined), true],
  ['the Key Vault extension', 'vm.extensions', extension('KeyVaultForLinux'), false],
  ['the Key Vault extension in another letter case', 'vm.extensions', extension('keyvaultforwindows'), false],
  ['a known and an unknown extension', 'vm.extensions', [...extension('KeyVaultForLinux'), ...extension('Custom')], true],
  ['the monitoring agent', 'vm.extensions', extension('AzureMonitorLinuxAgent', { proxy: { mode: 'none' } }), false],
  ['the same behind a proxy with a password', 'vm.extensions', extension('AzureMonitorLinuxAgent', { proxy: { auth: 'true' } }), true],
  ['the same with settings as text', 'vm.extensions', extension('AzureMonitorLinuxAgent', '{"proxy":{"auth":true}}'), true],
  ['no extensions', 'vm.extensions', [], false],
  ['a subnet', 'networkConfiguration', { subnetId: '/s' }, false],
])('%s', (_, member, value, expected) => {
  expect(isUnreadable(member, value)).toBe(expected)
})
