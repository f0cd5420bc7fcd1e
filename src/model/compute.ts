/** Microsoft.Compute, as far as this action reads or writes it. Property names are Azure's own. */
import type { LongOperation, Tags } from './arm.ts'
import type { ArmId } from './arm-id.ts'

export type HyperVGeneration = 'V1' | 'V2'

export type OsType = 'Linux' | 'Windows'

export type Architecture = 'x64' | 'Arm64'

/** A purchase plan of a Marketplace image. */
export interface PurchasePlan {
  readonly name: string
  readonly publisher: string
  readonly product: string
}

export interface MarketplaceImage {
  readonly publisher: string
  readonly offer: string
  readonly sku: string
  readonly version?: string
}

export interface VirtualMachine {
  readonly id: string
  readonly name: string
  readonly location: string
  readonly vmId?: string
  readonly vmSize?: string
  readonly plan?: PurchasePlan
  /** The image the VM was made from: a Marketplace one, or an id (gallery version, managed image). */
  readonly imageReference?: Partial<MarketplaceImage> & { readonly id?: string }
  /** The version of that Marketplace image; `imageReference` may say `latest`. Not part of it, because a source is recognized by that. */
  readonly exactVersion?: string
  readonly osType: OsType
  readonly osDisk: AttachedDisk
  readonly dataDisks: readonly AttachedDisk[]
  readonly securityType?: string
  readonly uefiSettings?: { readonly secureBootEnabled: boolean; readonly vTpmEnabled: boolean }
  /** Codes of the instance view in Azure's order, e.g. `PowerState/running`, `OSState/generalized`. */
  readonly statuses: readonly string[]
  /** Absent where it has none. */
  readonly extensions?: readonly VmExtension[]
  readonly tags: Tags
}

export interface AttachedDisk {
  readonly name: string
  /** Absent for the OS disk. */
  readonly lun?: number
  /** Absent where the disk is not a managed disk. */
  readonly managedDiskId?: string
  readonly caching: 'None' | 'ReadOnly' | 'ReadWrite'
  /** Blob URI of an unmanaged disk. */
  readonly vhdUri?: string
  readonly ephemeral?: boolean
}

export interface VmExtension {
  readonly name: string
  readonly publisher: string
  readonly type: string
}

export interface Disk {
  readonly id: string
  readonly name: string
  readonly location: string
  readonly uniqueId?: string
  readonly diskSizeGB: number
  readonly osType?: OsType
  readonly hyperVGeneration?: HyperVGeneration
  readonly architecture?: Architecture
  readonly securityType?: string
  readonly diskControllerTypes?: string
  readonly acceleratedNetwork?: boolean
  readonly purchasePlan?: PurchasePlan
  /** Azure Disk Encryption (inside the guest); Batch cannot use such a disk. */
  readonly encryptionSettingsEnabled?: boolean
  /** The disk encryption set with the customer's key; absent where Azure's own keys encrypt the disk. */
  readonly diskEncryptionSetId?: string
  /** E.g. `Premium_LRS`, `PremiumV2_LRS`, `UltraSSD_LRS`. Of a snapshot: what the snapshot is stored on. */
  readonly sku?: string
  /** How many VMs may attach it at once; more than 1: a shared disk. */
  readonly maxShares?: number
  /** Who may export it; absent: `AllowAll`. */
  readonly networkAccessPolicy?: 'AllowAll' | 'AllowPrivate' | 'DenyAll'
  readonly timeCreated?: string
  readonly lastOwnershipUpdateTime?: string
}

/** The content of a disk at one moment, with the disk's properties. */
export interface Snapshot extends Disk {
  readonly provisioningState: string
  readonly sourceResourceId?: string
  readonly completionPercent?: number
  readonly tags: Tags
}

export interface Gallery {
  readonly id: string
  readonly name: string
  readonly location: string
  readonly provisioningState: string
  /** Deleted versions keep their numbers for days. https://learn.microsoft.com/azure/virtual-machines/soft-delete-gallery */
  readonly isSoftDeleteEnabled?: boolean
}

