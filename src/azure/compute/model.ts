/** The SDK's models, narrowed to what this action reads. */
import type * as sdk from '@azure/arm-compute'
import type {
  Architecture,
  AttachedDisk,
  Disk,
  Gallery,
  HyperVGeneration,
  ImageDefinition,
  ImageVersion,
  ManagedImage,
  OsType,
  PurchasePlan,
  RegionReplication,
  ReplicaEncryption,
  Snapshot,
  VirtualMachine,
  VmExtension,
} from '../../model/compute.ts'
import { stateWord } from '../words.ts'

/** Drops members that are `undefined`: the ports know only present members. */
type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> }
function present<T extends object>(value: T): Partial<Present<T>> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Partial<Present<T>>
}

const idOf = (resource: { id?: string }) => resource.id ?? ''
const nameOf = (resource: { name?: string }) => resource.name ?? ''

export function toVirtualMachine(vm: sdk.VirtualMachine): VirtualMachine {
  const { imageReference, osDisk, dataDisks } = vm.storageProfile ?? {}
  const { publisher, offer, sku, version, id } = imageReference ?? {}
  const { plan } = vm
  const { uefiSettings } = vm.securityProfile ?? {}
  return {
    id: idOf(vm),
    name: nameOf(vm),
    location: vm.location,
    osType: (osDisk?.osType ?? 'Linux') as OsType,
    osDisk: toAttachedDisk(osDisk ?? {}),
    dataDisks: (dataDisks ?? []).map(toAttachedDisk).sort((one, other) => (one.lun ?? 0) - (other.lun ?? 0)),
    statuses: (vm.instanceView?.statuses ?? []).flatMap(({ code }) => (code ? [statusOf(code)] : [])),
    tags: vm.tags ?? {},
    ...(vm.resources?.length && { extensions: vm.resources.map(toExtension) }),
    ...present({
      vmId: vm.vmId,
      vmSize: vm.hardwareProfile?.vmSize,
      securityType: vm.securityProfile?.securityType,
      uefiSettings: uefiSettings && {
        secureBootEnabled: uefiSettings.secureBootEnabled ?? false,
        vTpmEnabled: uefiSettings.vTpmEnabled ?? false,
      },
      plan: plan && { name: plan.name ?? '', publisher: plan.publisher ?? '', product: plan.product ?? '' },
      imageReference: imageReference && present({ publisher, offer, sku, version, id }),
      exactVersion: imageReference?.exactVersion,
    }),
  }
}

/** E.g. `PowerState/running`; codes may say more after a second slash. */
const statusOf = (code: string): string => code.replace(/\/[^/]+/, (word) => word.toLowerCase())

const toExtension = ({ name = '', publisher = '', typePropertiesType = '' }: sdk.VirtualMachineExtension): VmExtension => ({
  name,
  publisher,
  type: typePropertiesType,
})

function toAttachedDisk(disk: Partial<sdk.DataDisk> & { diffDiskSettings?: sdk.DiffDiskSettings }): AttachedDisk {
  return {
    name: disk.name ?? '',
    caching: (disk.caching ?? 'None') as AttachedDisk['caching'],
    ...present({
      lun: disk.lun,
      managedDiskId: disk.managedDisk?.id,
      vhdUri: disk.vhd?.uri,
      ephemeral: disk.diffDiskSettings?.option === 'Local' ? true : undefined,
    }),
  }
}

/** What disks and snapshots have in common. */
type DiskLike = Omit<sdk.Disk, 'sku'> & { readonly sku?: { readonly name?: string } }

export function toDisk(disk: DiskLike): Disk {
  const { supportedCapabilities, purchasePlan } = disk
  return {
    id: idOf(disk),
    name: nameOf(disk),
    location: disk.location,
    diskSizeGB: disk.diskSizeGB ?? 0,
    ...present({
      uniqueId: disk.uniqueId,
      osType: disk.osType as OsType | undefined,
      hyperVGeneration: disk.hyperVGeneration as HyperVGeneration | undefined,
      architecture: supportedCapabilities?.architecture as Architecture | undefined,
      securityType: disk.securityProfile?.securityType,
      diskControllerTypes: supportedCapabilities?.diskControllerTypes,
      acceleratedNetwork: supportedCapabilities?.acceleratedNetwork,
      purchasePlan: purchasePlan && toPlan(purchasePlan),
      encryptionSettingsEnabled: disk.encryptionSettingsCollection?.enabled,
      diskEncryptionSetId: disk.encryption?.diskEncryptionSetId,
      sku: disk.sku?.name,
      maxShares: disk.maxShares,
      networkAccessPolicy: disk.networkAccessPolicy as Disk['networkAccessPolicy'],
      timeCreated: disk.timeCreated?.toISOString(),
      lastOwnershipUpdateTime: disk.lastOwnershipUpdateTime?.toISOString(),
    }),
  }
}

