/** Pure: what the outcome of a resize means, and what comes next. The policy table. */

import { countIn, sumOf } from '../model/nodes.ts'
import type { NodeTotals } from '../run/events.ts'
import type { NodeCounts, NodeState, Pool, RawResizeError } from '../run/runner.ts'
import { innermost } from './innermost.ts'

/** An error of a resize, classified. */
export interface ResizeError {
  readonly code: string
  readonly message: string
  /** From `Reason` or `Provider Error Json`, where there is one. */
  readonly innermostCode?: string
  readonly innermostMessage?: string
  /** `fatal`: stop at once. `retry`: back off and ask again. `wait`: Batch goes on by itself (Spot). */
  readonly class: 'fatal' | 'retry' | 'wait'
  /** Asked again once, not up to the cap: nobody knows whether it passes. */
  readonly once?: true
  /** What to do. */
  readonly fix: string
  readonly link: string
}

type Policy = Pick<ResizeError, 'class' | 'fix' | 'link' | 'once'>

const RESIZING = 'https://learn.microsoft.com/troubleshoot/azure/hpc/batch/azure-batch-pool-resizing-failure'
const CHECKING = 'https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking'
const QUOTA = 'https://learn.microsoft.com/azure/batch/batch-quota-limit'

const fatal = (fix: string, link: string): Policy => ({ class: 'fatal', fix, link })
const retry = (fix: string, link: string): Policy => ({ class: 'retry', fix, link })
const once = (fix: string, link: string): Policy => ({ class: 'retry', once: true, fix, link })

/** By code, in lower case: the service writes `AllocationTimedout` where its SDK says `AllocationTimedOut`. */
const BY_CODE: Readonly<Record<string, Policy>> = {
  allocationtimedout: retry('Raise `resize-timeout`, or the replicas of the image in the region.', CHECKING),
  allocationfailed: retry('Capacity or an internal error of Azure; another VM size or region may have room.', RESIZING),
  accountcorequotareached: fatal('Ask for more dedicated cores for the Batch account, or use a smaller target.', QUOTA),
  accountvmseriescorequotareached: fatal('Ask for more cores of this VM series for the Batch account, or use another VM size.', QUOTA),
  accountlowprioritycorequotareached: fatal(
    'Ask for more Spot (low-priority) cores for the Batch account, or use a smaller Spot target.',
    QUOTA,
  ),
  accountspotcorequotareached: fatal('Ask for more Spot cores for the Batch account, or use a smaller Spot target.', QUOTA),
  overconstrainedallocationrequesterror: retry(
    'Drop a constraint: zones, accelerated networking, ephemeral OS disk, or use another VM size.',
    CHECKING,
  ),
  communicationenabledpoolreachedmaxvmcount: fatal('A pool with inter-node communication is at its maximum: lower the target.', QUOTA),
  unsupportedvmsize: fatal('The VM size is not offered to this account in this region: use another.', CHECKING),
  incompatiblevmsize: fatal('The VM size does not fit the configuration of the pool: use another.', CHECKING),
  dependentresourcenotfound: fatal(
    'An image, subnet or address that the pool needs was deleted: restore it, or run with a new image.',
    CHECKING,
  ),
  diskencryptionfailure: fatal('Correct the disk encryption settings of the pool.', CHECKING),
  failedidentityoperation: once("Check the pool identity's permissions.", CHECKING),
  missingpublisherpropertyinmarketplaceplan: fatal('Put the complete purchase plan on the image definition.', CHECKING),
  resizestopped: fatal('Someone stopped the resize; run again when that is settled.', CHECKING),
  removenodesfailed: retry('Some nodes could not be removed; asked again.', CHECKING),
  unknown: once('Batch gives no reason; asked again.', CHECKING),
}

