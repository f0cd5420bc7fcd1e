/** Which pools have their new image proven on a node of its own before a node of theirs goes, and in what pool beside them. */
import { isDeepStrictEqual } from 'node:util'
import type { PoolSettings } from '../config/config.ts'
import { type ArmId, childId, sameId } from '../model/arm-id.ts'
import {
  type BatchAccount,
  type BatchVmSize,
  type Pool,
  type PoolEnvelope,
  type PoolProperties,
  poolNamed,
  READ_ONLY_POOL_PROPERTIES,
} from '../model/batch.ts'
import type { ComputeUsage } from '../model/compute.ts'
import { type NodeTotals, nodesOf } from '../model/nodes.ts'
import { coreQuotas } from './core-quotas.ts'
import { isBeingDeleted, lastTouched } from './family.ts'
import { MARKS, markIn, withMark, withoutMarks } from './marks.ts'
import type { PoolPlan } from './pool-plan.ts'
import { totals } from './size.ts'

/** A pool that shows, on a node or a few, that the new image works. It is deleted afterwards. */
export interface ProofPlan {
  readonly id: ArmId
  readonly name: string
  /** Names of the pools that wait for it; it is named after the first. */
  readonly proves: readonly string[]
  readonly properties: PoolProperties
  readonly envelope: PoolEnvelope
  readonly target: NodeTotals
  /** ISO 8601. */
  readonly resizeTimeout: string
  /** Of the system in the image; absent: unknown. */
  readonly generalization?: PoolPlan['generalization']
  /** What of the wanted spec the proof pool cannot have, in words. */
  readonly leftOut: readonly string[]
  /** `canary-nodes: auto`: where Azure answers that a quota leaves no room, the run goes on without it. */
  readonly isOptional: boolean
  /** Its pools can grow only once it is gone: for a managed image, or because the quotas have no room for both. */
  readonly goesFirst: boolean
}

/** A proof that the quotas leave no room for. */
export interface UnprovenPlan {
  readonly proves: readonly string[]
  /** E.g. `the quota of 40 dedicated cores: 36 are in use, 8 more are needed`. */
  readonly shortage: string
  /** A number of canary nodes was asked for. */
  readonly isDemanded: boolean
}

/** Everything about proofs that a run decides before its first write. */
export interface ProofPlans {
  readonly proofs: readonly ProofPlan[]
  readonly unproven: readonly UnprovenPlan[]
  /** Pools of somebody else that have the name of a proof pool. */
  readonly taken: readonly { readonly name: string; readonly proves: readonly string[] }[]
  /** Proof pools that runs which ended early have left. */
  readonly leftovers: readonly Pool[]
}

export const NO_PROOFS: ProofPlans = { proofs: [], unproven: [], taken: [], leftovers: [] }

export interface ProofQuestion {
  readonly plans: readonly PoolPlan[]
  readonly settings: PoolSettings
  readonly account: BatchAccount
  /** All pools of the account. */
  readonly pools: readonly Pool[]
  readonly vmSizes: readonly BatchVmSize[]
  readonly usages?: readonly ComputeUsage[]
  /** Pools of the image belong to it alone. */
  readonly isManagedImage: boolean
  /** Tells this run from every other, also from an earlier attempt. */
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
      poolNamed(name, others) ||
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

/** The plan of a pool whose nodes go for its new image. */
type Draining = Extract<PoolPlan, { readonly action: 'reimage' | 'replace' }>

const needsProof = (plan: PoolPlan): plan is Draining => plan.action === 'reimage' || plan.action === 'replace'

interface Candidate {
  readonly plan: Draining
  readonly properties: PoolProperties
  readonly envelope: PoolEnvelope
  readonly isSpot: boolean
  readonly leftOut: readonly string[]
}

/** What the pool will be: a pool in place keeps what the spec does not mention. */
function candidateOf(plan: Draining): Candidate {
  const { request, existing } = plan
  const isKept = plan.action === 'reimage'
  const kept: PoolProperties = isKept ? existing.properties : {}
  const unreadable = UNREADABLE.filter(({ name, isUnreadable }) => plan.properties[name] === undefined && isUnreadable(kept[name]))
  const { scaleSettings: _scale, ...properties } = {
    ...Object.fromEntries(
      Object.entries(kept).filter(([name]) => !READ_ONLY_POOL_PROPERTIES.has(name) && !unreadable.some((one) => one.name === name)),
    ),
    ...plan.properties,
  } as PoolProperties
  const ids = Object.keys((isKept && existing.identity?.userAssignedIdentities) || {})
  const identity =
    request.identity ??
    (ids.length > 0 ? { type: 'UserAssigned' as const, userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])) } : undefined)
  const tags = request.tags ?? (isKept ? existing.tags : undefined)
  return {
    plan,
    properties: { ...properties, ...(properties.metadata && { metadata: withoutMarks(properties.metadata) }) },
    envelope: { ...(identity && { identity }), ...(tags && { tags }) },
    isSpot: isSpotOnly(plan),
    leftOut: unreadable.map(({ words }) => words),
  }
}

