/** Which pools have their new image proven on nodes of a separate pool before they lose a node themselves, and what that pool is like. */
import type { PoolSettings } from '../config/config.ts'
import { type ArmId, childId } from '../model/arm-id.ts'
import { type Pool, poolNamed } from '../model/batch.ts'
import { type NodeTotals, nodesOf } from '../model/nodes.ts'
import { coreOwner } from './core-quotas.ts'
import type { PoolPlan } from './pool-plan.ts'
import { bodyOf, candidateOf, groupsOf, needsProof, type ProofBody, type ProofGroup } from './proof-body.ts'
import { abandonedProofs, proofName, provenBy, sameName } from './proof-pools.ts'
import { haveRoomForAll, type Occupant, type Room, shortageOf } from './proof-room.ts'

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
  /** Its pools can grow only once it is gone: a managed image belongs to one pool. */
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
  /**
   * The quotas may have no room for all pools at their targets beside the proofs: no pool is drained before all other proofs are gone, nor
   * grown before its own is.
   */
  readonly isCrowded: boolean
  readonly unproven: readonly UnprovenPlan[]
  /** Names of proof pools that other pools have already. */
  readonly taken: readonly { readonly name: string; readonly proves: readonly string[] }[]
  /** Proof pools of interrupted runs. */
  readonly leftovers: readonly Pool[]
}

export const NO_PROOFS: ProofPlans = { proofs: [], isCrowded: false, unproven: [], taken: [], leftovers: [] }

export interface ProofQuestion extends Room {
  readonly settings: PoolSettings
  /** The image is a managed image, which serves only one pool at a time. */
  readonly isManagedImage: boolean
  /** Distinguishes this run from every other, and from an earlier attempt of the same run. */
  readonly runToken: string
  readonly now: Date
}

/** One for each account, in their order. Accounts that use the same cores leave each other room. */
export function planProofs(questions: readonly ProofQuestion[]): readonly ProofPlans[] {
  const chosen: ProofPlans[] = []
  for (const question of questions) chosen.push(chooseProofs(question, sharers(question, questions, chosen)))
  return chosen.map((own, index): ProofPlans => {
    const question = questions[index]
    const occupants = question ? [occupantOf(question, own), ...sharers(question, questions, chosen)] : []
    const isCrowded = occupants.some(({ proofs }) => proofs.length > 0) && !haveRoomForAll(occupants)
    return { ...own, isCrowded }
  })
}

/** Other accounts that use the same cores, with the proofs that are chosen for them so far. */
function sharers(own: ProofQuestion, questions: readonly ProofQuestion[], chosen: readonly ProofPlans[]): readonly Occupant[] {
  return questions.flatMap((other, index) =>
    other !== own && coreOwner(other.account) === coreOwner(own.account) ? [occupantOf(other, chosen[index] ?? NO_PROOFS)] : [],
  )
}

const occupantOf = (question: ProofQuestion, { proofs }: Pick<ProofPlans, 'proofs'>): Occupant => ({
  room: { ...question, pools: stayingIn(question) },
  proofs,
})

const leftoversIn = ({ plans, pools, now }: ProofQuestion): readonly Pool[] =>
  abandonedProofs(
    pools,
    plans.map(({ request }) => request.id),
    now,
  )

const stayingIn = (question: ProofQuestion): readonly Pool[] => {
  const leftovers = leftoversIn(question)
  return question.pools.filter((pool) => !leftovers.includes(pool))
}

function chooseProofs(question: ProofQuestion, others: readonly Occupant[]): ProofPlans {
  const { plans, settings } = question
  const leftovers = leftoversIn(question)
  if (settings.canaryNodes === 0 || settings.strategy === 'fail') return { ...NO_PROOFS, leftovers }
  const accepted: ProofPlan[] = []
  const unproven: UnprovenPlan[] = []
  const taken: { name: string; proves: readonly string[] }[] = []
  for (const group of groupsOf(plans.filter(needsProof).map(candidateOf))) {
    const proof = proofOf(group, question)
    const { name, proves } = proof
    if (isTaken(name, accepted, question)) {
      taken.push({ name, proves })
      continue
    }
    const shortage = shortageOf(occupantOf(question, { proofs: [...accepted, proof] }), others)
    if (shortage) unproven.push({ proves, shortage, isDemanded: settings.canaryNodes !== 'auto' })
    else accepted.push(proof)
  }
  return { ...NO_PROOFS, proofs: accepted, unproven, taken, leftovers }
}

/** A proof pool that is still being deleted takes up room, but its name will be free: the run waits for that. */
function isTaken(name: string, accepted: readonly ProofPlan[], question: ProofQuestion): boolean {
  const requested = question.plans.map(({ request }) => ({ name: request.id }))
  const foreign = stayingIn(question).filter((pool) => provenBy(pool) === undefined)
  return poolNamed(name, foreign) !== undefined || [...accepted, ...requested].some((one) => sameName(one, name))
}

function proofOf([first, ...others]: ProofGroup, { settings, account, runToken, isManagedImage }: ProofQuestion): ProofPlan {
  const { id, resizeTimeout } = first.plan.request
  const nodes = settings.canaryNodes === 'auto' ? 1 : settings.canaryNodes
  const target = first.isSpot ? { dedicated: 0, lowPriority: nodes } : { dedicated: nodes, lowPriority: 0 }
  const name = proofName(id)
  return {
    id: childId(account.id as ArmId, 'pools', name),
    name,
    proves: [id, ...others.map(({ plan }) => plan.request.id)],
    ...bodyOf(first, target, { name: id, runToken }),
    target,
    resizeTimeout,
    ...(first.plan.generalization && { generalization: first.plan.generalization }),
    isOptional: settings.canaryNodes === 'auto',
    goesFirst: isManagedImage,
  }
}

/** E.g. `1 dedicated node on the new image, before pool render loses a node; deleted afterwards`. */
export function describeProof({ target, proves, leftOut }: ProofPlan): string {
  const pools = proves.length === 1 ? `pool ${proves[0]}` : `pools ${proves.join(', ')}`
  const without = leftOut.length > 0 ? `; it goes without ${leftOut.join(', and ')}` : ''
  return `${nodesOf(target)} on the new image, before ${pools} ${proves.length === 1 ? 'loses' : 'lose'} a node; deleted afterwards${without}`
}
