/** Pure: cores that an account, or its subscription, has, uses, and needs for a pool. https://learn.microsoft.com/azure/batch/batch-quota-limit */
import { type BatchAccount, type BatchVmSize, type Pool, vmSizeNamed } from '../model/batch.ts'
import type { ComputeUsage } from '../model/compute.ts'
import type { NodeTotals } from '../model/nodes.ts'

export interface CoreQuota {
  /** E.g. `dedicated cores`. */
  readonly name: string
  readonly quota: number
  /** Cores of the pools that stay, with those that resizes under way will add. */
  readonly used: number
  /** Cores that the pool needs in all. */
  readonly needed: number
}

type Kind = keyof NodeTotals

/** What counts against the quotas besides the pool that is asked for. */
export interface CoreUse {
  /** Pools that keep their nodes. */
  readonly staying: readonly Pool[]
  /** Pools whose nodes go before others come. */
  readonly leaving: readonly Pool[]
  /** Of the subscription, where its quotas bind and may be read. */
  readonly usages?: readonly ComputeUsage[]
}

type IsCounted = (size: BatchVmSize | undefined) => boolean

/** Quotas that bind a pool of `vmSize` at `target`; none where Azure reports none. */
export function coreQuotas(
  account: BatchAccount,
  vmSizes: readonly BatchVmSize[],
  use: CoreUse,
  vmSize: string,
  target: NodeTotals,
): readonly CoreQuota[] {
  const family = vmSizeNamed(vmSize, vmSizes)?.familyName
  const isOfFamily: IsCounted = (size) => size?.familyName === family
  const coresOfPools = (pools: readonly Pool[], isCounted: IsCounted, nodesOf: (properties: Pool['properties']) => number) =>
    pools.reduce((sum, { properties }) => {
      const size = vmSizeNamed(properties.vmSize, vmSizes)
      return isCounted(size) ? sum + nodesOf(properties) * coresIn(size) : sum
    }, 0)
  const quota = (name: string, kind: Kind, limit: number | undefined, used: () => number): readonly CoreQuota[] =>
    limit === undefined || target[kind] === 0
      ? []
      : [{ name, quota: limit, used: used(), needed: target[kind] * coresIn(vmSizeNamed(vmSize, vmSizes)) }]

  if (account.poolAllocationMode === 'UserSubscription') {
    // Azure's count includes the nodes of the pools, and those that a resize under way will add.
    const ofSubscription = (name: string, kind: Kind, counted: string, isCounted: IsCounted): readonly CoreQuota[] => {
      const usage = use.usages?.find((one) => one.name.toLowerCase() === counted.toLowerCase())
      const givenBack = () => coresOfPools(use.leaving, isCounted, (properties) => currentNodes(properties, kind))
      return quota(`${name} in the subscription`, kind, usage?.limit, () => Math.max(0, (usage?.currentValue ?? 0) - givenBack()))
    }
    return [
      ...ofSubscription('dedicated cores', 'dedicated', 'cores', () => true),
      ...(family ? ofSubscription(`dedicated cores of ${family}`, 'dedicated', family, isOfFamily) : []),
      ...ofSubscription('Spot cores', 'lowPriority', 'lowPriorityCores', () => true),
    ]
  }

  const ofAccount = (name: string, kind: Kind, limit: number | undefined, isCounted: IsCounted = () => true) =>
    quota(name, kind, limit, () => coresOfPools(use.staying, isCounted, (properties) => nodesOf(properties, kind)))
  const familyQuota = account.dedicatedCoreQuotaPerVMFamily?.find(({ name }) => name.toLowerCase() === family?.toLowerCase())
  return [
    ...ofAccount('dedicated cores', 'dedicated', account.dedicatedCoreQuota),
    ...(account.dedicatedCoreQuotaPerVMFamilyEnforced && family
      ? ofAccount(`dedicated cores of ${family}`, 'dedicated', familyQuota?.coreQuota ?? 0, isOfFamily)
      : []),
    ...ofAccount('Spot cores', 'lowPriority', account.lowPriorityCoreQuota),
  ]
}

function currentNodes({ currentDedicatedNodes, currentLowPriorityNodes }: Pool['properties'], kind: Kind): number {
  return kind === 'dedicated' ? currentDedicatedNodes : currentLowPriorityNodes
}

/** Nodes that a resize under way will add count as present. */
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
