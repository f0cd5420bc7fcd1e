/** Pure: the body of a proof pool: the pool as it will be, without what two pools cannot share. */
import { isDeepStrictEqual } from 'node:util'
import type { PoolEnvelope, PoolProperties } from '../model/batch.ts'
import type { NodeTotals } from '../model/nodes.ts'
import { MARKS, withMark, withoutMarks } from './marks.ts'
import type { PoolPlan } from './pool-plan.ts'
import { totals } from './size.ts'
import { describeUnreadable } from './unreadable.ts'

/** The body of the request that creates a proof pool. */
export interface ProofBody {
  readonly properties: PoolProperties
  readonly envelope: PoolEnvelope
  /** What the proof pool cannot have of the wanted pool, in words. */
  readonly leftOut: readonly string[]
}

/** The plan of a pool whose nodes are removed for its new image. */
export type Draining = Extract<PoolPlan, { readonly action: 'reimage' | 'replace' }>

export const needsProof = (plan: PoolPlan): plan is Draining => plan.action === 'reimage' || plan.action === 'replace'

/** A pool whose new image is to be proven, as it will be. */
export interface Candidate {
  readonly plan: Draining
  readonly properties: PoolProperties
  readonly envelope: PoolEnvelope
  readonly isSpot: boolean
  readonly leftOut: readonly string[]
}

/** The pool as it will be, without its size and the marks of runs. */
export function candidateOf(plan: Draining): Candidate {
  const { properties: whole, envelope } = plan.action === 'reimage' ? plan.whole : plan
  const { scaleSettings: _scale, ...properties } = whole
  const unreadable = plan.action === 'reimage' ? plan.unrepeatable : (plan.lost ?? [])
  return {
    plan,
    properties: { ...properties, ...(properties.metadata && { metadata: withoutMarks(properties.metadata) }) },
    envelope,
    isSpot: isSpotOnly(plan),
    leftOut: unreadable.map(describeUnreadable),
  }
}

export type ProofGroup = readonly [Candidate, ...Candidate[]]

/** Pools that differ only in id and size, and have the same kind of node, share a proof. */
export function groupsOf(candidates: readonly Candidate[]): readonly ProofGroup[] {
  const comparable = ({ properties, envelope, isSpot }: Candidate) => ({ properties, envelope, isSpot })
  const groups: [Candidate, ...Candidate[]][] = []
  for (const candidate of candidates) {
    const group = groups.find(([first]) => isDeepStrictEqual(comparable(first), comparable(candidate)))
    if (group) group.push(candidate)
    else groups.push([candidate])
  }
  return groups
}

/**
 * Whether the pool has Spot nodes only. For a formula, the present nodes decide; if there are none, the variables that it sets.
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
export function bodyOf(
  { properties, envelope, leftOut }: Candidate,
  { dedicated, lowPriority }: NodeTotals,
  of: { readonly name: string; readonly runToken: string },
): ProofBody {
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
