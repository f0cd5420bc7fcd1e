/** Pure: whether the quotas have room for proof pools beside all others. */
import { sameId } from '../model/arm-id.ts'
import type { BatchAccount, BatchVmSize, Pool, PoolProperties } from '../model/batch.ts'
import type { ComputeUsage } from '../model/compute.ts'
import type { NodeTotals } from '../model/nodes.ts'
import { type CoreUse, coreQuotas } from './core-quotas.ts'
import type { PoolPlan } from './pool-plan.ts'
import { totals } from './size.ts'

/** What is known of the quotas of an account, and of who uses them. */
export interface Room {
  readonly plans: readonly PoolPlan[]
  readonly account: BatchAccount
  /** All pools of the account. */
  readonly pools: readonly Pool[]
  readonly vmSizes: readonly BatchVmSize[]
  readonly usages?: readonly ComputeUsage[]
}

/** The part of a proof that takes up room. */
export interface ProofNodes {
  readonly properties: Pick<PoolProperties, 'vmSize'>
  readonly target: NodeTotals
}

interface Demand {
  readonly vmSize: string
  readonly nodes: NodeTotals
}

/** An account with the proofs that are planned for it. */
export interface Occupant {
  readonly room: Room
  readonly proofs: readonly ProofNodes[]
}

/**
 * The quota that has no room for an account's proofs, in words, beside all pools as they are and as they grow meanwhile, and beside the
 * proofs of other accounts that use the same cores; `undefined` where all have room, or the quotas are unknown.
 */
export function shortageOf(own: Occupant, others: readonly Occupant[]): string | undefined {
  const { plans, account, pools } = own.room
  const created = plans.filter(({ action }) => action === 'create')
  const count = pools.length + created.length + own.proofs.length
  if (account.poolQuota !== undefined && count > account.poolQuota)
    return `the quota of ${account.poolQuota} pools: there are ${pools.length + created.length}`
  const occupants = [own, ...others]
  const growing = ({ room }: Occupant) => room.plans.filter(({ action }) => !['reimage', 'replace', 'none'].includes(action)).map(growthOf)
  const demands = occupants.flatMap((one) => [...growing(one), ...one.proofs.map(demandOfProof)])
  const use = { staying: occupants.flatMap(({ room }) => room.pools), leaving: [] }
  const short = demandOf(demands, use, own.room).find(({ quota, used, needed }) => used + needed > quota)
  return short && `the quota of ${short.quota} ${short.name}: ${short.used} are in use, ${short.needed} more are needed`
}

/** Whether the pools of accounts that use the same cores can grow to their targets while the proof pools still exist; `false` where the quotas are unknown. */
export function haveRoomForAll(occupants: readonly Occupant[]): boolean {
  const [first] = occupants
  if (!first) return true
  const plans = occupants.flatMap(({ room }) => room.plans)
  const pools = occupants.flatMap(({ room }) => room.pools)
  const proofs = occupants.flatMap((one) => one.proofs)
  const isPlanned = (pool: Pool) => plans.some(({ existing }) => existing !== undefined && sameId(existing.id, pool.id))
  const use = { staying: pools.filter((pool) => !isPlanned(pool)), leaving: pools.filter(isPlanned) }
  const wanted = plans.map((plan): Demand => {
    const nodes = plan.request.autoScale && plan.existing ? totals(plan.existing) : plan.request.target
    return { vmSize: vmSizeOf(plan), nodes }
  })
  const hasFigures = proofs.every((proof) => demandOf([demandOfProof(proof)], use, first.room).length > 0)
  const quotas = demandOf([...wanted, ...proofs.map(demandOfProof)], use, first.room)
  return hasFigures && quotas.every(({ quota, used, needed }) => used + needed <= quota)
}

function demandOf(demands: readonly Demand[], pools: Omit<CoreUse, 'usages'>, { account, vmSizes, usages }: Room) {
  const use = { ...pools, ...(usages && { usages }) }
  const quotas = demands.flatMap(({ vmSize, nodes }) => coreQuotas({ account, vmSizes, use, vmSize, target: nodes }))
  return [...new Set(quotas.map(({ name }) => name))].map((name) => {
    const ofName = quotas.filter((one) => one.name === name)
    return { name, quota: ofName[0]?.quota ?? 0, used: ofName[0]?.used ?? 0, needed: ofName.reduce((sum, { needed }) => sum + needed, 0) }
  })
}

const demandOfProof = ({ properties, target }: ProofNodes): Demand => ({ vmSize: properties.vmSize ?? '', nodes: target })

const vmSizeOf = ({ request, existing }: PoolPlan): string => request.properties.vmSize ?? existing?.properties.vmSize ?? ''

/** The nodes that a pool with an unchanged image gets in addition to those that it has. */
function growthOf(plan: PoolPlan): Demand {
  const has = plan.action !== 'blue-green' && plan.existing ? totals(plan.existing) : { dedicated: 0, lowPriority: 0 }
  const { target } = plan.request
  const nodes = { dedicated: Math.max(0, target.dedicated - has.dedicated), lowPriority: Math.max(0, target.lowPriority - has.lowPriority) }
  return { vmSize: vmSizeOf(plan), nodes }
}
