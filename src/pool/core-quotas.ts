/**
 * Pure: the cores that an account or its subscription has, uses, and needs for a pool.
 * https://learn.microsoft.com/azure/batch/batch-quota-limit
 */
import { type ArmId, partsOf, regionName } from '../model/arm-id.ts'
import { type BatchAccount, type BatchVmSize, type Pool, vmSizeNamed } from '../model/batch.ts'
import type { ComputeUsage } from '../model/compute.ts'
import { count, type NodeTotals } from '../model/nodes.ts'

export interface CoreQuota {
  /** E.g. `dedicated cores`. */
  readonly name: string
  readonly kind: Kind
  /** Of a quota for one VM family. */
  readonly family?: string
  readonly quota: number
  /** Cores of the pools that keep their nodes, including nodes that resizes in progress will add. */
  readonly used: number
  /** Cores that the pool needs in all. */
  readonly needed: number
  /** 0 where Batch does not report the cores of the VM size. */
  readonly coresPerNode: number
}

type Kind = keyof NodeTotals

/** What counts against the quotas besides the requested pool. */
export interface CoreUse {
  /** Pools that keep their nodes. */
  readonly staying: readonly Pool[]
  /** Pools whose nodes are removed before new ones are requested. */
  readonly leaving: readonly Pool[]
  /** The usages of the subscription, where its quotas apply and the identity may read them. */
  readonly usages?: readonly ComputeUsage[]
}

/** Equal for accounts whose nodes count against the same quotas: in user subscription mode, those of one subscription and region. */
export const coreOwner = ({ id, location, poolAllocationMode }: BatchAccount): string =>
  (poolAllocationMode === 'UserSubscription' ? `${partsOf(id as ArmId).subscriptionId} ${regionName(location)}` : id).toLowerCase()

/** What a quota counts: all cores of a kind, or those of one VM family. */
type Scope = Pick<CoreQuota, 'kind' | 'family'>

/** A pool of `vmSize` at `target`, and the account whose quotas it must fit into. */
interface CoreDemand {
  readonly account: BatchAccount
  readonly vmSizes: readonly BatchVmSize[]
  readonly use: CoreUse
  readonly vmSize: string
  readonly target: NodeTotals
}

/** The quotas that apply to a pool of `vmSize` at `target`; none where Azure reports none. */
export function coreQuotas({ account, vmSizes, use, vmSize, target }: CoreDemand): readonly CoreQuota[] {
  const size = vmSizeNamed(vmSize, vmSizes)
  const family = size?.familyName
  const isOfSubscription = account.poolAllocationMode === 'UserSubscription'
  const scopes: readonly Scope[] = [
    { kind: 'dedicated' },
    ...(family ? [{ kind: 'dedicated', family } as const] : []),
    { kind: 'lowPriority' },
  ]
  return scopes.flatMap((scope) => {
    const { kind } = scope
    const found = isOfSubscription ? ofSubscription(scope, vmSizes, use) : ofAccount(scope, account, vmSizes, use)
    if (!found || target[kind] === 0) return []
    const cores = `${kind === 'dedicated' ? 'dedicated' : 'Spot'} cores${scope.family ? ` of ${scope.family}` : ''}`
    const name = isOfSubscription ? `${cores} in the subscription` : cores
    return [{ name, ...scope, ...found, needed: target[kind] * coresIn(size), coresPerNode: coresIn(size) }]
  })
}

type Figures = Pick<CoreQuota, 'quota' | 'used'>

/** Azure's own count includes the nodes of the pools, and those that a resize in progress will add. */
function ofSubscription(scope: Scope, vmSizes: readonly BatchVmSize[], { usages, leaving }: CoreUse): Figures | undefined {
  const counted = scope.family ?? (scope.kind === 'dedicated' ? 'cores' : 'lowPriorityCores')
  const usage = usages?.find(({ name }) => name.toLowerCase() === counted.toLowerCase())
  if (!usage) return undefined
  const givenBack = coresOfPools(leaving, scope, vmSizes, currentNodes)
  return { quota: usage.limit, used: Math.max(0, usage.currentValue - givenBack) }
}

function ofAccount(scope: Scope, account: BatchAccount, vmSizes: readonly BatchVmSize[], { staying }: CoreUse): Figures | undefined {
  const quota = limitOf(scope, account)
  return quota === undefined ? undefined : { quota, used: coresOfPools(staying, scope, vmSizes, nodesOf) }
}

function limitOf({ kind, family }: Scope, account: BatchAccount): number | undefined {
  if (kind === 'lowPriority') return account.lowPriorityCoreQuota
  if (family === undefined) return account.dedicatedCoreQuota
  if (!account.dedicatedCoreQuotaPerVMFamilyEnforced) return undefined
  return account.dedicatedCoreQuotaPerVMFamily?.find(({ name }) => name.toLowerCase() === family.toLowerCase())?.coreQuota ?? 0
}

function coresOfPools(
  pools: readonly Pool[],
  { kind, family }: Scope,
  vmSizes: readonly BatchVmSize[],
  count: (properties: Pool['properties'], kind: Kind) => number,
): number {
  return pools.reduce((sum, { properties }) => {
    const size = vmSizeNamed(properties.vmSize, vmSizes)
    return family === undefined || size?.familyName === family ? sum + count(properties, kind) * coresIn(size) : sum
  }, 0)
}

const TARGETS: Readonly<Record<Kind, string>> = { dedicated: 'target-dedicated-nodes', lowPriority: 'target-low-priority-nodes' }

/** What helps where a quota is too small: how many more cores, or how many nodes at most. `undefined` where the figures show no shortage. */
export function quotaRemedy({ name, quota, used, needed, kind, coresPerNode }: CoreQuota, where: string): string | undefined {
  const missing = used + needed - quota
  if (missing <= 0 || coresPerNode === 0) return undefined
  const fitting = Math.max(0, Math.floor((quota - used) / coresPerNode))
  const otherwise = fitting > 0 ? `set \`${TARGETS[kind]}\` to at most ${count(fitting)}` : 'use another VM size'
  return `Request ${count(missing)} more ${name} ${where}, or ${otherwise}.`
}

function currentNodes({ currentDedicatedNodes, currentLowPriorityNodes }: Pool['properties'], kind: Kind): number {
  return kind === 'dedicated' ? currentDedicatedNodes : currentLowPriorityNodes
}

/** Nodes that a resize in progress will add count as present. */
function nodesOf(properties: Pool['properties'], kind: Kind): number {
  const { allocationState, resizeOperationStatus } = properties
  const coming = kind === 'dedicated' ? resizeOperationStatus?.targetDedicatedNodes : resizeOperationStatus?.targetLowPriorityNodes
  return allocationState === 'Resizing' ? Math.max(currentNodes(properties, kind), coming ?? 0) : currentNodes(properties, kind)
}

/** vCPUs of a VM size; 0 where Batch does not report them. */
export function coresOf(vmSizes: readonly BatchVmSize[], name: string | undefined): number {
  return coresIn(vmSizeNamed(name, vmSizes))
}

const coresIn = (size: BatchVmSize | undefined): number => Number(size?.capabilities.vCPUs ?? 0)