export interface ImageDefinition {
  readonly id: string
  readonly name: string
  readonly location: string
  readonly provisioningState: string
  readonly osType: OsType
  readonly osState: 'Generalized' | 'Specialized'
  readonly hyperVGeneration: HyperVGeneration
  readonly architecture: Architecture
  /** `SecurityType`, `DiskControllerTypes`, `IsAcceleratedNetworkSupported` … */
  readonly features: Readonly<Record<string, string>>
  readonly purchasePlan?: PurchasePlan
  /** Storage types that OS disks made of its versions may not have. */
  readonly disallowedDiskTypes?: readonly string[]
  readonly tags: Tags
}

/** What is sent to create a definition. */
export interface ImageDefinitionRequest extends Omit<ImageDefinition, 'name' | 'provisioningState'> {
  readonly identifier: MarketplaceImage
}

export interface TargetRegion {
  readonly name: string
  readonly replicas: number
  readonly storageAccountType?: string
  /** Absent: encrypted with keys that Azure manages. */
  readonly encryption?: ReplicaEncryption
}

/** Disk encryption sets of a replica. https://learn.microsoft.com/azure/virtual-machines/image-version-encryption */
export interface ReplicaEncryption {
  readonly osDisk: string
  /** By LUN. */
  readonly dataDisks: readonly { readonly lun: number; readonly id: string }[]
}

/** Encrypts disks of its own region with a key of the customer's. */
export interface DiskEncryptionSet {
  readonly id: string
  readonly location: string
}

export interface RegionReplication {
  /** As Azure shows it: a display name such as `West Europe`. */
  readonly region: string
  readonly state: 'Unknown' | 'Replicating' | 'Completed' | 'Failed'
  /** 0 to 100. */
  readonly progress: number
  readonly details?: string
}

export interface ImageVersion {
  readonly id: string
  readonly name: string
  readonly location: string
  readonly provisioningState: string
  readonly targetRegions: readonly TargetRegion[]
  readonly replication: readonly RegionReplication[]
  readonly publishedDate?: string
  /** Ids of the snapshots, of the image or of the machine that it was made from, or addresses of VHDs. */
  readonly sourceIds: readonly string[]
  readonly replicationMode?: string
  /** `latest` does not mean this version. */
  readonly isExcludedFromLatest?: boolean
  readonly endOfLifeDate?: string
  readonly tags: Tags
}

/** What may change once a version exists. https://learn.microsoft.com/azure/virtual-machines/update-image-resources */
export interface ImageVersionUpdate {
  readonly isExcludedFromLatest?: boolean
  /** ISO 8601. */
  readonly endOfLifeDate?: string
  /** Replaces all tags. Absent: they stay. */
  readonly tags?: Tags
}

export interface ImageDisk {
  readonly source:
    | { readonly kind: 'snapshot'; readonly id: ArmId }
    /** A generalized VHD in a blob; the account is in the region of the image. */
    | { readonly kind: 'vhd'; readonly uri: string; readonly storageAccountId: ArmId }
  readonly caching: AttachedDisk['caching']
}

/** What an image is made of. */
export type ImageContent =
  | { readonly kind: 'disks'; readonly osDisk: ImageDisk; readonly dataDisks: readonly (ImageDisk & { readonly lun: number })[] }
  /** A VM that is marked generalized, with all its disks. */
  | { readonly kind: 'vm'; readonly id: ArmId }
  /** A managed image; it becomes a gallery version. */
  | { readonly kind: 'image'; readonly id: ArmId }

export interface ImageVersionRequest {
  readonly id: ArmId
  readonly location: string
  readonly content: ImageContent
  readonly targetRegions: readonly TargetRegion[]
  readonly replicationMode: 'Full' | 'Shallow'
  readonly isExcludedFromLatest?: boolean
  /** ISO 8601. */
  readonly endOfLifeDate?: string
  readonly tags: Tags
}

export interface ManagedImage {
  readonly id: string
  readonly name: string
  readonly location: string
  readonly provisioningState: string
  readonly hyperVGeneration?: HyperVGeneration
  readonly osType?: OsType
  readonly osState?: 'Generalized' | 'Specialized'
  /** The VM that it was made from; absent where it was made from snapshots or VHDs. */
  readonly sourceVirtualMachineId?: string
  readonly sourceIds: readonly string[]
  /** LUNs of its data disks. */
  readonly luns: readonly number[]
  /** From Resource Manager's own list; absent where that was not read. */
  readonly createdTime?: string
  readonly tags: Tags
}

/** A storage account that holds VHDs. */
export interface StorageAccount {
  readonly id: string
  /** The host of its blobs, in lower case, e.g. `packer.blob.core.windows.net`. */
  readonly host: string
  readonly location: string
}