/** What `AllocationFailed` really means, by its inner words. */
const BY_REASON: readonly { readonly matches: RegExp; readonly policy: Policy }[] = [
  {
    matches: /cannot boot Hypervisor Generation/i,
    policy: fatal('Use a VM size of the generation of the image, or build the image from a VM of the other generation.', RESIZING),
  },
  {
    matches: /only supports creation of .*TrustedLaunch/is,
    policy: fatal('Set `securityProfile.securityType: trustedLaunch` on the pool, with a VM size that supports it.', RESIZING),
  },
  { matches: /subnet has delegation/i, policy: fatal('Remove the delegation of the subnet, or use another subnet.', RESIZING) },
  {
    matches: /does not have the desired permissions/i,
    policy: fatal("Give 'Microsoft Azure Batch' the Contributor role on the subscription (user subscription mode).", RESIZING),
  },
  {
    matches: /not authorized to access the key vault/i,
    policy: fatal("Give 'Microsoft Azure Batch' secrets access on the account's key vault.", RESIZING),
  },
  {
    matches: /error encountered while performing the last resize/i,
    policy: fatal('The image, or what it was made from, was removed: run with a new image.', RESIZING),
  },
  {
    matches: /SubnetIsFull|not enough (?:free )?(?:IP )?addresses|does not have enough capacity for/i,
    policy: fatal('The subnet has no free addresses left: use a larger one, or a smaller target.', RESIZING),
  },
  {
    matches: /quota|PublicIPCountLimitReached|LimitReached/i,
    policy: fatal("A quota of the subscription is used up (not the Batch account's): ask for more, or use a smaller target.", QUOTA),
  },
  {
    matches: /VMMarketplaceInvalidInput|MarketplacePurchaseEligibilityFailed|plan information/i,
    policy: fatal('Put the purchase plan of the base image on the image definition, and accept its terms in the subscription.', RESIZING),
  },
  {
    matches: /is not available in .* region|Gallery\w*NotFound|PlatformImageNotFound|ImageNotFound/i,
    policy: fatal('The image is not there, or has no replica in the region of the account: run with a new image.', RESIZING),
  },
  {
    matches:
      /ScopeLocked|RequestDisallowedByPolicy|InvalidParameter|BadRequest|AuthorizationFailed|Forbidden|ResourceNotFound|ReadOnlyDisabledSubscription/i,
    policy: fatal('This will not pass by itself: see the words of Azure above.', RESIZING),
  },
  {
    matches: /insufficient capacity|sufficient capacity|ZonalAllocationFailed|SkuNotAvailable|OverconstrainedAllocation/i,
    policy: retry('No capacity for this VM size in the region now; another size or region may have room.', RESIZING),
  },
  {
    matches: /internal (?:server |execution )?error|Internal\w*Error|ServerBusy|TooManyRequests|OperationTimedOut|OperationPreempted/i,
    policy: retry('A passing failure of Azure; asked again.', RESIZING),
  },
]

const UNKNOWN_REASON = once('A reason this action does not know; asked again once.', RESIZING)
const UNKNOWN_CODE = once('A code this action does not know; asked again once.', CHECKING)
/** Codes that say little by themselves: their reason decides, where there is one. */
const DECIDED_BY_REASON = new Set(['allocationfailed', 'unknown'])

export function classifyResizeError(raw: RawResizeError): ResizeError {
  const inner = innermost(raw)
  const isWrapped = inner.message !== raw.message
  const code = raw.code.toLowerCase()
  // A reason without a code of its own has the outer one, which would say `AllocationFailed` of everything.
  const reason = inner.code === raw.code ? inner.message : `${inner.code} ${inner.message}`
  const byReason =
    DECIDED_BY_REASON.has(code) || !(code in BY_CODE)
      ? (BY_REASON.find(({ matches }) => matches.test(reason))?.policy ?? (isWrapped ? UNKNOWN_REASON : undefined))
      : undefined
  const policy = byReason ?? BY_CODE[code] ?? UNKNOWN_CODE
  const isOfSpot = policy.class === 'retry' && code !== 'removenodesfailed' && /low.priority|spot/i.test(raw.message)
  return {
    code: raw.code,
    message: raw.message,
    ...(isWrapped && { innermostMessage: inner.message, innermostCode: inner.code }),
    ...(isOfSpot ? { class: 'wait', fix: 'Batch goes on seeking Spot nodes by itself.', link: policy.link } : policy),
  }
}

/**
 * Errors that belong to the resize that began at or after `sinceMs`. They stay on a pool until its next resize, so an old one must
 * not be believed. https://github.com/nextflow-io/nextflow/pull/7312
 */
export function errorsOfThisRun({ properties }: Pool, sinceMs: number): readonly RawResizeError[] {
  const { startTime, errors = [] } = properties.resizeOperationStatus ?? {}
  return properties.allocationState === 'Steady' && startTime && Date.parse(startTime) >= sinceMs ? errors : []
}

export interface Outcome {
  readonly target: NodeTotals
  readonly before: NodeTotals
  readonly current: NodeTotals
  readonly errors: readonly ResizeError[]
  /** Resize requests sent so far, this one included. */
  readonly number: number
  readonly maxResizes: number
  /** Rounds in a row, this one included, that came no nearer to the target (`cameNearer`). */
  readonly roundsWithoutGain: number
  /** Share of the target that must be healthy; a pool that has so many nodes is not given up for the rest. */
  readonly minHealthyPercentage: number
}

