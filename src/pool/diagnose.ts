/** What Azure's message leaves out: the numbers behind a quota, or which resource of the pool is gone. */
import { AzureError } from '../errors/azure-error.ts'
import type { ResizeError } from '../errors/resize-errors.ts'
import { type ArmId, partsOf } from '../model/arm-id.ts'
import type { BatchAccount, Pool } from '../model/batch.ts'
import { count, type NodeTotals } from '../model/nodes.ts'
import type { StepContext } from '../run/context.ts'
import { type CoreQuota, coreQuotas, quotaRemedy } from './core-quotas.ts'
import { faultsOf } from './pool-needs.ts'

export interface Diagnosis {
  readonly words: string
  /** What to do, where the figures allow better advice than the code. */
  readonly hint?: string
  /** Something is gone, or a quota is used up: another resize cannot help. */
  readonly isFinal: boolean
}

/** A pool that is short of its target. */
export interface ShortPool {
  readonly pool: Pool
  readonly target: NodeTotals
  readonly account: BatchAccount
}

/** Errors that a missing resource may cause. */
const MAY_MISS_SOMETHING = new Set([
  'allocationfailed',
  'dependentresourcenotfound',
  'failedidentityoperation',
  'diskencryptionfailure',
  'unknown',
])

/** The cause of a resize error; `undefined` where none was found. Never throws. */
export async function diagnose(error: ResizeError, short: ShortPool, context: StepContext): Promise<Diagnosis | undefined> {
  try {
    const quota = quotaOf(error, short.account)
    if (quota) return await quotaNumbers(quota, short, context)
    if (!MAY_MISS_SOMETHING.has(error.code.toLowerCase())) return undefined
    const found = await faultsOf(short.pool, short.account, context)
    if (found.length === 0) return undefined
    return {
      words: `Resources that the pool needs: ${found.map(({ words }) => words).join('; ')}.`,
      isFinal: found.some(({ isGone }) => isGone),
    }
  } catch {
    return undefined
  }
}

interface ReachedQuota {
  readonly kind: keyof NodeTotals
  readonly isOfFamily: boolean
}

/** By the code; in user subscription mode by the words of the compute provider. */
function quotaOf({ code, innermostMessage = '' }: ResizeError, { poolAllocationMode }: BatchAccount): ReachedQuota | undefined {
  const ofProvider = poolAllocationMode === 'UserSubscription' ? /approved (.*cores) quota/i.exec(innermostMessage)?.[1] : undefined
  const words = /quota/i.test(code) ? code : ofProvider
  if (!words) return undefined
  return { kind: /low.?priority|spot/i.test(words) ? 'lowPriority' : 'dedicated', isOfFamily: /series|family/i.test(words) }
}

async function quotaNumbers(
  { kind, isOfFamily }: ReachedQuota,
  { pool: { name, properties }, target, account: { id } }: ShortPool,
  { batch, compute }: StepContext,
): Promise<Diagnosis | undefined> {
  const account = await batch.getAccount(id as ArmId)
  if (!account) return undefined
  const { location, poolAllocationMode } = account
  try {
    const [pools, vmSizes, usages] = await Promise.all([
      batch.listPools(id as ArmId),
      batch.listVmSizes(id as ArmId, location),
      poolAllocationMode === 'UserSubscription' ? compute.listUsages(partsOf(id as ArmId).subscriptionId, location) : undefined,
    ])
    const isThis = (other: Pool) => other.name === name
    const use = { staying: pools.filter((other) => !isThis(other)), leaving: pools.filter(isThis), ...(usages && { usages }) }
    const quotas = coreQuotas({ account, vmSizes, use, vmSize: properties.vmSize ?? '', target })
    const relevant = quotas.filter((quota) => quota.kind === kind)
    const found = relevant.find((quota) => (quota.family !== undefined) === isOfFamily) ?? relevant[0]
    return found && quotaDiagnosis(found, account)
  } catch (error) {
    if (!(error instanceof AzureError) || error.status !== 403) throw error
    return { words: `The quota cannot be compared. ${error.explanation.hint}`, isFinal: false }
  }
}

/** The quota in figures. */
export function quotaDiagnosis(found: CoreQuota, { name, location, poolAllocationMode }: BatchAccount): Diagnosis {
  const { quota, used, needed } = found
  const hint = quotaRemedy(
    found,
    poolAllocationMode === 'UserSubscription' ? `in ${location}` : `for Batch account \`${name}\` in ${location}`,
  )
  return {
    words: `The quota of ${found.name} is ${count(quota)}: ${count(used)} are in use elsewhere, and this pool needs ${count(needed)} in all.`,
    isFinal: true,
    ...(hint && { hint }),
  }
}
