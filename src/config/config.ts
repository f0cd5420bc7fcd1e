/** The inputs of the action as one typed value. */
import type { Tags } from '../model/arm.ts'
import { type ArmId, childId, parseArmId, sameId } from '../model/arm-id.ts'
import type { PoolEnvelope, PoolProperties } from '../model/batch.ts'
import type { NodeDeallocationOption } from '../model/batch-service.ts'
import type { OsType } from '../model/compute.ts'
import type { SignIn } from '../model/sign-in.ts'

export type CloudName = 'AzureCloud' | 'AzureUSGovernment' | 'AzureChinaCloud'

export type Mode = 'apply' | 'plan' | 'validate' | 'prune'

export type ImageKind = 'gallery' | 'managed'

/** How the disks of a VM become an image. */
export type Capture = 'live' | 'deallocate' | 'generalized' | 'copy' | 'restore-point'

export interface Identity {
  readonly signIn: SignIn
  /** Why the run signs in this way and in no other. */
  readonly why: string
  readonly subscriptionId: string
  readonly environment: CloudName
  /** Sign-in host of another cloud, from `AZURE_AUTHORITY_HOST`; without a trailing slash. */
  readonly authorityHost?: string
  /** Without a trailing slash. */
  readonly resourceManagerUrl?: string
}

export interface DiskSource {
  readonly disk: 'os' | number
  /** ARM id of a snapshot, or URL of a VHD blob without a signature. */
  readonly source: string
}

export interface VmSource {
  readonly kind: 'vm'
  readonly id: ArmId
  /** `auto` until the VM has been read. */
  readonly capture: Capture | 'auto'
  /** Where `capture: auto` was requested and has been resolved: the reason for the choice. */
  readonly whyChosen?: string
  readonly prepareScript?: string
}

export type Source =
  | VmSource
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
  /** `mode: prune` builds nothing. */
  | { readonly kind: 'none' }

/** A disk encryption set for the replica of a region: for all its disks, or for one data disk. */
export interface RegionEncryptionSet {
  /** As in ids, e.g. `westeurope`. */
  readonly region: string
  /** The LUN of a data disk. Absent: every disk that has no line of its own. */
  readonly lun?: number
  readonly id: ArmId
}

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
  /** With an age, as `auto`, except that an older version is rebuilt. */
  readonly rebuild: 'auto' | 'always' | { readonly olderThanMs: number }
  /** `Shallow`: one region and no copy, so that the version needs its snapshots for its whole life. */
  readonly replication: 'Full' | 'Shallow'
  /** After this age, or on this day (ISO 8601), a version says that it is at the end of its life. */
  readonly endOfLife?: { readonly afterMs: number } | { readonly date: string }
  readonly targetRegions: readonly { readonly name: string; readonly replicas?: number; readonly storageAccountType?: string }[]
  readonly replicas: number | 'auto'
  /** What the replicas are encrypted with; empty: keys that Azure manages. */
  readonly encryptionSets: readonly RegionEncryptionSet[]
  /** `when-healthy`: excluded from *latest* until all pools are healthy on it. */
  readonly latest: 'always' | 'when-healthy'
  readonly keepSnapshots: boolean
  readonly retainVersions: number
  readonly tags: Tags
}

/** One pool as requested; the image is filled in later. */
export interface PoolRequest extends PoolEnvelope {
  readonly id: string
  readonly properties: PoolProperties
  readonly target: { readonly dedicated: number; readonly lowPriority: number }
  /** The pool's formula decides the size. */
  readonly autoScale: boolean
  /** `existing`: no size is given anywhere, so an existing pool keeps its own. A plan that still says `existing` knows no size. */
  readonly sizeSource: 'existing' | 'requested'
  /** ISO 8601 duration: as requested, or Azure's documented guidance for the target. */
  readonly resizeTimeout: string
  /** Present where neither size nor resize timeout is given: then the guidance for an image of this kind and the pool's own size applies. */
  readonly resizeTimeoutFor?: ImageKind
  /** Absent: looked up from the source's base image. */
  readonly nodeAgentSkuId?: string
}

