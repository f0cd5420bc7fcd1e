/**
 * Everything the use case needs from the outside, as interfaces only. `azure/` and `github/` implement them.
 * Property names are Azure's own; the shapes are narrowed to what this action reads or writes.
 */
import type { ArmId } from '../model/arm-id.ts'
import type { RunEvent } from './events.ts'

// ---------------------------------------------------------------- the machine the run is on

export interface Clock {
  now(): Date
  /** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Receives what happens, as data. Log, charts and report are all built from these events. */
export interface Events {
  emit(event: RunEvent): void
}

/** `temporary`: to be deleted whatever happens. */
export type LedgerKind = 'temporary' | 'snapshot' | 'image' | 'imageVersion' | 'imageDefinition' | 'gallery' | 'pool' | 'startVm'

/** Something this run is about to create (or, for `startVm`, owes). Written before the request is sent. */
export interface LedgerEntry {
  /** ARM id, known before the PUT is sent. */
  readonly id: string
  readonly kind: LedgerKind
}

/** What `post` must look at if this process dies. An entry stays open until it is settled. */
export interface Ledger {
  /** Durable when it returns: the request that creates the resource may be sent only then. */
  record(entry: LedgerEntry): void
  /** The resource is complete and kept on purpose, or is gone. */
  settle(id: string): void
  open(): readonly LedgerEntry[]
}

/** Where the run takes place; goes into provenance tags and the report. Empty strings outside GitHub. */
export interface RunContext {
  readonly repository: string
  readonly sha: string
  readonly runId: string
  readonly runUrl: string
  readonly actor: string
  readonly eventName: string
}

/** The pull request that a run belongs to. */
export interface PullRequest {
  /** Puts `body`, which begins with `marker`, into the comment that begins so, or into a new one. */
  keepComment(marker: string, body: string): Promise<void>
}

// ---------------------------------------------------------------- Microsoft.Compute

export type HyperVGeneration = 'V1' | 'V2'
export type OsType = 'Linux' | 'Windows'
export type Architecture = 'x64' | 'Arm64'
export type Tags = Readonly<Record<string, string>>

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
  readonly osType: OsType
  readonly osDisk: AttachedDisk
  readonly dataDisks: readonly AttachedDisk[]
  readonly securityType?: string
  readonly uefiSettings?: { readonly secureBootEnabled: boolean; readonly vTpmEnabled: boolean }
  /** Codes of the instance view in Azure's order, e.g. `PowerState/running`, `OSState/generalized`. */
  readonly statuses: readonly string[]
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
  readonly timeCreated?: string
  readonly lastOwnershipUpdateTime?: string
}

/** What a disk was at one moment; it says of itself what a disk says. */
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
  /** Ids of the snapshots (or the image) it was made from. */
  readonly sourceIds: readonly string[]
  readonly tags: Tags
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
  /** The VM that it was made of; absent where it was made of snapshots or VHDs. */
  readonly sourceVirtualMachineId?: string
  readonly sourceIds: readonly string[]
  readonly tags: Tags
}

export interface StorageAccount {
  readonly id: string
  readonly location: string
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
  listVmExtensions(id: ArmId): Promise<readonly VmExtension[]>
  getDisk(id: ArmId): Promise<Disk | undefined>
  deallocateVm(id: ArmId, signal: AbortSignal): Promise<void>
  startVm(id: ArmId, signal: AbortSignal): Promise<void>
  /** Runs a script inside the running VM and answers with what it printed. @throws ScriptError where it fails. */
  runScript(vm: ArmId, osType: OsType, script: string, signal: AbortSignal): Promise<string>

  getSnapshot(id: ArmId): Promise<Snapshot | undefined>
  /** All snapshots of a resource group. */
  listSnapshots(group: ArmId): Promise<readonly Snapshot[]>
  createSnapshot(
    id: ArmId,
    request: { readonly location: string; readonly sourceResourceId: string; readonly tags: Tags },
    signal: AbortSignal,
  ): Promise<void>
  deleteSnapshot(id: ArmId, signal: AbortSignal): Promise<void>

