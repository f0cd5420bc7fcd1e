/** The inputs of the action as one typed value. `parseConfig` reports every problem at once. */
import type { ArmId } from './arm-id.ts'
import type { NodeDeallocationOption, OsType, PoolProperties, Tags } from './ports.ts'

export type CloudName = 'AzureCloud' | 'AzureUSGovernment' | 'AzureChinaCloud'
export type Mode = 'apply' | 'plan' | 'validate' | 'prune'
export type ImageKind = 'gallery' | 'managed'
export type Capture = 'live' | 'deallocate' | 'generalized' | 'copy'

export interface Identity {
  readonly auth: 'auto' | 'oidc' | 'cli' | 'managed-identity' | 'environment'
  readonly clientId?: string
  readonly tenantId?: string
  readonly subscriptionId: string
  readonly environment: CloudName
  /** Without a trailing slash. */
  readonly resourceManagerUrl?: string
}

export interface DiskSource {
  readonly disk: 'os' | number
  /** ARM id of a snapshot, or URL of a VHD blob. */
  readonly source: string
}

export type Source =
  | { readonly kind: 'vm'; readonly id: ArmId; readonly capture: Capture; readonly prepareScript?: string }
  | { readonly kind: 'snapshots'; readonly disks: readonly DiskSource[] }
  | {
      readonly kind: 'vhd'
      readonly disks: readonly DiskSource[]
      readonly osType: OsType
      readonly hyperVGeneration: 'V1' | 'V2'
      readonly storageAccount?: string
    }
  | { readonly kind: 'managed-image'; readonly id: ArmId }
  | { readonly kind: 'image-id'; readonly id: ArmId }

export interface ImageSettings {
  readonly kind: ImageKind
  /** Gallery image definition, or base name of the managed image. */
  readonly name: string
  /** Resource group where snapshots and images go. */
  readonly resourceGroup: ArmId
  /** Present for `gallery`. */
  readonly gallery?: ArmId
  /** `auto`, or `Major.Minor.Patch`. */
  readonly version: string
  readonly rebuild: 'auto' | 'always'
  readonly targetRegions: readonly { readonly name: string; readonly replicas?: number; readonly storageAccountType?: string }[]
  readonly replicas: number | 'auto'
  readonly keepSnapshots: boolean
  readonly retainVersions: number
  readonly tags: Tags
}

/** One pool as asked for; the image is filled in later. */
export interface PoolRequest {
  readonly id: string
  readonly properties: PoolProperties
  readonly target: { readonly dedicated: number; readonly lowPriority: number }
  /** The pool's formula decides the size. */
  readonly autoScale: boolean
  /** ISO 8601; as asked for, or by the documented guidance for the target. */
  readonly resizeTimeout: string
  /** Absent: looked up from the source's base image. */
  readonly nodeAgentSkuId?: string
}

export interface PoolSettings {
  readonly account: ArmId
  readonly requests: readonly PoolRequest[]
  readonly strategy: 'in-place' | 'blue-green' | 'replace' | 'resize-only' | 'fail'
  readonly canaryNodes: number
  readonly onFailure: 'rollback' | 'keep'
  readonly nodeDeallocationOption: NodeDeallocationOption
  readonly maxResizes: number
  readonly wait: 'nodes' | 'steady' | 'none'
  readonly minHealthyPercentage: number
  readonly nodeStartTimeoutMs: number
  readonly onCancel: 'leave' | 'stop-resize'
}

export interface Config {
  readonly mode: Mode
  readonly identity: Identity
  readonly source: Source
  /** Absent with `image-id`. */
  readonly image?: ImageSettings
  /** Absent without `batch-account`: image half only. */
  readonly pool?: PoolSettings
  /** The whole run. */
  readonly timeoutMs: number
  readonly summary: boolean
  readonly comment: boolean
  readonly githubToken?: string
}

/** Reads raw texts: an input by name (trimmed, `''` where not given), a variable of the environment, a file of the workspace. */
export interface InputReader {
  input(name: string): string
  environment(name: string): string | undefined
  /** `undefined` where there is no such file. */
  file(path: string): string | undefined
}
