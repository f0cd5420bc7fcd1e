/** A pool that cannot grow: what it needs is looked up, and the one that is gone, or may not be read, is named. */
import { expect, test } from 'vitest'
import { GROUP_ID, KEY_VAULT_ID, loadScenario, REGION, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, resizes, testConformance } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const GALLERY = `${GROUP_ID}/providers/Microsoft.Compute/galleries/images`
const VERSION = `${GALLERY}/images/golden/versions/1.0.0`
const SUBNET = `${GROUP_ID}/providers/Microsoft.Network/virtualNetworks/farm/subnets/nodes`
const IDENTITY = `${GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes`
const ADDRESS = `${GROUP_ID}/providers/Microsoft.Network/publicIPAddresses/nodes`
const IMAGE = `${GROUP_ID}/providers/Microsoft.Compute/images/golden-1.0.0`
const SNAPSHOT = `${GROUP_ID}/providers/Microsoft.Compute/snapshots/golden-os`
const SPEC = `
identity: { type: UserAssigned, userAssignedIdentities: { ${IDENTITY}: {} } }
startTask: { commandLine: /opt/mount-data-disks }
networkConfiguration:
  subnetId: ${SUBNET}
  publicIPAddressConfiguration: { provision: UserManaged, ipAddressIds: [${ADDRESS}] }
`
const REMOVED = {
  code: 'AllocationFailed',
  message: 'Desired number of dedicated nodes could not be allocated',
  details: [
    {
      code: 'Reason',
      message: 'There was an error encountered while performing the last resize on the pool. Please try resizing the pool again.',
    },
  ],
}
const IN_SUBSCRIPTION: Scenario['account'] = {
  ...scenario.account,
  poolAllocationMode: 'UserSubscription',
  subscriptionCores: { cores: { limit: 1000, used: 0 } },
}
const FAILING: Partial<Scenario> = { resizes: [{ gain: 10 }, { gain: 0, error: REMOVED }] }

function put(azure: EmbeddedAzure, id: string, properties: object = {}): void {
  const [, type = '', name = ''] = /providers\/(.+)\/([^/]+)$/.exec(id) ?? []
  azure.world.put({ id, name, type, location: REGION, properties: { provisioningState: 'Succeeded', ...properties } })
}

/** A pool of 10 nodes in a subnet, with an identity and a public IP address, of an account with a key vault, on version 1.0.0; growing it will fail. */
async function poolThatCannotGrow(changes: Partial<Scenario> = {}): Promise<EmbeddedAzure> {
  const azure = await azureOf({ ...scenario, ...FAILING, account: IN_SUBSCRIPTION, ...changes })
  put(azure, SUBNET)
  put(azure, ADDRESS)
  put(azure, IDENTITY)
  const ran = await again(azure, { ...scenario.inputs, 'pool-spec': SPEC, 'image-version': '1.0.0' })
  expect(annotations(ran)).toEqual([])
  return azure
}

/** Grows it by two; gives what the annotation says. */
async function grow(azure: EmbeddedAzure): Promise<string> {
  const inputs = { ...scenario.inputs, 'pool-spec': SPEC, strategy: 'resize-only', 'target-dedicated-nodes': '12' }
  const ran = await again(azure, { ...inputs, 'image-version': '1.1.0', rebuild: 'always' })
  expect(ran.exitCode).toBe(1)
  expect(resizes(azure)).toHaveLength(1)
  expect(annotations(ran)).toHaveLength(1)
  return annotations(ran).join()
}

test('the identity of a spec stands beside the properties of the pool', async () => {
  const azure = await poolThatCannotGrow()
  expect(azure.pools.get('render').envelope.identity).toMatchObject({ type: 'UserAssigned', userAssignedIdentities: { [IDENTITY]: {} } })
  expect(azure.pools.get('render').properties).not.toHaveProperty('identity')
})

test.each([
  ['the image version', VERSION, `image version ${VERSION} does not exist`],
  ['the subnet', SUBNET, `subnet ${SUBNET} does not exist`],
  ['the identity', IDENTITY, `managed identity ${IDENTITY} does not exist`],
  ['the public IP address', ADDRESS, `public IP address ${ADDRESS} does not exist`],
  ['the key vault', KEY_VAULT_ID, `key vault of the account ${KEY_VAULT_ID} does not exist`],
])('%s was deleted', async (_, id, expected) => {
  const azure = await poolThatCannotGrow()
  azure.world.delete(id)
  expect(await grow(azure)).toContain(`Resources that the pool needs: ${expected}.`)
})

test('a version that lost its replica in the region of the account', async () => {
  const azure = await poolThatCannotGrow()
  const version = azure.world.get(VERSION)
  if (version) version.properties.publishingProfile.targetRegions = [{ name: 'North Europe', regionalReplicaCount: 1 }]
  expect(await grow(azure)).toContain('image version 1.0.0 has no replica in westeurope, where the account is')
})

test.each([
  ['subnet', SUBNET, 'Microsoft.Network/virtualNetworks/subnets/read'],
  ['public IP address', ADDRESS, 'Microsoft.Network/publicIPAddresses/read'],
  ['managed identity', IDENTITY, 'Microsoft.ManagedIdentity/userAssignedIdentities/read'],
  ['key vault of the account', KEY_VAULT_ID, 'Microsoft.KeyVault/vaults/read'],
])('a %s that may not be read is not called missing', async (what, id, action) => {
  const azure = await poolThatCannotGrow({ denied: [action] })
  const said = await grow(azure)
  expect(said).toContain(`${what} ${id} cannot be read by this identity, so it may be there or not (${action})`)
  expect(said).not.toContain('does not exist')
})

test('the snapshot of a managed image was deleted', async () => {
  const configuration = { imageReference: { id: IMAGE }, nodeAgentSkuId: 'batch.node.ubuntu 24.04' }
  const properties = { vmSize: 'STANDARD_D4S_V5', deploymentConfiguration: { virtualMachineConfiguration: configuration } }
  const azure = await azureOf({
    ...scenario,
    pools: [{ id: 'render', properties, nodes: 10 }],
    resizes: [{ gain: 0, error: REMOVED }],
  })
  put(azure, IMAGE, { storageProfile: { osDisk: { osType: 'Linux', osState: 'Generalized', snapshot: { id: SNAPSHOT } }, dataDisks: [] } })
  const { 'resource-group': group = '', 'batch-account': account = '' } = scenario.inputs
  const inputs = { 'resource-group': group, 'batch-account': account, 'image-id': IMAGE, 'pool-id': 'render', 'vm-size': 'Standard_D4s_v5' }
  const ran = await again(azure, {
    ...inputs,
    'subscription-id': GROUP_ID.split('/')[2] ?? '',
    strategy: 'resize-only',
    'target-dedicated-nodes': '12',
  })
  expect(annotations(ran).join()).toContain(`Resources that the pool needs: its snapshot ${SNAPSHOT} does not exist.`)
  expect(ran.exitCode).toBe(1)
})

testConformance()
