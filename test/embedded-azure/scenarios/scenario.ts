/** A scenario file: the world before the run, how it behaves, and what the action is asked. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import type { Assignment } from '../arm/access-control.ts'
import type { Manners } from '../arm/manners.ts'
import type { ScenarioDurations } from '../clock/durations.ts'

export interface Scenario {
  readonly description: string
  readonly inputs: Readonly<Record<string, string>>
  readonly expect: { readonly exitCode: number; readonly result: string }
  readonly vm: ScenarioVm
  /** Disk encryption sets in the resource group. */
  readonly encryptionSets?: readonly { readonly name: string; readonly region: string }[]
  readonly account: ScenarioAccount
  /** Other accounts of the resource group, each with a data plane of its own. */
  readonly otherAccounts?: readonly OtherAccount[]
  /** How long replication to a region takes, and whether it fails there; elsewhere as long as everywhere. */
  readonly replication?: Readonly<Record<string, { readonly minutes: number; readonly fails?: boolean }>>
  /** Pools that are there before the run. */
  readonly pools?: readonly ScenarioPool[]
  readonly jobs?: readonly ScenarioJob[]
  readonly jobSchedules?: readonly { readonly id: string; readonly poolId: string }[]
  /** What each growing resize brings, in order; the last one again and again. Nothing given: all nodes. */
  readonly resizes?: readonly ResizeBehaviour[]
  /** What becomes of nodes, by the order in which they came; others become idle. */
  readonly nodes?: readonly NodeFate[]
  /** How autoscale formulas fare; by default they are evaluated as soon as they are set. */
  readonly formula?: FormulaFate
  /** `nodecounts` answers what it counted up to so long ago. https://learn.microsoft.com/rest/api/batchservice/pools/list-pool-node-counts */
  readonly nodeCountsLagMinutes?: number
  /** How long a pool that was just made is not visible to those who ask, on either plane. */
  readonly unseenSeconds?: number
  /** What becomes of tasks that the caller adds, by the order in which they begin on a pool; others end with 0 after half a minute. */
  readonly tasks?: readonly TaskFate[]
  /** Versions of the VM's Marketplace image, in any order; default: only the one that the VM was made from. */
  readonly marketplace?: readonly ScenarioMarketplaceVersion[]
  /** What the public price list is like. */
  readonly prices?: ScenarioPrices
  /** Where operations last as long as here, and not as the recorded median. */
  readonly durations?: ScenarioDurations
  /** How Azure answers where it may answer in several ways. */
  readonly manners?: Manners
  /** Resource providers that are not registered in the subscription of the resource group, e.g. `Microsoft.Network`. */
  readonly unregistered?: readonly string[]
  /** Permissions that the caller does not have, e.g. `Microsoft.Compute/snapshots/write`. */
  readonly denied?: readonly string[]
  /** What the caller may do, as role definitions at scopes. Default: everything. */
  readonly roles?: readonly Assignment[]
}

export interface ScenarioMarketplaceVersion {
  readonly name: string
  /** Default: `Active`. */
  readonly state?: 'Active' | 'ScheduledForDeprecation' | 'Deprecated'
  /** ISO 8601. */
  readonly deprecatedAt?: string
  readonly alternativeOffer?: string
}

export interface ScenarioPrices {
  /** Items of a page. */
  readonly pageSize?: number
  /** VM sizes that the list does not have. */
  readonly without?: readonly string[]
}

export interface ScenarioDisk {
  /** Default: `Premium_LRS`. */
  readonly sku?: string
  readonly maxShares?: number
  readonly networkAccessPolicy?: 'AllowAll' | 'AllowPrivate' | 'DenyAll'
  /** Of a key of the customer's. */
  readonly diskEncryptionSetId?: string
}

export interface ScenarioVm {
  readonly name: string
  readonly os?: 'Linux' | 'Windows'
  readonly generation: 'V1' | 'V2'
  readonly architecture?: 'x64' | 'Arm64'
  readonly securityType?: 'TrustedLaunch' | 'ConfidentialVM'
  /** Default: the account's. */
  readonly region?: string
  readonly size?: string
  /** Absent: a VM that was not made from a Marketplace image. */
  readonly image?: {
    readonly publisher: string
    readonly offer: string
    readonly sku: string
    readonly version: string
    /** Where `version` is `latest`: what that was. */
    readonly exactVersion?: string
  }
  readonly plan?: { readonly publisher: string; readonly product: string; readonly name: string }
  readonly statuses: readonly string[]
  /** What is true inside. Default: generalized where `statuses` say so, and Linux has cloud-init. */
  readonly system?: { readonly isGeneralized?: boolean; readonly hasCloudInit?: boolean }
  readonly dataDisks: readonly ({ readonly lun: number; readonly sizeGiB: number } & ScenarioDisk)[]
  readonly osDisk?: ScenarioDisk & { readonly isEphemeral?: boolean }
  readonly extensions?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
}

