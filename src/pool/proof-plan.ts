/** Which pools have their new image proven on nodes of a separate pool before they lose a node themselves, and what that pool is like. */
import type { PoolSettings } from '../config/config.ts'
import { type ArmId, childId } from '../model/arm-id.ts'
import { type Pool, poolNamed } from '../model/batch.ts'
import { type NodeTotals, nodesOf } from '../model/nodes.ts'
import type { PoolPlan } from './pool-plan.ts'
import { bodyOf, candidateOf, groupsOf, needsProof, type ProofBody } from './proof-body.ts'
import { abandonedProofs, proofName, provenBy, sameName } from './proof-pools.ts'
import { haveRoomForAll, type Room, shortageOf } from './proof-room.ts'

/** A pool that shows on one or a few nodes that the new image works. It is deleted afterwards. */
export interface ProofPlan extends ProofBody {
  readonly id: ArmId
  readonly name: string
  /** Names of the pools that wait for it; it is named after the first. */
  readonly proves: readonly string[]
  readonly target: NodeTotals
  /** ISO 8601. */
  readonly resizeTimeout: string
  /** Who guarantees that the system in the image is generalized. Default: `unknown`. */
  readonly generalization?: PoolPlan['generalization']
  /** `canary-nodes: auto`: if Azure answers that a quota leaves no room, the run continues without the proof. */
  readonly isOptional: boolean
  /** Its pools can grow only once it is gone: for a managed image, or because the quotas have no room for both. */
  readonly goesFirst: boolean
}

/** A proof for which the quotas leave no room. */
export interface UnprovenPlan {
  readonly proves: readonly string[]
  /** E.g. `the quota of 40 dedicated cores: 36 are in use, 8 more are needed`. */
  readonly shortage: string
  /** A number of canary nodes was requested. */
  readonly isDemanded: boolean
}

/** Everything about proofs that a run decides before its first write. */
export interface ProofPlans {
  readonly proofs: readonly ProofPlan[]
  readonly unproven: readonly UnprovenPlan[]
  /** Names of proof pools that other pools have already. */
  readonly taken: readonly { readonly name: string; readonly proves: readonly string[] }[]
  /** Proof pools of interrupted runs. */
  readonly leftovers: readonly Pool[]
}

export const NO_PROOFS: ProofPlans = { proofs: [], unproven: [], taken: [], leftovers: [] }

export interface ProofQuestion extends Room {
  readonly settings: PoolSettings
  /** The image is a managed image, which serves only one pool at a time. */
  readonly isManagedImage: boolean
  /** Distinguishes this run from every other, and from an earlier attempt of the same run. */
  readonly runToken: string
  readonly now: Date
}

export function planProofs(question: ProofQuestion): ProofPlans {
  const { plans, settings, account, pools, now, runToken } = question
  const leftovers = abandonedProofs(
    pools,
    plans.map(({ request }) => request.id),
    now,
  )
  if (settings.canaryNodes === 0 || settings.strategy === 'fail') return { ...NO_PROOFS, leftovers }
  const groups = groupsOf(plans.filter(needsProof).map(candidateOf))
  const others = pools.filter((pool) => !leftovers.includes(pool))
  // A proof pool that is still being deleted takes up room, but its name will be free: the run waits for that.
  const foreign = others.filter((pool) => provenBy(pool) === undefined)
  const nodes = settings.canaryNodes === 'auto' ? 1 : settings.canaryNodes
  const accepted: ProofPlan[] = []
  const unproven: UnprovenPlan[] = []
  const taken: { name: string; proves: readonly string[] }[] = []
  for (const group of groups) {
    const [first] = group
    if (!first) continue
    const proves = group.map(({ plan }) => plan.request.id)
    const name = proofName(proves[0] ?? '')
    if (
      poolNamed(name, foreign) ||
      [...accepted, ...plans.map(({ request }) => ({ name: request.id }))].some((one) => sameName(one, name))
    ) {
      taken.push({ name, proves })
      continue
    }
    const target = first.isSpot ? { dedicated: 0, lowPriority: nodes } : { dedicated: nodes, lowPriority: 0 }
    const proof: ProofPlan = {
      id: childId(account.id as ArmId, 'pools', name),
      name,
      proves,
      ...bodyOf(first, target, { name: proves[0] ?? '', runToken }),
      target,
      resizeTimeout: first.plan.request.resizeTimeout,
      ...(first.plan.generalization && { generalization: first.plan.generalization }),
      isOptional: settings.canaryNodes === 'auto',
      goesFirst: question.isManagedImage,
    }
    const shortage = shortageOf([...accepted, proof], { ...question, pools: others })
    if (shortage) unproven.push({ proves, shortage, isDemanded: settings.canaryNodes !== 'auto' })
    else accepted.push(proof)
  }
  const isCrowded = accepted.length > 0 && !haveRoomForAll(accepted, { ...question, pools: others })
  return { proofs: isCrowded ? accepted.map((proof) => ({ ...proof, goesFirst: true })) : accepted, unproven, taken, leftovers }
}

/** E.g. `1 dedicated node on the new image, before a node of pool render goes; deleted afterwards`. */
export function describeProof({ target, proves, leftOut }: ProofPlan): string {
  const pools = proves.length === 1 ? `pool ${proves[0]}` : `pools ${proves.join(', ')}`
  const without = leftOut.length > 0 ? `; it goes without ${leftOut.join(', and ')}` : ''
  return `${nodesOf(target)} on the new image, before a node of ${pools} goes; deleted afterwards${without}`
}