export function toSnapshot(snapshot: sdk.Snapshot): Snapshot {
  return {
    ...toDisk(snapshot),
    provisioningState: stateWord(snapshot.provisioningState ?? ''),
    tags: snapshot.tags ?? {},
    ...present({
      sourceResourceId: snapshot.creationData?.sourceResourceId,
      completionPercent: snapshot.completionPercent,
    }),
  }
}

export function toGallery(gallery: sdk.Gallery): Gallery {
  return {
    ...{
      id: idOf(gallery),
      name: nameOf(gallery),
      location: gallery.location,
      provisioningState: stateWord(gallery.provisioningState ?? ''),
    },
    ...present({ isSoftDeleteEnabled: gallery.softDeletePolicy?.isSoftDeleteEnabled }),
  }
}

export function toDefinition(definition: sdk.GalleryImage): ImageDefinition {
  const { purchasePlan } = definition
  return {
    id: idOf(definition),
    name: nameOf(definition),
    location: definition.location,
    provisioningState: stateWord(definition.provisioningState ?? ''),
    osType: (definition.osType ?? 'Linux') as OsType,
    osState: (definition.osState ?? 'Generalized') as ImageDefinition['osState'],
    hyperVGeneration: (definition.hyperVGeneration ?? 'V1') as HyperVGeneration,
    architecture: (definition.architecture ?? 'x64') as Architecture,
    features: Object.fromEntries((definition.features ?? []).map(({ name = '', value = '' }) => [name, value])),
    tags: definition.tags ?? {},
    ...present({ purchasePlan: purchasePlan && toPlan(purchasePlan), disallowedDiskTypes: definition.disallowed?.diskTypes }),
  }
}

/** Other encryption, such as that of confidential VMs, names no set for the OS disk. */
function toEncryption({ osDiskImage, dataDiskImages = [] }: sdk.EncryptionImages = {}): ReplicaEncryption | undefined {
  const osDisk = osDiskImage?.diskEncryptionSetId
  return osDisk ? { osDisk, dataDisks: dataDiskImages.map(({ lun, diskEncryptionSetId: id = '' }) => ({ lun, id })) } : undefined
}

export function toVersion(version: sdk.GalleryImageVersion): ImageVersion {
  const { osDiskImage, dataDiskImages = [], source } = version.storageProfile ?? {}
  const sources = [
    source?.id ?? source?.virtualMachineId,
    osDiskImage?.source?.id ?? osDiskImage?.source?.uri,
    ...dataDiskImages.map((image) => image.source?.id ?? image.source?.uri),
  ]
  return {
    id: idOf(version),
    name: nameOf(version),
    location: version.location,
    provisioningState: stateWord(version.provisioningState ?? ''),
    targetRegions: (version.publishingProfile?.targetRegions ?? []).map((region) => ({
      name: region.name,
      replicas: region.regionalReplicaCount ?? 1,
      ...present({ storageAccountType: region.storageAccountType, encryption: toEncryption(region.encryption) }),
    })),
    replication: (version.replicationStatus?.summary ?? []).map((region) => ({
      region: region.region ?? '',
      state: stateWord(region.state ?? 'Unknown') as RegionReplication['state'],
      progress: region.progress ?? 0,
      ...present({ details: region.details || undefined }),
    })),
    sourceIds: sources.filter((id) => id !== undefined),
    tags: version.tags ?? {},
    ...present({
      publishedDate: version.publishingProfile?.publishedDate?.toISOString(),
      replicationMode: version.publishingProfile?.replicationMode,
      isExcludedFromLatest: version.publishingProfile?.excludeFromLatest,
      endOfLifeDate: version.publishingProfile?.endOfLifeDate?.toISOString(),
    }),
  }
}

export function toImage(image: sdk.Image): ManagedImage {
  const { osDisk, dataDisks = [] } = image.storageProfile ?? {}
  const sourceOf = (disk: sdk.ImageDisk | undefined) => disk?.snapshot?.id ?? disk?.managedDisk?.id ?? disk?.blobUri
  const sources = [sourceOf(osDisk), ...dataDisks.map(sourceOf)]
  return {
    id: idOf(image),
    name: nameOf(image),
    location: image.location,
    provisioningState: stateWord(image.provisioningState ?? ''),
    sourceIds: sources.filter((id) => id !== undefined),
    luns: dataDisks.map(({ lun }) => lun),
    tags: image.tags ?? {},
    ...present({
      hyperVGeneration: image.hyperVGeneration as HyperVGeneration | undefined,
      osType: osDisk?.osType as OsType | undefined,
      osState: osDisk?.osState as ManagedImage['osState'],
      sourceVirtualMachineId: image.sourceVirtualMachine?.id,
    }),
  }
}

function toPlan({ name = '', publisher = '', product = '' }: { name?: string; publisher?: string; product?: string }): PurchasePlan {
  return { name, publisher, product }
}
