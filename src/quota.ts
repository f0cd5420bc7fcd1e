/** Pure: cores that an account has, uses, and needs for a pool. https://learn.microsoft.com/azure/batch/batch-quota-limit */
import type { NodeTotals } from './events.ts'
import type { BatchAccount, BatchVmSize, Pool } from './ports.ts'

export interface CoreQuota {
  /** E.g. `dedicated cores`. */
  readonly name: string
  readonly quota: number
  /** Cores of the pools given, with what their resizes under way bring. */
  readonly used: number
  /** Cores that the pool needs in all. */
  readonly needed: number
}

type Kind = keyof NodeTotals

/** Quotas that bind a pool of `vmSize` at `target`; none where the account does not tell (user subscription mode). */
export function coreQuotas(
  account: BatchAccount,
  vmSizes: readonly BatchVmSize[],
  pools: readonly Pool[],
  vmSize: string,
  target: NodeTotals,
): readonly CoreQuota[] {
  const family = sizeOf(vmSizes, vmSize)?.familyName
  const used = (kind: Kind, isCounted: (size: BatchVmSize | undefined) => boolean) =>
    pools.reduce((sum, { properties }) => {
      const size = sizeOf(vmSizes, properties.vmSize)
      const nodes = nodesOf(properties, kind)
      return isCounted(size) ? sum + nodes * coresIn(size) : sum
    }, 0)
  const needed = (kind: Kind) => target[kind] * coresIn(sizeOf(vmSizes, vmSize))
  const familyQuota = account.dedicatedCoreQuotaPerVMFamily?.find(({ name }) => name.toLowerCase() === family?.toLowerCase())
  const quota = (name: string, kind: Kind, limit: number | undefined, isCounted: (size: BatchVmSize | undefined) => boolean) =>
    limit === undefined || target[kind] === 0 ? [] : [{ name, quota: limit, used: used(kind, isCounted), needed: needed(kind) }]
  return [
    ...quota('dedicated cores', 'dedicated', account.dedicatedCoreQuota, () => true),
    ...(account.dedicatedCoreQuotaPerVMFamilyEnforced && family
      ? quota(`dedicated cores of ${family}`, 'dedicated', familyQuota?.coreQuota ?? 0, (size) => size?.familyName === family)
      : []),
    ...quota('Spot cores', 'lowPriority', account.lowPriorityCoreQuota, () => true),
  ]
}

/** Those that a resize under way still brings are as good as there. */
function nodesOf(
  { currentDedicatedNodes, currentLowPriorityNodes, allocationState, resizeOperationStatus }: Pool['properties'],
  kind: Kind,
): number {
  const [current, coming = 0] =
    kind === 'dedicated'
      ? [currentDedicatedNodes, resizeOperationStatus?.targetDedicatedNodes]
      : [currentLowPriorityNodes, resizeOperationStatus?.targetLowPriorityNodes]
  return allocationState === 'Resizing' ? Math.max(current, coming) : current
}

function sizeOf(vmSizes: readonly BatchVmSize[], name: string | undefined): BatchVmSize | undefined {
  return vmSizes.find((size) => size.name.toLowerCase() === name?.toLowerCase())
}

/** vCPUs of a VM size; 0 where Batch does not tell. */
export function coresOf(vmSizes: readonly BatchVmSize[], name: string | undefined): number {
  return coresIn(sizeOf(vmSizes, name))
}

const coresIn = (size: BatchVmSize | undefined): number => Number(size?.capabilities.vCPUs ?? 0)