/**
 * Members with secrets that Batch does not give back: of a pool whose spec does not have them, nobody knows them.
 * https://learn.microsoft.com/rest/api/batchmanagement/pool/get
 */
const UNREADABLE: readonly { readonly name: string; readonly words: string; readonly isUnreadable: (value: unknown) => boolean }[] = [
  {
    name: 'userAccounts',
    words: 'its user accounts, whose passwords Azure does not give back',
    isUnreadable: (value) => value !== undefined,
  },
  {
    name: 'mountConfiguration',
    words: 'its mounts, whose keys Azure does not give back',
    isUnreadable: (value) => value !== undefined && !/"identityReference"/.test(JSON.stringify(value)),
  },
]

/** Pools that differ in id and size alone, and have the same kind of node, share a proof. */
function groupsOf(candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  const comparable = ({ properties, envelope, isSpot }: Candidate) => ({ properties, envelope, isSpot })
  const groups: Candidate[][] = []
  for (const candidate of candidates) {
    const group = groups.find(([first]) => first && isDeepStrictEqual(comparable(first), comparable(candidate)))
    if (group) group.push(candidate)
    else groups.push([candidate])
  }
  return groups
}

/**
 * Spot only where the pool has Spot only; of a formula, by what it gave last, and where that is nothing, by the variables that it sets.
 * https://learn.microsoft.com/azure/batch/batch-automatic-scaling#variables
 */
function isSpotOnly({ request, existing, properties }: Draining): boolean {
  if (!request.autoScale) return request.target.dedicated === 0 && request.target.lowPriority > 0
  const { dedicated, lowPriority } = totals(existing)
  if (dedicated + lowPriority > 0) return dedicated === 0
  const { formula = '' } = properties.scaleSettings?.autoScale ?? {}
  return /\$TargetLowPriorityNodes/i.test(formula) && !/\$TargetDedicated/i.test(formula)
}

/** A body for the proof pool, without what two pools cannot share. */
function bodyOf(
  { properties, envelope, leftOut }: Candidate,
  { dedicated, lowPriority }: NodeTotals,
  of: { readonly name: string; readonly runToken: string },
): Pick<ProofPlan, 'properties' | 'envelope' | 'leftOut'> {
  const { displayName, networkConfiguration, ...shared } = properties
  const { publicIPAddressConfiguration: addresses, ...network } = networkConfiguration ?? {}
  const hasOwnAddresses = (addresses?.ipAddressIds?.length ?? 0) > 0
  return {
    envelope,
    properties: {
      ...shared,
      ...(networkConfiguration && { networkConfiguration: hasOwnAddresses ? network : networkConfiguration }),
      metadata: withMark(withMark(shared.metadata, MARKS.proofOf, of.name), MARKS.proofRun, of.runToken),
      scaleSettings: {
        fixedScale: {
          targetDedicatedNodes: dedicated,
          targetLowPriorityNodes: lowPriority,
        },
      },
    },
    leftOut: [
      ...leftOut,
      ...(hasOwnAddresses ? ['its public IP addresses, which are given by id'] : []),
      ...(displayName === undefined ? [] : ['its display name']),
    ],
  }
}