export interface GalleryRequest {
  readonly id: ArmId
  readonly location: string
  readonly tags: Tags
}

/** A script for Run Command. */
export interface ScriptRequest {
  readonly vm: ArmId
  readonly osType: OsType
  /** Shell on Linux, PowerShell on Windows. */
  readonly script: string
}

export interface ManagedImageRequest {
  readonly id: ArmId
  readonly location: string
  readonly hyperVGeneration: HyperVGeneration
  readonly osType: OsType
  readonly content: ImageContent
  readonly tags: Tags
}

/**
 * Microsoft.Compute. `get*` answers `undefined` for 404. `create*`, `deallocate`, `delete*` send the request and follow the
 * long operation to its end; they throw `AzureError` with Azure's innermost words.
 */
export interface Compute {
  getVm(id: ArmId): Promise<VirtualMachine | undefined>
  getDisk(id: ArmId): Promise<Disk | undefined>
  deallocateVm(id: ArmId, signal: AbortSignal): Promise<void>
  startVm(id: ArmId, signal: AbortSignal): Promise<void>
  /** Runs a script inside the running VM and answers with what it printed. @throws ScriptError where it fails. */
  runScript(request: ScriptRequest, signal: AbortSignal): Promise<string>
  /** Removes the extension that Run Command installs in a VM to run its scripts. */
  removeRunCommand(target: Pick<ScriptRequest, 'vm' | 'osType'>, signal: AbortSignal): Promise<void>

  getSnapshot(id: ArmId): Promise<Snapshot | undefined>
  /** All snapshots of a resource group. `undefined` for 404: that is not an empty list. */
  listSnapshots(group: ArmId): Promise<readonly Snapshot[] | undefined>
  createSnapshot(
    id: ArmId,
    request: { readonly location: string; readonly sourceResourceId: string; readonly tags: Tags },
    signal: AbortSignal,
  ): Promise<void>
  deleteSnapshot(id: ArmId, signal: AbortSignal): Promise<void>

  getDiskEncryptionSet(id: ArmId): Promise<DiskEncryptionSet | undefined>

  getGallery(id: ArmId): Promise<Gallery | undefined>
  createGallery(request: GalleryRequest, signal: AbortSignal): Promise<void>
  getImageDefinition(id: ArmId): Promise<ImageDefinition | undefined>
  createImageDefinition(id: ArmId, request: ImageDefinitionRequest, signal: AbortSignal): Promise<void>
  /** Versions of a definition without replication status. `undefined` for 404: that is not an empty list. */
  listImageVersions(definition: ArmId): Promise<readonly ImageVersion[] | undefined>
  /** Numbers of versions that were deleted and may still be restored, in a gallery with soft delete. `undefined` for 404. */
  listSoftDeletedVersions(definition: ArmId): Promise<readonly string[] | undefined>
  /** With replication status. */
  getImageVersion(id: ArmId): Promise<ImageVersion | undefined>
  /** Sends the PUT only: `getImageVersion` shows the progress, and `poll` of the operation throws the reason of a failure. */
  createImageVersion(request: ImageVersionRequest, signal: AbortSignal): Promise<LongOperation>
  /**
   * Sends the PUT only. Azure tries failed regions again, even where nothing else changes.
   * https://github.com/Azure/azure-cli/issues/15539
   */
  updateImageVersion(id: ArmId, update: ImageVersionUpdate, signal: AbortSignal): Promise<LongOperation>
  deleteImageVersion(id: ArmId, signal: AbortSignal): Promise<void>

  getImage(id: ArmId): Promise<ManagedImage | undefined>
  /** `undefined` for 404: that is not an empty list. */
  listImages(group: ArmId): Promise<readonly ManagedImage[] | undefined>
  createImage(request: ManagedImageRequest, signal: AbortSignal): Promise<void>
  deleteImage(id: ArmId, signal: AbortSignal): Promise<void>

  /** What a subscription uses in a region, and its limits. */
  listUsages(subscriptionId: string, location: string): Promise<readonly ComputeUsage[]>
}

/** https://learn.microsoft.com/rest/api/compute/usage/list */
export interface ComputeUsage {
  /** E.g. `cores`, `lowPriorityCores`, or a VM family. */
  readonly name: string
  readonly currentValue: number
  readonly limit: number
}