/** A command that must succeed on nodes of the new image. */
export interface SmokeTest {
  readonly commandLine: string
  /** How long it may run, from its start. */
  readonly timeoutMs: number
}

/** The pools of one Batch account, and how they are brought up. */
export interface PoolSettings {
  readonly account: ArmId
  readonly requests: readonly PoolRequest[]
  readonly strategy: 'in-place' | 'blue-green' | 'replace' | 'resize-only' | 'fail'
  /** `auto`: one node, where the quotas have room for it. */
  readonly canaryNodes: number | 'auto'
  readonly smokeTest?: SmokeTest
  readonly onFailure: 'rollback' | 'keep'
  readonly nodeDeallocationOption: NodeDeallocationOption
  readonly maxResizes: number
  readonly wait: 'nodes' | 'steady' | 'none'
  readonly minHealthyPercentage: number
  readonly minHealthySpotPercentage: number
  readonly nodeStartTimeoutMs: number
  /** Report what the pools cost per hour at public prices. */
  readonly showCost: boolean
  readonly onCancel: 'leave' | 'stop-resize'
}

/** A pool as requested, with the account that it is in. */
export interface FleetRequest extends PoolRequest {
  readonly account: ArmId
}

/** The pools of a run, in one Batch account or in several. */
export interface FleetSettings extends Omit<PoolSettings, 'account' | 'requests'> {
  /** Each account once; without pools (`mode: prune`), the one in `batch-account`. */
  readonly accounts: readonly ArmId[]
  /** In the order of the inputs. */
  readonly requests: readonly FleetRequest[]
}

export interface Config {
  readonly mode: Mode
  readonly identity: Identity
  readonly source: Source
  /** Absent with `image-id`. */
  readonly image?: ImageSettings
  /** Absent without a Batch account: image half only. */
  readonly pool?: FleetSettings
  /** The whole run. */
  readonly timeoutMs: number
  /** The id of an approved plan: the plan of this run must be the same. */
  readonly planId?: string
  /** Whole sentences about inputs that were not read as they are written, to be reported once. */
  readonly notices: readonly string[]
  /** Texts that must not leave the run, the longest first: secrets of pool specs and scripts, in all their renderings. */
  readonly secrets: readonly string[]
}

/** The kind of the image that the nodes will have: the one in `image-id`, or the one that is built. */
export function imageKindOf(source: Source | undefined, image: ImageSettings | undefined): ImageKind {
  const isManaged = source?.kind === 'image-id' && parseArmId(source.id)?.type.toLowerCase() === 'microsoft.compute/images'
  return isManaged ? 'managed' : (image?.kind ?? 'gallery')
}

/** Pools without regard to their accounts. */
export type Requested = Pick<PoolSettings, 'requests'>

/** The inputs as they concern one Batch account, or none. */
export type AccountConfig = Omit<Config, 'pool'> & { readonly pool?: PoolSettings }

/** The same settings with the pools of one account only. */
export function settingsIn(account: ArmId, { accounts: _, requests, ...settings }: FleetSettings): PoolSettings {
  return { ...settings, account, requests: requests.filter((request) => sameId(request.account, account)) }
}

/** The inputs once for each account, or once without any. */
export function byAccount({ pool, ...config }: Config): readonly AccountConfig[] {
  return pool ? pool.accounts.map((account) => ({ ...config, pool: settingsIn(account, pool) })) : [config]
}

/** The subscriptions of image and account, in lower case, where they differ. */
export function twoSubscriptions({ image, source, pool }: Pick<AccountConfig, 'image' | 'source' | 'pool'>) {
  const imageId = image?.gallery ?? image?.resourceGroup ?? (source.kind === 'image-id' ? source.id : undefined)
  const [ofImage, ofAccount] = [imageId, pool?.account].map((id) => parseArmId(id ?? '')?.subscriptionId.toLowerCase())
  return ofImage && ofAccount && ofImage !== ofAccount ? { ofImage, ofAccount } : undefined
}

/** What all versions belong to: the image definition, or the base name of the managed images. */
export function imageTargetId({ gallery, resourceGroup, name }: ImageSettings): ArmId {
  return gallery ? childId(gallery, 'images', name) : childId(resourceGroup, 'providers/Microsoft.Compute/images', name)
}