  getGallery(id: ArmId): Promise<Gallery | undefined>
  createGallery(id: ArmId, location: string, tags: Tags, signal: AbortSignal): Promise<void>
  getImageDefinition(id: ArmId): Promise<ImageDefinition | undefined>
  createImageDefinition(id: ArmId, request: ImageDefinitionRequest, signal: AbortSignal): Promise<void>
  /** Versions of a definition without replication status; empty where the definition does not exist. */
  listImageVersions(definition: ArmId): Promise<readonly ImageVersion[]>
  /** With replication status. */
  getImageVersion(id: ArmId): Promise<ImageVersion | undefined>
  /** Sends the PUT only; what follows is seen with `getImageVersion`, why it failed with `imageVersionFailure`. */
  createImageVersion(request: ImageVersionRequest, signal: AbortSignal): Promise<LongOperation>
  deleteImageVersion(id: ArmId, signal: AbortSignal): Promise<void>

  getImage(id: ArmId): Promise<ManagedImage | undefined>
  listImages(group: ArmId): Promise<readonly ManagedImage[]>
  createImage(request: ManagedImageRequest, signal: AbortSignal): Promise<void>
  deleteImage(id: ArmId, signal: AbortSignal): Promise<void>

  /** What the subscription that `of` is in uses in a region, and may. */
  listUsages(of: ArmId, location: string): Promise<readonly ComputeUsage[]>
}

/** https://learn.microsoft.com/rest/api/compute/usage/list */
export interface ComputeUsage {
  /** E.g. `cores`, `lowPriorityCores`, or a VM family. */
  readonly name: string
  readonly currentValue: number
  readonly limit: number
}

/** A started long operation, asked by hand. */
export interface LongOperation {
  /** Throws `AzureError` where the operation ended `Failed` or `Canceled`. */
  poll(): Promise<'InProgress' | 'Succeeded'>
}

// ---------------------------------------------------------------- any resource

export interface ArmResource {
  readonly id: string
  readonly type: string
  readonly location: string
  readonly tags: Tags
  readonly createdTime?: string
}

/** Azure Resource Manager itself: resources of any type, as raw JSON. */
export interface Arm {
  /** `undefined` for 404. */
  get(id: ArmId, apiVersion: string): Promise<object | undefined>
  /** Follows the long operation to its end. */
  put(id: ArmId, apiVersion: string, body: object, signal: AbortSignal): Promise<void>
  /** Follows the long operation to its end; what is gone already is no error. */
  delete(id: ArmId, apiVersion: string, signal: AbortSignal): Promise<void>
  /** Adds tags to those of any resource, or takes some away. https://learn.microsoft.com/rest/api/resources/tags/update-at-scope */
  tag(id: ArmId, operation: 'Merge' | 'Delete', tags: Tags, signal: AbortSignal): Promise<void>
  /** Resources of the subscription that `of` is in. https://learn.microsoft.com/rest/api/resources/resources/list#uri-parameters */
  find(of: ArmId, filter: string): Promise<readonly ArmResource[]>
}

// ---------------------------------------------------------------- Microsoft.Batch

export interface BatchAccount {
  readonly id: string
  readonly name: string
  readonly location: string
  /** Host of the data plane, without scheme. */
  readonly accountEndpoint: string
  readonly poolAllocationMode: 'BatchService' | 'UserSubscription'
  readonly publicNetworkAccess?: string
  /** Of user subscription mode. */
  readonly keyVaultReference?: { readonly id: string }
  readonly dedicatedCoreQuota?: number
  readonly lowPriorityCoreQuota?: number
  readonly dedicatedCoreQuotaPerVMFamilyEnforced?: boolean
  readonly dedicatedCoreQuotaPerVMFamily?: readonly { readonly name: string; readonly coreQuota: number }[]
  readonly poolQuota: number
}

/** A VM size that Batch offers in the region. */
export interface BatchVmSize {
  readonly name: string
  readonly familyName?: string
  readonly capabilities: Readonly<Record<string, string>>
  readonly batchSupportEndOfLife?: string
}

