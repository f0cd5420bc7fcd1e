/** The world as the scenario has it before the run: the golden VM and its disks, the key vault of the account. */
import { randomUUID } from 'node:crypto'
import type { Arm } from '../arm/resources.ts'
import { exactVersionOf } from '../compute/marketplace.ts'
import { GROUP_ID, KEY_VAULT_ID, REGION, type Scenario, type ScenarioAccount, type ScenarioDisk, type ScenarioVm } from './scenario.ts'

const idAt = (type: string, name: string) => `${GROUP_ID}/providers/Microsoft.Compute/${type}/${name}`

/** Puts a VM and its disks there. */
export function seedVm({ world, clock }: Pick<Arm, 'world' | 'clock'>, vm: ScenarioVm): void {
  const { name, os = 'Linux', generation, architecture = 'x64', securityType, region = REGION, size = 'Standard_D2s_v5' } = vm
  const timeCreated = new Date(clock.now().getTime() - 86_400_000).toISOString()
  const security = securityType && { securityType }
  const disk = (diskName: string, sizeGiB: number, kind: ScenarioDisk, more: object): { id: string } => {
    const { sku = 'Premium_LRS', maxShares, networkAccessPolicy, diskEncryptionSetId } = kind
    const id = idAt('disks', diskName)
    world.put({
      id,
      name: diskName,
      type: 'Microsoft.Compute/disks',
      location: region,
      managedBy: idAt('virtualMachines', name),
      sku: { name: sku, tier: String(sku.split('_')[0]) },
      properties: {
        creationData: { createOption: 'FromImage' },
        diskSizeGB: sizeGiB,
        uniqueId: randomUUID(),
        timeCreated,
        provisioningState: 'Succeeded',
        diskState: vm.statuses.includes('PowerState/running') ? 'Attached' : 'Reserved',
        ...(maxShares && { maxShares }),
        ...(networkAccessPolicy && { networkAccessPolicy }),
        ...(diskEncryptionSetId && { encryption: { type: 'EncryptionAtRestWithCustomerKey', diskEncryptionSetId } }),
        ...more,
      },
    })
    return { id }
  }
  const osDisk = disk(`${name}-os`, 30, vm.osDisk ?? {}, {
    osType: os,
    hyperVGeneration: generation,
    supportedCapabilities: { architecture },
    ...(security && { securityProfile: security }),
    ...(vm.plan && { purchasePlan: vm.plan }),
    system: { osType: os, isGeneralized: vm.statuses.includes('OSState/generalized'), hasCloudInit: os === 'Linux', ...vm.system },
  })
  world.put({
    id: idAt('virtualMachines', name),
    name,
    type: 'Microsoft.Compute/virtualMachines',
    location: region,
    ...(vm.tags && { tags: { ...vm.tags } }),
    ...(vm.plan && { plan: vm.plan }),
    properties: {
      vmId: randomUUID(),
      hardwareProfile: { vmSize: size },
      ...(security && { securityProfile: { ...security, uefiSettings: { secureBootEnabled: true, vTpmEnabled: true } } }),
      storageProfile: {
        ...(vm.image && { imageReference: { ...vm.image, exactVersion: exactVersionOf(vm.image) } }),
        osDisk: {
          ...{ osType: os, name: `${name}-os`, createOption: 'FromImage', caching: 'ReadWrite', managedDisk: osDisk },
          ...(vm.osDisk?.isEphemeral && { diffDiskSettings: { option: 'Local', placement: 'CacheDisk' } }),
        },
        dataDisks: vm.dataDisks.map(({ lun, sizeGiB, ...kind }) => ({
          lun,
          name: `${name}-data${lun}`,
          createOption: 'Empty',
          caching: 'None',
          managedDisk: disk(`${name}-data${lun}`, sizeGiB, kind, {}),
        })),
      },
      provisioningState: 'Succeeded',
      statuses: [...vm.statuses],
      extensions: [...(vm.extensions ?? [])],
    },
  })
}

/** Puts disk encryption sets there, whose keys are nobody's concern here. */
export function seedEncryptionSets({ world }: Pick<Arm, 'world'>, sets: Scenario['encryptionSets'] = []): void {
  for (const { name, region } of sets)
    world.put({
      id: idAt('diskEncryptionSets', name),
      ...{ name, type: 'Microsoft.Compute/diskEncryptionSets', location: region },
      identity: { type: 'SystemAssigned' },
      properties: { encryptionType: 'EncryptionAtRestWithCustomerKey', provisioningState: 'Succeeded' },
    })
}

/** Puts the key vault there that an account in user subscription mode has. */
export function seedKeyVault({ world }: Pick<Arm, 'world'>, { poolAllocationMode }: ScenarioAccount): void {
  if (poolAllocationMode !== 'UserSubscription') return
  world.put({
    id: KEY_VAULT_ID,
    name: 'batchsecrets',
    type: 'Microsoft.KeyVault/vaults',
    location: REGION,
    properties: { provisioningState: 'Succeeded', enabledForDeployment: true },
  })
}
