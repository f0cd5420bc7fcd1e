/** For every preflight rule, facts that it objects to: the README shows its answer, a test asks it. */
import { parseConfig } from '../../src/config/parse-config.ts'
import { imageTraitsOf, sourceContent } from '../../src/image/source.ts'
import { TAGS } from '../../src/image/tags.ts'
import type { ArmId } from '../../src/model/arm-id.ts'
import type { Pool } from '../../src/model/batch.ts'
import type { SupportedImage } from '../../src/model/batch-service.ts'
import type { Disk, ImageDefinition, ImageVersion, ManagedImage, Snapshot, VirtualMachine } from '../../src/model/compute.ts'
import type { Observed } from '../../src/observe/observed.ts'
import type { Facts } from '../../src/preflight/facts.ts'

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

const version: ImageVersion = {
  id: `${definition.id}/versions/1.0.0`,
  name: '1.0.0',
  location: 'westeurope',
  provisioningState: 'Succeeded',
  targetRegions: [{ name: 'West Europe', replicas: 1 }],
  replication: [{ region: 'West Europe', state: 'Completed', progress: 100 }],
  sourceIds: [],
  tags: {
    [TAGS.tool]: 'azure-batch-image-pool',
    [TAGS.image]: 'golden',
    [TAGS.version]: '1.0.0',
    [TAGS.source]: machine.id,
    [TAGS.fingerprint]: 'of-another-time',
  },
}
const managedImage: ManagedImage = {
  id: idOf('images', 'golden-1.0.0'),
  name: 'golden-1.0.0',
  location: 'westeurope',
  provisioningState: 'Succeeded',
  osType: 'Linux',
  hyperVGeneration: 'V2',
  osState: 'Generalized',
  sourceIds: [],
  tags: {},
}

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
  const imageTraits = imageTraitsOf(content, observed)
  return { config, observed, now: NOW, ...(content && { content }), ...(imageTraits && { imageTraits }) }
}

const MANAGED = { 'image-kind': 'managed', gallery: '' }
/** A managed image is never without the news of its retirement. */
export const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  'managed-image-region': ['managed-image-retired'],
  'managed-image-trusted-launch': ['managed-image-retired'],
  'managed-image-unique': ['managed-image-retired'],
  'managed-image-pool-size': ['managed-image-retired'],
  'managed-image-pool-size-advised': ['managed-image-retired'],
  'managed-image-nat-pools': ['managed-image-retired'],
  'managed-image-allocation-mode': ['managed-image-retired'],
  'os-disk-size': ['managed-image-retired'],
  'image-version-region': ['image-version-older'],
  // The two subscriptions are told of as well.
  'same-tenant': ['image-subscription'],
  'batch-provider-registered': ['image-subscription'],
}
const AGENT = { 'node-agent-sku-id': supported.nodeAgentSkuId }
const GIVEN = { ...AGENT, vm: '', 'image-name': '', gallery: '' }
const onlyGiven: Partial<Observed> = { vm: undefined as never }
const OTHER = '11111111-1111-4111-8111-111111111111'
const ELSEWHERE = { 'batch-account': `/subscriptions/${OTHER}/resourceGroups/render/providers/Microsoft.Batch/batchAccounts/renderbatch` }
const configured = (text: string): string => `deploymentConfiguration: { virtualMachineConfiguration: { ${text} } }`