/** `properties` of a pool as ARM takes and gives them (api-version 2025-06-01); unknown members survive untouched. */
export interface PoolProperties {
  readonly displayName?: string
  readonly vmSize?: string
  readonly deploymentConfiguration?: {
    readonly virtualMachineConfiguration?: VirtualMachineConfiguration
  }
  readonly scaleSettings?: ScaleSettings
  readonly interNodeCommunication?: 'Enabled' | 'Disabled'
  readonly startTask?: Readonly<Record<string, unknown>>
  readonly metadata?: readonly { readonly name: string; readonly value: string }[]
  readonly networkConfiguration?: Readonly<Record<string, unknown>>
  readonly [property: string]: unknown
}

/** User-assigned identities of a pool, by resource id. */
export interface PoolIdentity {
  readonly type: 'UserAssigned' | 'None'
  readonly userAssignedIdentities?: Readonly<Record<string, object>>
}

/** What stands beside `properties` in a pool. */
export interface PoolEnvelope {
  readonly identity?: PoolIdentity
  readonly tags?: Tags
}

export interface VirtualMachineConfiguration {
  readonly imageReference?: { readonly id?: string } & Partial<MarketplaceImage>
  readonly nodeAgentSkuId?: string
  readonly securityProfile?: Readonly<Record<string, unknown>>
  readonly [property: string]: unknown
}

export type NodeDeallocationOption = 'Requeue' | 'Terminate' | 'TaskCompletion'

export interface FixedScale {
  readonly targetDedicatedNodes?: number
  readonly targetLowPriorityNodes?: number
  /** ISO 8601 duration; at least PT5M, Azure's default PT15M. */
  readonly resizeTimeout?: string
  readonly nodeDeallocationOption?: NodeDeallocationOption
}

export interface ScaleSettings {
  readonly fixedScale?: FixedScale
  readonly autoScale?: { readonly formula: string; readonly evaluationInterval?: string }
}

export type AllocationState = 'Steady' | 'Resizing' | 'Stopping'

/** An error as Azure gives it, before `resize.ts` explains it. ARM: `details`; data plane: `values`. */
export interface RawResizeError {
  readonly code: string
  readonly message: string
  readonly details: readonly { readonly code: string; readonly message: string }[]
}

export interface Pool extends PoolEnvelope {
  /** ARM id. */
  readonly id: string
  readonly name: string
  readonly etag: string
  readonly properties: PoolProperties & {
    readonly provisioningState: 'Succeeded' | 'Deleting'
    readonly allocationState: AllocationState
    readonly allocationStateTransitionTime: string
    readonly currentDedicatedNodes: number
    readonly currentLowPriorityNodes: number
    readonly resizeOperationStatus?: {
      readonly targetDedicatedNodes?: number
      readonly targetLowPriorityNodes?: number
      readonly resizeTimeout?: string
      readonly nodeDeallocationOption?: string
      /** Tells this run's resize from older ones. */
      readonly startTime?: string
      readonly errors?: readonly RawResizeError[]
    }
    /** The last evaluation of the formula. */
    readonly autoScaleRun?: { readonly error?: { readonly code: string; readonly message: string } }
  }
}

/** Node states of the data plane, lower camel case as in `nodecounts`. */
export type NodeState =
  | 'creating'
  | 'starting'
  | 'waitingForStartTask'
  | 'idle'
  | 'running'
  | 'startTaskFailed'
  | 'unusable'
  | 'offline'
  | 'preempted'
  | 'rebooting'
  | 'reimaging'
  | 'leavingPool'
  | 'unknown'
  | 'upgradingOS'
  | 'deallocating'
  | 'deallocated'

export type NodeStateCounts = Readonly<Partial<Record<NodeState, number>>>

/** Nodes by state; a state with no node is absent. */
export interface NodeCounts {
  readonly dedicated: NodeStateCounts
  readonly lowPriority: NodeStateCounts
}

export interface NodeError {
  readonly code: string
  readonly message: string
  readonly details: readonly { readonly name: string; readonly value: string }[]
}

export interface ComputeNode {
  readonly id: string
  readonly state: NodeState
  readonly isDedicated: boolean
  readonly errors: readonly NodeError[]
  readonly startTaskInfo?: {
    readonly state: string
    readonly exitCode?: number
    readonly failureInfo?: NodeError
  }
}

