/** Pure: what the outcome of a resize means, and what comes next. The policy table. */
import type { Pool, RawResizeError } from '../model/batch.ts'
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

export const fatal = (fix: string, link: string): Policy => ({ class: 'fatal', fix, link })
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