export type NextMove =
  | { readonly kind: 'done' }
  | { readonly kind: 'resize'; readonly afterMs: number }
  /** Short of the target, but of nodes enough for the health gate, which decides. */
  | { readonly kind: 'enough'; readonly why: 'max-resizes' | 'no-progress'; readonly error?: ResizeError }
  | { readonly kind: 'fail'; readonly why: 'fatal' | 'max-resizes' | 'no-progress'; readonly error?: ResizeError }

const FIRST_BACKOFF_MS = 30_000
const LONGEST_BACKOFF_MS = 300_000
const MOST_ROUNDS_WITHOUT_GAIN = 3

/** Whether the resize came nearer to its target, up or down. Spot nodes come and go, and are not counted on the way up. */
export function cameNearer({ target, before, current }: Pick<Outcome, 'target' | 'before' | 'current'>): boolean {
  const missing = ({ dedicated, lowPriority }: NodeTotals) =>
    Math.abs(target.dedicated - dedicated) + Math.max(0, lowPriority - target.lowPriority)
  return missing(current) < missing(before)
}

/**
 * `random` is between 0 and 1: half of the wait is jitter. Missing Spot nodes are not asked for again, Batch seeks them by itself; nodes
 * beyond the target are, of either kind.
 */
export function decideNext(outcome: Outcome, random: number): NextMove {
  const { target, current, errors, number, maxResizes, roundsWithoutGain } = outcome
  const fatal = errors.find((error) => error.class === 'fatal')
  const isThere = current.dedicated === target.dedicated && current.lowPriority <= target.lowPriority
  if (isThere && (current.lowPriority === target.lowPriority || !fatal)) return { kind: 'done' }
  if (fatal) return { kind: 'fail', why: 'fatal', error: fatal }
  const worst = errors.find((error) => error.class === 'retry') ?? errors[0]
  const cap = errors.some((error) => error.once) ? Math.min(2, maxResizes) : maxResizes
  const kind = isEnough(outcome) ? 'enough' : 'fail'
  if (number >= cap) return { kind, why: 'max-resizes', ...(worst && { error: worst }) }
  if (roundsWithoutGain >= MOST_ROUNDS_WITHOUT_GAIN) return { kind, why: 'no-progress', ...(worst && { error: worst }) }
  const backoffMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (number - 1))
  return { kind: 'resize', afterMs: Math.round(backoffMs * (0.5 + random / 2)) }
}

/** A gate that asks for nothing (0 %) does not make a pool without nodes a good one. */
function isEnough({ target, current, minHealthyPercentage }: Outcome): boolean {
  const required = shareOf(target.dedicated, minHealthyPercentage)
  return required > 0 && current.dedicated >= required && current.dedicated <= target.dedicated && current.lowPriority <= target.lowPriority
}

/** Of so many nodes, how many must be healthy. */
const shareOf = (nodes: number, percentage: number): number => Math.ceil((nodes * percentage) / 100)

const HEALTHY: readonly NodeState[] = ['idle', 'running']
const ON_THE_WAY: readonly NodeState[] = [
  'creating',
  'starting',
  'waitingForStartTask',
  'rebooting',
  'reimaging',
  'upgradingOS',
  'leavingPool',
  'unknown',
]

export interface Health {
  /** Dedicated nodes idle or running, and Spot nodes likewise. */
  readonly healthy: number
  /** Nodes that must be healthy. Spot nodes count only as far as they are there: they come and go by themselves; but one must be. */
  readonly required: number
  readonly isHealthy: boolean
  /** No node is on the way any more: waiting will not help. Preempted ones come again by themselves. */
  readonly isSettled: boolean
}

/** Current counts include unusable nodes; only states tell. */
export function healthOf(counts: NodeCounts, target: NodeTotals, minHealthyPercentage: number): Health {
  const preempted = counts.lowPriority.preempted ?? 0
  const share = shareOf(target.dedicated + Math.max(0, target.lowPriority - preempted), minHealthyPercentage)
  // Where all nodes are preempted, nothing has shown that the image works.
  const required = preempted > 0 && minHealthyPercentage > 0 ? Math.max(1, share) : share
  const spot = countIn({ dedicated: {}, lowPriority: counts.lowPriority }, HEALTHY)
  // Spot nodes beyond the target stand for no dedicated ones.
  const healthy = countIn({ dedicated: counts.dedicated, lowPriority: {} }, HEALTHY) + Math.min(spot, target.lowPriority)
  const areAllPreempted = preempted > 0 && sumOf(counts.dedicated) + sumOf(counts.lowPriority) === preempted
  return { healthy, required, isHealthy: healthy >= required, isSettled: countIn(counts, ON_THE_WAY) === 0 && !areAllPreempted }
}