/** An entry of the account's `supportedimages`. */
export interface SupportedImage {
  readonly nodeAgentSkuId: string
  readonly imageReference: MarketplaceImage
  readonly osType: OsType
  readonly verificationType: 'verified' | 'unverified'
  readonly batchSupportEndOfLife?: string
}

export interface ResizeRequest {
  readonly targetDedicatedNodes: number
  readonly targetLowPriorityNodes: number
  /** ISO 8601 duration. */
  readonly resizeTimeout: string
  readonly nodeDeallocationOption: NodeDeallocationOption
}

/** A job of a pool. */
export interface Job {
  readonly id: string
  readonly etag: string
  readonly state: 'active' | 'disabling' | 'disabled' | 'enabling' | 'terminating' | 'completed' | 'deleting'
  readonly metadata: readonly { readonly name: string; readonly value: string }[]
}

/** A job schedule; the specification of its jobs is sent back whole, with another pool. */
export interface JobSchedule {
  readonly id: string
  readonly jobSpecification: Readonly<Record<string, unknown>>
}

/** Microsoft.Batch on the management plane. `get*` answers `undefined` for 404. */
export interface Batch {
  getAccount(id: ArmId): Promise<BatchAccount | undefined>
  listVmSizes(account: ArmId, location: string): Promise<readonly BatchVmSize[]>
  listPools(account: ArmId): Promise<readonly Pool[]>
  getPool(id: ArmId): Promise<Pool | undefined>
  /** PUT with `If-None-Match: *`. */
  createPool(id: ArmId, properties: PoolProperties, envelope?: PoolEnvelope): Promise<Pool>
  /** PATCH with `If-Match`. */
  updatePool(id: ArmId, properties: PoolProperties, etag: string, envelope?: PoolEnvelope): Promise<Pool>
  stopResize(id: ArmId): Promise<Pool>
  disableAutoScale(id: ArmId): Promise<Pool>
  deletePool(id: ArmId, signal: AbortSignal): Promise<void>
  /** The data plane of an account. */
  dataPlane(account: BatchAccount): BatchDataPlane
}

/** The Batch service at the account's endpoint. Throws `DataPlaneUnreachableError` where it cannot be reached at all. */
export interface BatchDataPlane {
  listSupportedImages(): Promise<readonly SupportedImage[]>
  getNodeCounts(poolName: string): Promise<NodeCounts>
  /** Nodes in one of the states given, at most `limit`. */
  listNodes(poolName: string, states: readonly NodeState[], limit: number): Promise<readonly ComputeNode[]>
  /** The last `bytes` of a start task's `stdout.txt` or `stderr.txt`; `undefined` where the node has none. */
  getStartTaskOutput(poolName: string, nodeId: string, file: 'stdout.txt' | 'stderr.txt', bytes: number): Promise<string | undefined>
  resize(poolName: string, request: ResizeRequest): Promise<void>
  /** At most 100 nodes a call. */
  removeNodes(
    poolName: string,
    nodeIds: readonly string[],
    request: Pick<ResizeRequest, 'resizeTimeout' | 'nodeDeallocationOption'>,
  ): Promise<void>
  /** Jobs that run on the pool and have not ended. */
  listJobs(poolName: string): Promise<readonly Job[]>
  /** `undefined` where the job is gone. */
  getJob(id: string): Promise<Job | undefined>
  /** Replaces the metadata of a job as it was read (`If-Match`). */
  setJobMetadata(job: Pick<Job, 'id' | 'etag'>, metadata: Job['metadata']): Promise<void>
  disableJob(id: string, disableTasks: 'wait' | 'requeue' | 'terminate'): Promise<void>
  /** The job must be disabled. */
  moveJob(id: string, poolName: string): Promise<void>
  enableJob(id: string): Promise<void>
  /** Schedules whose jobs run on the pool. */
  listJobSchedules(poolName: string): Promise<readonly JobSchedule[]>
  moveJobSchedule(schedule: JobSchedule, poolName: string): Promise<void>
}
