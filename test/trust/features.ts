/** What the README documents, each in the shortest run that does it: what the shipped roles are held against. */
import { GROUP_ID, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { FLOWS, type Flow, imageOnly } from './flows.ts'

export interface Feature extends Flow {
  /** Each after the other; default: the flow's inputs. */
  readonly steps: readonly Readonly<Record<string, string>>[]
  readonly prepare?: (azure: EmbeddedAzure) => void
  /** The last step is cancelled while the pool resizes. */
  readonly isCancelled?: boolean
}

const { create, inPlace, smokeTest, whenHealthy, fleet, managed, deallocate, copy, restorePoint, blueGreen } = FLOWS
const NETWORK = `${GROUP_ID}/providers/Microsoft.Network/virtualNetworks/nodes`
const SUBNET = `${NETWORK}/subnets/default`
const IDENTITY = `${GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes`
const ADDRESS = `${GROUP_ID}/providers/Microsoft.Network/publicIPAddresses/nodes`
const withPublicAddress = {
  'pool-spec': `networkConfiguration: { publicIPAddressConfiguration: { provision: UserManaged, ipAddressIds: [${ADDRESS}] } }`,
}
const withSubnet = { 'pool-spec': `networkConfiguration: { subnetId: ${SUBNET} }` }
const withIdentity = { 'pool-spec': `identity: { type: UserAssigned, userAssignedIdentities: { ${IDENTITY}: {} } }` }
const autoScale = `scaleSettings:
  autoScale: { formula: "$TargetDedicatedNodes = 6;", evaluationInterval: PT5M }`

function feature(
  name: string,
  flow: Flow,
  steps: readonly Readonly<Record<string, string>>[] = [{}],
  more: { readonly scenario?: Partial<Scenario>; readonly prepare?: Feature['prepare']; readonly isCancelled?: boolean } = {},
): Feature {
  const { prepare, isCancelled } = more
  return {
    name,
    scenario: { ...flow.scenario, ...more.scenario },
    inputs: flow.inputs,
    steps: steps.map((step) => ({ ...flow.inputs, ...step })),
    ...(prepare && { prepare }),
    ...(isCancelled && { isCancelled }),
  }
}

const putNetwork = ({ world }: EmbeddedAzure): void => {
  const at = { location: 'westeurope', properties: { provisioningState: 'Succeeded' } }
  world.put({ ...at, id: NETWORK, name: 'nodes', type: 'Microsoft.Network/virtualNetworks' })
  world.put({ ...at, id: SUBNET, name: 'default', type: 'Microsoft.Network/virtualNetworks/subnets' })
}
const putIdentity = ({ world }: EmbeddedAzure): void => {
  world.put({
    id: IDENTITY,
    name: 'nodes',
    type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
    location: 'westeurope',
    properties: { provisioningState: 'Succeeded' },
  })
}
const putPublicAddress = ({ world }: EmbeddedAzure): void => {
  world.put({
    id: ADDRESS,
    name: 'nodes',
    type: 'Microsoft.Network/publicIPAddresses',
    location: 'westeurope',
    properties: { provisioningState: 'Succeeded' },
  })
}
const putInGroup =
  (type: string, name: string) =>
  ({ world }: EmbeddedAzure): void => {
    const properties = { provisioningState: 'Succeeded' }
    world.put({ id: `${GROUP_ID}/providers/${type}/${name}`, name, type, location: 'westeurope', properties })
  }
const putStorageAccount = putInGroup('Microsoft.Storage/storageAccounts', 'packerout')
const putScaleSet = putInGroup('Microsoft.Compute/virtualMachineScaleSets', 'web')

const vhd = {
  ...imageOnly,
  vm: '',
  vhd: 'os=https://packerout.blob.core.windows.net/images/os.vhd',
  'os-type': 'Linux',
  'hyper-v-generation': 'V2',
}

const UNALLOCATED = {
  resizes: [{ gain: 0, error: { code: 'AllocationFailed', message: 'Desired number of dedicated nodes could not be allocated' } }],
}

const USER_SUBSCRIPTION: Partial<Scenario> = {
  account: {
    ...create.scenario.account,
    poolAllocationMode: 'UserSubscription',
    subscriptionCores: { cores: { limit: 10_000, used: 0 } },
  },
}

export const FEATURES: readonly Feature[] = [
  feature('main flow', create),
  feature('strategy: in-place', inPlace),
  feature('pools of several accounts', fleet),
  feature('autoscale', inPlace, [
    { 'pool-spec': autoScale, 'target-dedicated-nodes': '', 'resize-timeout': '' },
    { rebuild: 'always', 'image-version': '1.1.0' },
  ]),
  feature('smoke-test', smokeTest),
  feature('disk-encryption-sets, latest: when-healthy', whenHealthy),
  feature('strategy: replace', inPlace, [{ strategy: 'replace' }]),
  feature('strategy: blue-green', blueGreen),
  feature('image-kind: managed', managed),
  feature('retain-versions, managed', managed, [
    { 'image-version': '1.0.0' },
    { 'image-version': '1.1.0', rebuild: 'always' },
    { mode: 'prune', 'retain-versions': '1', 'batch-account': 'renderbatch' },
  ]),
  feature(
    'retain-versions',
    create,
    [
      { ...imageOnly, 'image-version': '1.0.0' },
      { ...imageOnly, 'image-version': '1.1.0', rebuild: 'always' },
      { mode: 'prune', 'retain-versions': '1' },
    ],
    { prepare: putScaleSet },
  ),
  feature('capture: deallocate', deallocate),
  feature('prepare-script', deallocate, [{ 'prepare-script': 'echo patched' }]),
  feature('capture: copy', copy),
  feature('capture: restore-point', restorePoint),
  feature('capture: generalized', create, [{ ...imageOnly, capture: 'generalized' }]),
  feature('snapshots', managed, [
    { 'image-version': '1.0.0' },
    { vm: '', gallery: 'images', 'image-kind': 'gallery', snapshots: 'os=golden-1.0.0-os' },
  ]),
  feature('vhd', create, [vhd], { prepare: putStorageAccount }),
  feature('managed-image', managed, [
    { 'image-version': '1.0.0' },
    { vm: '', gallery: 'images', 'image-kind': 'gallery', 'managed-image': 'golden-1.0.0' },
  ]),
  feature('pool in a virtual network', create, [withSubnet], { prepare: putNetwork }),
  feature('pool with a managed identity', create, [withIdentity], { prepare: putIdentity }),
  feature('diagnosis of a pool in a virtual network', create, [withSubnet], { prepare: putNetwork, scenario: UNALLOCATED }),
  feature('diagnosis of a pool with a managed identity', create, [withIdentity], { prepare: putIdentity, scenario: UNALLOCATED }),
  feature('diagnosis of a pool with a public IP address', create, [withPublicAddress], {
    prepare: putPublicAddress,
    scenario: UNALLOCATED,
  }),
  feature('user subscription mode', create, [{}], { scenario: USER_SUBSCRIPTION }),
  feature('diagnosis in user subscription mode', create, [{}], { scenario: { ...USER_SUBSCRIPTION, ...UNALLOCATED } }),
  feature('on-cancel: stop-resize', create, [{ 'on-cancel': 'stop-resize' }], { isCancelled: true }),
]
