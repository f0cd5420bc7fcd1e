import { type ArmId, sameId } from '../model/arm-id.ts'
import type { BatchAccount, BatchVmSize, Pool } from '../model/batch.ts'
import type { SupportedImage } from '../model/batch-service.ts'
import type {
  ComputeUsage,
  Disk,
  DiskEncryptionSet,
  Gallery,
  ImageDefinition,
  ImageVersion,
  ManagedImage,
  Snapshot,
  StorageAccount,
  VirtualMachine,
  VmExtension,
} from '../model/compute.ts'
import type { MarketplaceVersion } from '../model/marketplace.ts'
import type { SizePrices } from '../model/prices.ts'
import type { ImageDate } from './image-dates.ts'
import type { ScopePermissions } from './permissions.ts'

/**
 * What was read before anything is decided, as far as it concerns the pools of one Batch account. A member that is absent does not exist in
 * Azure, or was not read.
 */
export interface Observed extends AccountContent {
  readonly vm?: {
    readonly vm: VirtualMachine
    readonly extensions: readonly VmExtension[]
    /** The OS disk first, then data disks by LUN. */
    readonly disks: readonly Disk[]
  }
  /**
   * The versions of the Marketplace image that the VM was made from, in no order; absent where there is none, or where they could not be
   * read.
   */
  readonly baseVersions?: readonly MarketplaceVersion[]
  /** Snapshots that are the source. */
  readonly sourceSnapshots?: readonly Snapshot[]
  /** The managed image that is the source, with its creation time where the identity may read it. */
  readonly sourceImage?: ManagedImage
  /** The image that is the source, to be used as it is: a version with its definition, or a managed image. */
  readonly givenImage?:
    | { readonly kind: 'gallery'; readonly version: ImageVersion; readonly definition: ImageDefinition }
    | { readonly kind: 'managed'; readonly image: ManagedImage }
  /** The storage accounts that hold the VHDs of the source, as far as they are found. */
  readonly storageAccounts?: readonly StorageAccount[]
  /** Azure's own clock when all this was read, ISO 8601. */
  readonly azureTime?: string
  /** Resource providers that the run needs and that are not registered, with Azure's word for their state. */
  readonly unregistered?: readonly { readonly subscriptionId: string; readonly namespace: string; readonly state: string }[]
  /** With `capture: copy`, where the identity may read them: Compute's usages in the region of the VM, and the VM sizes there. */
  readonly copyRoom?: { readonly usages: readonly ComputeUsage[]; readonly sizes: readonly BatchVmSize[] }
  /** Numbers of deleted versions that a gallery with soft delete still holds; absent where it deletes at once. */
  readonly softDeletedVersions?: readonly string[]
  /** The sets that `disk-encryption-sets` names and the identity may read, by lower-case id; `undefined` for one that does not exist. */
  readonly encryptionSets?: ReadonlyMap<string, DiskEncryptionSet | undefined>
  readonly gallery?: Gallery
  readonly definition?: ImageDefinition
  readonly versions: readonly ImageVersion[]
  /** Managed images of the resource group. */
  readonly images: readonly ManagedImage[]
  /** Snapshots of the resource group. */
  readonly snapshots: readonly Snapshot[]
  /** The permissions of the identity, by resource or group, where Azure reports them. */
  readonly permissions?: readonly ScopePermissions[]
}

/** What was read of a Batch account. */
export interface AccountContent {
  readonly account?: BatchAccount
  /** All pools of the account. */
  readonly pools: readonly Pool[]
  /** The dates of the images of these pools, as far as they can be read and are not among `versions`. */
  readonly imageDates?: readonly ImageDate[]
  /** With `show-cost`. */
  readonly prices?: readonly SizePrices[]
  /** Why the data plane cannot be used; absent where it can. */
  readonly dataPlaneRefusal?: { readonly reason: string; readonly fix: string; readonly link?: string }
  /** Absent where the data plane cannot be reached. */
  readonly supportedImages?: readonly SupportedImage[]
  readonly vmSizes: readonly BatchVmSize[]
  /** The usages of the subscription of an account in user subscription mode, where the identity may read them. */
  readonly usages?: readonly ComputeUsage[]
  /** The image's subscription, where it is not the account's. */
  readonly imageSubscription?: { readonly isBatchRegistered: boolean; readonly tenantId?: string; readonly accountTenantId?: string }
}

export interface ObservedAccount extends AccountContent {
  /** As the inputs name it. */
  readonly id: ArmId
}

/** What was read for a run, with the pools of any number of accounts. */
export interface ObservedFleet extends Omit<Observed, keyof AccountContent> {
  /** In the order of `FleetSettings.accounts`. */
  readonly accounts: readonly ObservedAccount[]
}

const NO_ACCOUNT: AccountContent = { pools: [], vmSizes: [] }

/** What was read, as far as it concerns the pools of this account. */
export function observedIn(account: ArmId | undefined, { accounts, ...others }: ObservedFleet): Observed {
  const { id: _, ...content } = accounts.find(({ id }) => sameId(id, account)) ?? { id: account, ...NO_ACCOUNT }
  return { ...others, ...content }
}

/** What was read, with the pools of all accounts. Whatever else differs between accounts is that of the first one. */
export function observedAcross(fleet: ObservedFleet): Observed {
  const [first] = fleet.accounts
  return {
    ...observedIn(first?.id, fleet),
    pools: fleet.accounts.flatMap(({ pools }) => pools),
    imageDates: fleet.accounts.flatMap(({ imageDates = [] }) => imageDates),
  }
}
