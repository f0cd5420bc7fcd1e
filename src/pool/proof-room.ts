/** Pure: whether the quotas have room for proof pools beside all others. */
import { sameId } from '../model/arm-id.ts'
import type { BatchAccount, BatchVmSize, Pool, PoolProperties } from '../model/batch.ts'
import type { ComputeUsage } from '../model/compute.ts'
import type { NodeTotals } from '../model/nodes.ts'
import { coreQuotas } from './core-quotas.ts'
import type { PoolPlan } from './pool-plan.ts'
import { totals } from './size.ts'

/** The quotas, and everything that uses them. */
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

/**
 * The quota that has no room for these proofs beside all pools as they are and as they grow meanwhile, in words; `undefined` where all have
 * room, or the quotas are unknown.
 */
export function shortageOf(proofs: readonly ProofNodes[], room: Room): string | undefined {
  const { plans, account, pools } = room
  const created = plans.filter(({ action }) => action === 'create')
  const count = pools.length + created.length + proofs.length
  if (account.poolQuota !== undefined && count > account.poolQuota)
    return `the quota of ${account.poolQuota} pools: there are ${pools.length + created.length}`
  const beside = plans.filter(({ action }) => !['reimage', 'replace', 'none'].includes(action)).map(growthOf)
  const short = demandOf([...beside, ...proofs.map(demandOfProof)], pools, [], room).find(
    ({ quota, used, needed }) => used + needed > quota,
  )
  return short && `the quota of ${short.quota} ${short.name}: ${short.used} are in use, ${short.needed} more are needed`
}

/** Whether the pools can grow to their targets while the proof pools still exist; `false` where the quotas are unknown. */
export function haveRoomForAll(proofs: readonly ProofNodes[], room: Room): boolean {
  const { plans, pools } = room
  const isPlanned = (pool: Pool) => plans.some(({ existing }) => existing !== undefined && sameId(existing.id, pool.id))
  const [leaving, staying] = [pools.filter(isPlanned), pools.filter((pool) => !isPlanned(pool))]
  const wanted = plans.map((plan): Demand => {
    const nodes = plan.request.autoScale && plan.existing ? totals(plan.existing) : plan.request.target
    return { vmSize: vmSizeOf(plan), nodes }
  })
  const hasFigures = proofs.every((proof) => demandOf([demandOfProof(proof)], staying, leaving, room).length > 0)
  const quotas = demandOf([...wanted, ...proofs.map(demandOfProof)], staying, leaving, room)
  return hasFigures && quotas.every(({ quota, used, needed }) => used + needed <= quota)
}

function demandOf(demands: readonly Demand[], staying: readonly Pool[], leaving: readonly Pool[], { account, vmSizes, usages }: Room) {
  const use = { staying, leaving, ...(usages && { usages }) }
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