export const RULE_EXAMPLES: Readonly<Record<string, Facts>> = {
  'vm-exists': factsOf({}, ['vm']),
  'capture-generalized': factsOf({ capture: 'generalized' }, vm({ statuses: ['PowerState/deallocated'] })),
  'vm-is-stopping': factsOf({ capture: 'deallocate' }, vm({ statuses: ['OSState/generalized', 'PowerState/deallocating'] })),
  'prepare-script-vm-runs': factsOf({ 'prepare-script': 'apt-get upgrade' }),
  'snapshots-exist': factsOf({ vm: '', snapshots: 'os=golden', ...AGENT }, { sourceSnapshots: [] }),
  'managed-image-exists': factsOf({ vm: '', 'managed-image': 'golden', ...AGENT }, ['vm']),
  'vhd-storage-account': factsOf({ vm: '', vhd: 'os=https://golden.blob.core.windows.net/vhds/os.vhd', ...AGENT }, ['vm']),
  'managed-disks': factsOf({}, vm({ osDisk: { name: 'golden-os', caching: 'ReadWrite', vhdUri: 'https://example.com/os.vhd' } })),
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
  'managed-image-unique': factsOf(
    { ...GIVEN, 'image-id': managedImage.id },
    {
      ...onlyGiven,
      pools: [
        poolOf('other', 0, { deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { id: managedImage.id } } } }),
      ],
      givenImage: { kind: 'managed', image: managedImage },
    },
  ),
  'managed-image-allocation-mode': factsOf(
    { ...GIVEN, 'image-id': managedImage.id },
    { ...onlyGiven, givenImage: { kind: 'managed', image: { ...managedImage, sourceVirtualMachineId: idOf('virtualMachines', 'pkrvm') } } },
  ),
  'managed-image-nat-pools': factsOf({
    ...MANAGED,
    'pool-spec':
      'startTask: { commandLine: mount }\nnetworkConfiguration: { endpointConfiguration: { inboundNatPools: [{ name: app, protocol: TCP, backendPort: 8080, frontendPortRangeStart: 15000, frontendPortRangeEnd: 15100 }] } }',
  }),
  'image-id-exists': factsOf({ ...GIVEN, 'image-id': version.id }, onlyGiven),
  'image-id-generalized': factsOf(
    { ...GIVEN, 'image-id': version.id },
    { ...onlyGiven, givenImage: { kind: 'gallery', version, definition: { ...definition, osState: 'Specialized' } } },
  ),
  'image-id-region': factsOf(
    { ...GIVEN, 'image-id': version.id },
    {
      ...onlyGiven,
      givenImage: { kind: 'gallery', version: { ...version, targetRegions: [{ name: 'North Europe', replicas: 1 }] }, definition },
    },
  ),
  'os-disk-size': factsOf(MANAGED, vm({}, [{ ...osDisk, diskSizeGB: 2_048 }, dataDisk])),
  'os-disk-caching': factsOf({}, vm({ osDisk: { ...machine.osDisk, caching: 'ReadOnly' } })),
  'definition-features': factsOf({}, { definition, ...vm({}, [{ ...osDisk, diskControllerTypes: 'SCSI, NVMe' }, dataDisk]) }),
  'image-version-taken': factsOf({ 'image-version': '1.0.0' }, { versions: [{ ...version, tags: {} }] }),
  'image-version-older': factsOf({ 'image-version': '1.0.0' }, { versions: [version] }),
  'image-version-region': factsOf(
    { 'image-version': '1.0.0' },
    { versions: [{ ...version, targetRegions: [{ name: 'North Europe', replicas: 1 }] }] },
  ),
  'snapshot-name-taken': factsOf(
    { 'image-version': '1.0.0' },
    { snapshots: [{ ...snapshot, id: idOf('snapshots', 'golden-1.0.0-os'), name: 'golden-1.0.0-os' }] },
  ),
  'image-support-ended': factsOf({}, { supportedImages: [{ ...supported, batchSupportEndOfLife: '2026-06-30T00:00:00Z' }] }),
  'same-tenant': factsOf(ELSEWHERE, { imageSubscription: { isBatchRegistered: true, tenantId: SUBSCRIPTION, accountTenantId: OTHER } }),
  'batch-provider-registered': factsOf(ELSEWHERE, { imageSubscription: { isBatchRegistered: false } }),
  permissions: factsOf(
    {},
    { permissions: [{ scope: GROUP as ArmId, permissions: [{ actions: ['*'], notActions: ['Microsoft.Compute/snapshots/write'] }] }] },
  ),
  'pool-security-type': factsOf({
    'pool-spec': `startTask: { commandLine: mount }\n${configured('securityProfile: { securityType: trustedLaunch }')}`,
  }),
  'pool-spec-image': factsOf({
    'pool-spec': `startTask: { commandLine: mount }\n${configured('imageReference: { publisher: canonical, offer: ubuntu-24_04-lts, sku: server }')}`,
  }),
  'pool-ephemeral-os-disk': factsOf({
    'target-low-priority-nodes': '5',
    'pool-spec': `startTask: { commandLine: mount }\n${configured('osDisk: { ephemeralOSDiskSettings: { placement: CacheDisk } }')}`,
  }),
  'pool-os-disk-type': factsOf(
    { 'pool-spec': `startTask: { commandLine: mount }\n${configured('osDisk: { managedDisk: { storageAccountType: Standard_LRS } }')}` },
    { definition: { ...definition, disallowedDiskTypes: ['Standard_LRS'] } },
  ),
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
  'image-subscription': factsOf(ELSEWHERE),
  'managed-image-pool-size': factsOf({ ...MANAGED, 'target-dedicated-nodes': '3000' }, plenty),
  'managed-image-pool-size-advised': factsOf({ ...MANAGED, 'target-dedicated-nodes': '2001' }, plenty),
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
  'a version that exists': factsOf(
    { ...GIVEN, 'image-id': version.id },
    { ...onlyGiven, givenImage: { kind: 'gallery', version, definition } },
  ),
  'a version that exists, and that the pool spec names': factsOf(
    {
      ...GIVEN,
      'image-id': version.id,
      'pool-spec': `startTask: { commandLine: mount }\n${configured(`imageReference: { id: ${version.id.toLowerCase()} }`)}`,
    },
    { ...onlyGiven, givenImage: { kind: 'gallery', version, definition } },
  ),
  'a version that was made of this very source': factsOf({ 'image-version': '2.0.0' }, { versions: [version], definition }),
  'a ready snapshot': factsOf({ vm: '', snapshots: 'os=golden', ...AGENT }, { sourceSnapshots: [snapshot] }),
}
