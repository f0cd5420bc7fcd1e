/** For every preflight rule, facts that it objects to: the README shows its answer, a test asks it. */
import type { Facts } from '../../src/checks/facts.ts'
import { parseConfig } from '../../src/config.ts'
import type { Observed } from '../../src/observed.ts'
import type { Disk, ImageDefinition, Pool, Snapshot, SupportedImage, VirtualMachine } from '../../src/ports.ts'
import { sourceContent } from '../../src/source-content.ts'

const SUBSCRIPTION = '00000000-0000-0000-0000-000000000000'
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/render`
const NOW = new Date('2026-11-23T10:00:00Z')
const idOf = (type: string, name: string): string => `${GROUP}/providers/Microsoft.Compute/${type}/${name}`

const INPUTS: Readonly<Record<string, string>> = {
  'subscription-id': SUBSCRIPTION,
  'resource-group': 'render',
  vm: 'golden',
  'image-name': 'golden',
  gallery: 'images',
  'batch-account': 'renderbatch',
  'pool-id': 'render',
  'vm-size': 'Standard_D4s_v5',
  'target-dedicated-nodes': '10',
  'pool-spec': 'startTask: { commandLine: /opt/mount-data-disks }',
}

const osDisk: Disk = {
  id: idOf('disks', 'golden-os'),
  name: 'golden-os',
  location: 'westeurope',
  diskSizeGB: 30,
  osType: 'Linux',
  hyperVGeneration: 'V2',
  architecture: 'x64',
}
const dataDisk: Disk = { id: idOf('disks', 'golden-data'), name: 'golden-data', location: 'westeurope', diskSizeGB: 64 }

const machine: VirtualMachine = {
  id: idOf('virtualMachines', 'golden'),
  name: 'golden',
  location: 'westeurope',
  imageReference: { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server' },
  osType: 'Linux',
  osDisk: { name: osDisk.name, managedDiskId: osDisk.id, caching: 'ReadWrite' },
  dataDisks: [{ name: dataDisk.name, lun: 0, managedDiskId: dataDisk.id, caching: 'None' }],
  statuses: ['OSState/generalized', 'PowerState/deallocated'],
  tags: {},
}

const supported: SupportedImage = {
  nodeAgentSkuId: 'batch.node.ubuntu 24.04',
  imageReference: { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server' },
  osType: 'Linux',
  verificationType: 'verified',
}

const account: NonNullable<Observed['account']> = {
  id: `${GROUP}/providers/Microsoft.Batch/batchAccounts/renderbatch`,
  name: 'renderbatch',
  location: 'westeurope',
  accountEndpoint: 'renderbatch.westeurope.batch.azure.com',
  poolAllocationMode: 'BatchService',
  dedicatedCoreQuota: 500,
  poolQuota: 100,
}

const definition: ImageDefinition = {
  id: idOf('galleries', 'images/images/golden'),
  name: 'golden',
  location: 'westeurope',
  provisioningState: 'Succeeded',
  osType: 'Linux',
  osState: 'Generalized',
  hyperVGeneration: 'V2',
  architecture: 'x64',
  features: {},
  tags: {},
}

const OBSERVED: Observed = {
  account,
  vm: { vm: machine, extensions: [], disks: [osDisk, dataDisk] },
  versions: [],
  images: [],
  snapshots: [],
  pools: [],
  supportedImages: [supported],
  vmSizes: [{ name: 'Standard_D4s_v5', familyName: 'standardDSv5Family', capabilities: { vCPUs: '4', HyperVGenerations: 'V1,V2' } }],
}

const vm = (changes: Partial<VirtualMachine>, disks: readonly Disk[] = [osDisk, dataDisk]): Partial<Observed> => ({
  vm: { vm: { ...machine, ...changes }, extensions: [], disks },
})
const running = vm({ statuses: ['OSState/generalized', 'PowerState/running'] })
const plenty = { account: { ...account, dedicatedCoreQuota: 100_000 } }
const trustedLaunch: Disk = { ...osDisk, securityType: 'TrustedLaunch' }
const snapshot: Snapshot = { ...osDisk, id: idOf('snapshots', 'golden'), name: 'golden', provisioningState: 'Succeeded', tags: {} }

const { dedicatedCoreQuota: _quota, ...withoutQuota } = account
const userSubscription: typeof account = { ...withoutQuota, poolAllocationMode: 'UserSubscription' }
const withNetwork = (network: string): string => `startTask: { commandLine: mount }\nnetworkConfiguration: { ${network} }`

/** A pool of Standard_D4s_v5 on another image. */
export const poolOf = (name: string, nodes: number, changes: Partial<Pool['properties']> = {}): Pool => ({
  id: `${account.id}/pools/${name}`,
  name,
  etag: 'W/"0x1"',
  properties: {
    provisioningState: 'Succeeded',
    allocationState: 'Steady',
    allocationStateTransitionTime: '2026-11-22T03:00:00Z',
    vmSize: 'STANDARD_D4S_V5',
    currentDedicatedNodes: nodes,
    currentLowPriorityNodes: 0,
    ...changes,
  },
})

/** The facts of a run with these inputs in a world with these changes; without any, no rule objects. */
export function factsOf(
  inputs: Readonly<Record<string, string>> = {},
  changes: Partial<Observed> | readonly (keyof Observed)[] = {},
): Facts {
  const given = { ...INPUTS, ...inputs }
  const config = parseConfig({ input: (name) => given[name] ?? '', environment: () => undefined, file: () => undefined })
  const observed = { ...OBSERVED, ...(Array.isArray(changes) ? {} : changes) } as { -readonly [name in keyof Observed]: Observed[name] }
  if (Array.isArray(changes)) for (const name of changes) delete observed[name as 'vm']
  const content = sourceContent(config.source, observed)
  return { config, observed, now: NOW, ...(content && { content, derived: content.derived }) }
}

const MANAGED = { 'image-kind': 'managed', gallery: '' }
/** A managed image is never without the news of its retirement. */
export const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  'managed-image-region': ['managed-image-retired'],
  'managed-image-trusted-launch': ['managed-image-retired'],
  'managed-image-per-pool': ['managed-image-retired'],
  'managed-image-pool-size': ['managed-image-retired'],
}
const AGENT = { 'node-agent-sku-id': supported.nodeAgentSkuId }

export const RULE_EXAMPLES: Readonly<Record<string, Facts>> = {
  'vm-exists': factsOf({}, ['vm']),
  'capture-generalized': factsOf({ capture: 'generalized' }, vm({ statuses: ['PowerState/deallocated'] })),
  'prepare-script-vm-runs': factsOf({ 'prepare-script': 'apt-get upgrade' }),
  'snapshots-exist': factsOf({ vm: '', snapshots: 'os=golden', ...AGENT }, { sourceSnapshots: [] }),
  'managed-image-exists': factsOf({ vm: '', 'managed-image': 'golden', ...AGENT }, ['vm']),
  'vhd-storage-account': factsOf({ vm: '', vhd: 'os=https://golden.blob.core.windows.net/vhds/os.vhd', ...AGENT }, ['vm']),
  'managed-disks': factsOf({}, vm({ osDisk: { name: 'golden-os', caching: 'None', vhdUri: 'https://example.com/os.vhd' } })),
  'vm-extensions': factsOf(
    {},
    {
      vm: {
        vm: machine,
        extensions: [{ name: 'AADSSHLogin', publisher: 'Microsoft.Azure', type: 'AADSSHLogin' }],
        disks: [osDisk, dataDisk],
      },
    },
  ),
  'disk-encryption': factsOf({}, vm({}, [{ ...osDisk, encryptionSettingsEnabled: true }, dataDisk])),
  'data-disk-size': factsOf({}, vm({}, [osDisk, { ...dataDisk, diskSizeGB: 2_048 }])),
  generalized: factsOf({}, vm({ statuses: ['PowerState/deallocated'] })),
  'running-source': factsOf({}, running),
  'managed-image-retired': factsOf(MANAGED),
  'managed-image-region': factsOf(MANAGED, vm({ location: 'northeurope' })),
  'managed-image-trusted-launch': factsOf(MANAGED, vm({}, [trustedLaunch, dataDisk])),
  'managed-image-per-pool': factsOf({
    ...MANAGED,
    'pool-id': '',
    'pool-spec': '- { id: one, startTask: { commandLine: mount } }\n- { id: two, startTask: { commandLine: mount } }',
  }),
  'gallery-region': factsOf({}, vm({ location: 'northeurope' })),
  'definition-matches': factsOf({}, { definition: { ...definition, hyperVGeneration: 'V1' } }),
  'account-exists': factsOf({}, ['account']),
  'node-agent-sku': factsOf({}, { supportedImages: [] }),
  'image-end-of-life': factsOf({}, { supportedImages: [{ ...supported, batchSupportEndOfLife: '2027-06-30T00:00:00Z' }] }),
  'vm-size': factsOf({ 'vm-size': 'Standard_A1' }),
  'data-disks-mounted': factsOf({ 'pool-id': '', 'pool-spec': 'id: render\nvmSize: Standard_D4s_v5' }),
  'purchase-plan': factsOf({}, vm({ plan: { publisher: 'acme', product: 'linux', name: 'pro' } })),
  'confidential-vm': factsOf({}, vm({ securityType: 'ConfidentialVM' })),
  'node-agent-os': factsOf({ 'node-agent-sku-id': 'batch.node.windows amd64' }),
  'image-subscription': factsOf({
    'batch-account':
      '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/render/providers/Microsoft.Batch/batchAccounts/renderbatch',
  }),
  'managed-image-pool-size': factsOf({ ...MANAGED, 'target-dedicated-nodes': '3000' }, plenty),
  'inter-node-pool-size': factsOf(
    {
      'target-dedicated-nodes': '200',
      'pool-spec': 'vmSize: Standard_D4s_v5\ninterNodeCommunication: Enabled\nstartTask: { commandLine: mount }',
    },
    plenty,
  ),
  'public-ip-pool-size': factsOf(
    {
      'target-dedicated-nodes': '101',
      'pool-spec': withNetwork('publicIPAddressConfiguration: { provision: UserManaged, ipAddressIds: [/subscriptions/s/ip] }'),
    },
    plenty,
  ),
  'inbound-nat-pools': factsOf({
    'pool-spec': withNetwork(
      'endpointConfiguration: { inboundNatPools: [{ name: ssh, protocol: TCP, backendPort: 22, frontendPortRangeStart: 1, frontendPortRangeEnd: 99 }] }',
    ),
  }),
  'task-slots': factsOf({ 'pool-spec': 'taskSlotsPerNode: 17\nstartTask: { commandLine: mount }' }),
  'disk-encryption-configuration': factsOf({
    'pool-spec':
      'startTask: { commandLine: mount }\ndeploymentConfiguration: { virtualMachineConfiguration: { diskEncryptionConfiguration: { targets: [OsDisk] } } }',
  }),
  'pool-quota-blue-green': factsOf({ strategy: 'blue-green' }, { account: { ...account, poolQuota: 1 }, pools: [poolOf('render', 0)] }),
  'subscription-quota': factsOf({}, { account: { ...userSubscription } }),
  'pool-quota': factsOf({}, { account: { ...account, poolQuota: 0 } }),
  'resize-timeout': factsOf({ 'resize-timeout': '10m' }),
  'core-quota': factsOf({ 'target-dedicated-nodes': '200' }),
}

/** The same facts with sources that are there. */
export const FACTS_WITHOUT_OBJECTION: Readonly<Record<string, Facts>> = {
  'a stopped, generalized VM': factsOf(),
  'a ready snapshot': factsOf({ vm: '', snapshots: 'os=golden', ...AGENT }, { sourceSnapshots: [snapshot] }),
}