export interface ScenarioAccount {
  readonly name: string
  readonly dedicatedCoreQuota: number
  readonly lowPriorityCoreQuota?: number
  readonly poolQuota?: number
  /** As before their retirement: pools may be made of managed images. */
  readonly acceptsManagedImages?: boolean
  /** Cores by VM family; given: enforced. */
  readonly familyQuota?: Readonly<Record<string, number>>
  /** Default: `BatchService`. In user subscription mode the account has a key vault, and `subscriptionCores` bind. */
  readonly poolAllocationMode?: 'UserSubscription'
  /** E.g. `cores`, `lowPriorityCores`, `standardDSv5Family`: what the subscription may have in the region, and uses besides the pools. */
  readonly subscriptionCores?: Readonly<Record<string, { readonly limit: number; readonly used: number }>>
}

export interface OtherAccount extends ScenarioAccount, Pick<Scenario, 'pools' | 'resizes' | 'nodes'> {
  readonly region: string
  /** Default: that of everything else. */
  readonly subscriptionId?: string
  /** Default: that of everything else. */
  readonly resourceGroup?: string
}

export interface ScenarioPool {
  readonly id: string
  /** As in ARM; `deploymentConfiguration` and `vmSize` at least. */
  readonly properties: Readonly<Record<string, unknown>>
  /** Dedicated nodes that are there. */
  readonly nodes: number
  /** How long the tasks on them still run. */
  readonly taskMinutes?: number
  /** Errors of the last resize, an hour ago. */
  readonly staleErrors?: readonly { readonly code: string; readonly message: string }[]
}

export interface ScenarioJob {
  readonly id: string
  /** Absent: the job makes a pool of its own. */
  readonly poolId?: string
  readonly state?: 'active' | 'disabled'
  readonly tasks?: { readonly count: number; readonly minutes: number }
}

export interface ResizeBehaviour {
  /** Of this pool only; default: of any. */
  readonly pool?: string
  /** Dedicated nodes that this resize brings; the rest times out. */
  readonly gain: number
  /** The reason the rest does not come; without one the resize lasts until its timeout. */
  readonly error?: ResizeFailure
}

export interface ResizeFailure {
  readonly code: string
  readonly message: string
  readonly details?: readonly { readonly code: string; readonly message: string }[]
}

export interface TaskFate {
  /** Of this pool only; default: of any. */
  readonly pool?: string
  readonly index: number
  readonly exitCode?: number
  /** How long it runs by itself; default: half a minute. */
  readonly minutes?: number
  readonly stdout?: string
  readonly stderr?: string
}

export interface NodeFate {
  /** Of this pool only; default: of any. */
  readonly pool?: string
  readonly index: number
  /** Only while the pool is on an image whose id ends so, e.g. `1.1.0`. */
  readonly onImage?: string
  /** `preempted`: of Spot nodes only. https://learn.microsoft.com/azure/batch/batch-spot-vms */
  readonly state: 'startTaskFailed' | 'unusable' | 'starting' | 'preempted'
  readonly exitCode?: number
  readonly stderr?: string
  readonly stdout?: string
  readonly errors?: readonly { readonly code: string; readonly message: string }[]
}

export interface FormulaFate {
  /** From a change of the formula to its first evaluation. */
  readonly delayMinutes?: number
  /** From an evaluation to the resize that it asks for: until then the pool is steady, and has the errors of its last resize. */
  readonly resizeAfterSeconds?: number
  /** Text that a formula must contain for its evaluation to fail. */
  readonly failsWith?: string
}

export const SUBSCRIPTION = '11111111-1111-4111-8111-111111111111'
export const TENANT = '22222222-2222-4222-8222-222222222222'
export const CLIENT = '33333333-3333-4333-8333-333333333333'
export const CLIENT_SECRET = 'embedded-azure-client-secret'
export const GROUP = 'render'
export const REGION = 'westeurope'
export const GROUP_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}`

/** The resource group of an account. */
export const groupIdOf = ({ subscriptionId = SUBSCRIPTION, resourceGroup = GROUP }: Partial<OtherAccount>): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`

/** Of an account in user subscription mode. */
export const KEY_VAULT_ID = `${GROUP_ID}/providers/Microsoft.KeyVault/vaults/batchsecrets`

const FOLDER = import.meta.dirname

export function scenarioNames(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => path.parse(file).name)
}

export function loadScenario(name: string): Scenario {
  return parse(readFileSync(path.join(FOLDER, `${name}.yaml`), 'utf8')) as Scenario
}
