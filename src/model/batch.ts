/** Microsoft.Batch on the management plane (api-version 2025-06-01). Property names are Azure's own. */
import type { Tags } from './arm.ts'
import type { ArmId } from './arm-id.ts'
import type { AutoScaleRun, BatchDataPlane, NodeDeallocationOption } from './batch-service.ts'
import type { MarketplaceImage } from './compute.ts'

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
  readonly networkConfiguration?: NetworkConfiguration
  readonly [property: string]: unknown
}

/** The network of a pool, as far as this action reads it. */
export interface NetworkConfiguration {
  readonly subnetId?: string
  readonly publicIPAddressConfiguration?: { readonly provision?: string; readonly ipAddressIds?: readonly string[] }
  readonly endpointConfiguration?: { readonly inboundNatPools?: readonly InboundNatPool[] }
  readonly [property: string]: unknown
}

export interface InboundNatPool {
  readonly name: string
  readonly backendPort: number
  readonly frontendPortRangeStart: number
  readonly frontendPortRangeEnd: number
  readonly networkSecurityGroupRules?: readonly unknown[]
}

/**
 * Members of `properties` that Batch sets: a pool that was read is not sent back with them.
 * https://learn.microsoft.com/rest/api/batchmanagement/pool/create (marked `readOnly` in the OpenAPI document)
 */
export const READ_ONLY_POOL_PROPERTIES: ReadonlySet<string> = new Set([
  'allocationState',
  'allocationStateTransitionTime',
  'autoScaleRun',
  'creationTime',
  'currentDedicatedNodes',
  'currentLowPriorityNodes',
  'currentNodeCommunicationMode',
  'lastModified',
  'provisioningState',
  'provisioningStateTransitionTime',
  'resizeOperationStatus',
])

/** The properties of a pool that a user can set: all but those that Batch sets. */
export const settableIn = (properties: PoolProperties): PoolProperties =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => !READ_ONLY_POOL_PROPERTIES.has(name)))

/** Image id of a pool, or `publisher:offer:sku:version`. */
export function imageOf({ properties }: Pool): string {
  const { id, publisher, offer, sku, version } = properties.deploymentConfiguration?.virtualMachineConfiguration?.imageReference ?? {}
  return id ?? [publisher, offer, sku, version].join(':')
}

const isNamed = (name: string | undefined) => (one: { readonly name: string }) => one.name.toLowerCase() === name?.toLowerCase()

/** Batch compares pool ids without regard to case. https://learn.microsoft.com/rest/api/batchservice/pools/create-pool */
export const poolNamed = (name: string, pools: readonly Pool[]): Pool | undefined => pools.find(isNamed(name))

/** Batch gives names of VM sizes back in capitals. */
export const vmSizeNamed = (name: string | undefined, sizes: readonly BatchVmSize[]): BatchVmSize | undefined => sizes.find(isNamed(name))

/** User-assigned identities of a pool, by resource id. */
export interface PoolIdentity {
  readonly type: 'UserAssigned' | 'None'
  readonly userAssignedIdentities?: Readonly<Record<string, object>>
}

/** The members of a pool beside `properties`. */
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

/** A resize error as Azure reports it; `errors/resize-errors.ts` classifies it. ARM calls its pairs `details`, the data plane `values`. */
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
      /** ISO 8601. By it, a run distinguishes its own resizes from older ones. */
      readonly startTime?: string
      readonly errors?: readonly RawResizeError[]
    }
    /** The last evaluation of the formula. */
    readonly autoScaleRun?: AutoScaleRun
  }
}

/** When anybody last touched the pool, or its nodes came or went, by Azure's clock, in milliseconds; 0: unknown. */
export function lastTouched({ properties }: Pool): number {
  const { creationTime, lastModified, allocationStateTransitionTime, resizeOperationStatus } = properties
  const times = [creationTime, lastModified, allocationStateTransitionTime, resizeOperationStatus?.startTime]
  return Math.max(...times.map((time) => Date.parse(String(time ?? '')) || 0))
}

/** Microsoft.Batch on the management plane. `get*` answers `undefined` for 404. */
export interface Batch {
  getAccount(id: ArmId): Promise<BatchAccount | undefined>
  listVmSizes(account: ArmId, location: string): Promise<readonly BatchVmSize[]>
  listPools(account: ArmId): Promise<readonly Pool[]>
  /** Never older than what was read or written before. */
  getPool(id: ArmId): Promise<Pool | undefined>
  /**
   * `getPool` for those who poll: requests for the same account are combined, so the answer may come up to a second late, but it is never
   * older than the call.
   */
  watchPool(id: ArmId, signal: AbortSignal): Promise<Pool | undefined>
  /** PUT with `If-None-Match: *`: a pool that exists already is not changed. */
  createPool(id: ArmId, properties: PoolProperties, envelope?: PoolEnvelope): Promise<Pool>
  /** PATCH with `If-Match`: what `properties` does not name stays. */
  updatePool(pool: { readonly id: ArmId; readonly etag: string }, properties: PoolProperties, envelope?: PoolEnvelope): Promise<Pool>
  /** PUT with `If-Match`: what `properties` does not name is removed, or gets its default. */
  replacePool(pool: { readonly id: ArmId; readonly etag: string }, properties: PoolProperties, envelope?: PoolEnvelope): Promise<Pool>
  stopResize(id: ArmId): Promise<Pool>
  disableAutoScale(id: ArmId): Promise<Pool>
  deletePool(id: ArmId, signal: AbortSignal): Promise<void>
  /** The data plane of an account. */
  dataPlane(account: BatchAccount): BatchDataPlane
}