const LONGEST_POOL_ID = 64
const ENDING = '-proof'

/** Of the pool beside `id`. https://learn.microsoft.com/rest/api/batchservice/pools/create-pool (`id`: at most 64 letters) */
export const proofName = (id: string): string => `${id.slice(0, LONGEST_POOL_ID - ENDING.length)}${ENDING}`

const sameName = (one: { readonly name: string }, name: string): boolean => one.name.toLowerCase() === name.toLowerCase()

/** The pool that a proof pool was made for, where name and mark agree; of every other pool, nothing. */
export function provenBy({ name, properties }: Pool): string | undefined {
  const of = markIn(properties.metadata, MARKS.proofOf)
  return of !== undefined && sameName({ name }, proofName(of)) ? of : undefined
}

/** Whether that very run made the proof pool. */
export const isProofOfRun = (pool: Pool, runToken: string): boolean =>
  provenBy(pool) !== undefined && markIn(pool.properties.metadata, MARKS.proofRun) === runToken

export const runTokenOf = ({ properties }: Pick<ProofPlan, 'properties'>): string => markIn(properties.metadata, MARKS.proofRun) ?? ''

/** `timeout` is at most 350 minutes: a proof pool that nobody has touched for longer is of no run that still goes on. */
const LONGEST_RUN_MS = 6 * 3_600_000

/** Proof pools of `names`, and those of other pools once no run can be at work on them any more. */
export function abandonedProofs(pools: readonly Pool[], names: readonly string[], now: Date): readonly Pool[] {
  return pools.filter((pool) => {
    const of = provenBy(pool)
    if (of === undefined || isBeingDeleted(pool)) return false
    const touchedMs = lastTouched(pool)
    return names.some((name) => sameName({ name }, of)) || (touchedMs > 0 && now.getTime() - touchedMs > LONGEST_RUN_MS)
  })
}

type Room = Pick<ProofQuestion, 'plans' | 'account' | 'pools' | 'vmSizes' | 'usages'>

interface Demand {
  readonly vmSize: string
  readonly nodes: NodeTotals
}

/** Which quota has no room for these proofs beside all pools as they are and as they grow meanwhile; nothing where all have, or nobody knows. */
function shortageOf(proofs: readonly ProofPlan[], room: Room): string | undefined {
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

/** Whether the pools can grow to their targets while the proofs are still there. Where there are no figures, nobody knows that they can. */
function haveRoomForAll(proofs: readonly ProofPlan[], room: Room): boolean {
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

const demandOfProof = ({ properties, target }: ProofPlan): Demand => ({ vmSize: properties.vmSize ?? '', nodes: target })

const vmSizeOf = ({ request, existing }: PoolPlan): string => request.properties.vmSize ?? existing?.properties.vmSize ?? ''

/** Nodes that a pool which keeps its image gets beside those that it has. */
function growthOf(plan: PoolPlan): Demand {
  const has = plan.action !== 'blue-green' && plan.existing ? totals(plan.existing) : { dedicated: 0, lowPriority: 0 }
  const { target } = plan.request
  const nodes = { dedicated: Math.max(0, target.dedicated - has.dedicated), lowPriority: Math.max(0, target.lowPriority - has.lowPriority) }
  return { vmSize: vmSizeOf(plan), nodes }
}

/** E.g. `1 dedicated node on the new image, before a node of pool render goes; deleted afterwards`. */
export function describeProof({ target, proves, leftOut }: ProofPlan): string {
  const pools = proves.length === 1 ? `pool ${proves[0]}` : `pools ${proves.join(', ')}`
  const without = leftOut.length > 0 ? `; it goes without ${leftOut.join(', and ')}` : ''
  return `${nodesOf(target)} on the new image, before a node of ${pools} goes; deleted afterwards${without}`
}
