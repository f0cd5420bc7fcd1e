/** Pure: what an error of a resize means. The policy table: by Batch's code, by the provider's code beneath it, by words last. */
import type { Pool, RawResizeError } from '../model/batch.ts'
import { type Innermost, innermost } from './innermost.ts'

/** An error of a resize, classified. */
export interface ResizeError {
  readonly code: string
  readonly message: string
  /** From `Reason` or `Provider Error Json`, where there is one. */
  readonly innermostCode?: string
  readonly innermostMessage?: string
  /** For people, e.g. `Core quota reached`. */
  readonly title: string
  /** `fatal`: stop at once. `retry`: back off and request it again. `wait`: Batch keeps trying (Spot). */
  readonly class: 'fatal' | 'retry' | 'wait'
  /** Asked again once, not up to the cap: nobody knows whether it passes. */
  readonly once?: true
  /** What to do. */
  readonly fix: string
  readonly link: string
}

type Policy = Pick<ResizeError, 'title' | 'class' | 'fix' | 'link' | 'once'>

const RESIZING = 'https://learn.microsoft.com/troubleshoot/azure/hpc/batch/azure-batch-pool-resizing-failure'
const CHECKING = 'https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking'
const QUOTA = 'https://learn.microsoft.com/azure/batch/batch-quota-limit'
const COMPUTE_QUOTA = 'https://learn.microsoft.com/azure/virtual-machines/quotas'
const GENERALIZING = 'https://learn.microsoft.com/azure/virtual-machines/generalize'
const EXTENSIONS = 'https://learn.microsoft.com/azure/virtual-machines/extensions/features-linux#troubleshoot-vm-extensions'

const fatal = (title: string, fix: string, link = RESIZING): Policy => ({ title, class: 'fatal', fix, link })
const retry = (title: string, fix: string, link = RESIZING): Policy => ({ title, class: 'retry', fix, link })
const once = (title: string, fix: string, link = RESIZING): Policy => ({ title, class: 'retry', once: true, fix, link })

/**
 * By the code of Batch, in lower case: the service writes `AllocationTimedout` where its SDK says `AllocationTimedOut`.
 * https://learn.microsoft.com/dotnet/api/microsoft.azure.batch.common.poolresizeerrorcodes
 */
const BY_CODE: Readonly<Record<string, Policy>> = {
  allocationtimedout: retry('Resize timed out', 'Raise `resize-timeout`, or the replicas of the image in the region.', CHECKING),
  allocationfailed: retry(
    'Nodes could not be allocated',
    'Azure had no capacity or an internal error; another VM size or region may have room.',
  ),
  accountcorequotareached: fatal(
    'Core quota reached',
    'Request more dedicated cores for the Batch account, or use a smaller target.',
    QUOTA,
  ),
  accountvmseriescorequotareached: fatal(
    'Core quota of the VM series reached',
    'Request more cores of this VM series for the Batch account, or use another VM size.',
    QUOTA,
  ),
  accountlowprioritycorequotareached: fatal(
    'Spot core quota reached',
    'Request more Spot (low-priority) cores for the Batch account, or use a smaller Spot target.',
    QUOTA,
  ),
  accountspotcorequotareached: fatal(
    'Spot core quota reached',
    'Request more Spot cores for the Batch account, or use a smaller Spot target.',
    QUOTA,
  ),
  overconstrainedallocationrequesterror: retry(
    'Too many constraints for the capacity there is',
    'Drop a constraint (zones, accelerated networking, ephemeral OS disk), or use another VM size.',
    CHECKING,
  ),
  communicationenabledpoolreachedmaxvmcount: fatal(
    'Inter-node communication pool is at its maximum',
    'A pool with inter-node communication takes no more nodes: lower the target.',
    QUOTA,
  ),
  unsupportedvmsize: fatal(
    'VM size is not offered',
    'Batch does not offer this VM size to the account in this region: use another.',
    CHECKING,
  ),
  incompatiblevmsize: fatal(
    'VM size does not fit the pool',
    'The VM size does not fit the configuration of the pool: use another.',
    CHECKING,
  ),
  dependentresourcenotfound: fatal(
    'A resource of the pool is gone',
    'An image, subnet or address that the pool needs was deleted: restore it, or run with a new image.',
    CHECKING,
  ),
  diskencryptionfailure: fatal('Disk encryption failed', 'Correct the disk encryption settings of the pool.', CHECKING),
  failedidentityoperation: once('Identity of the pool failed', "Check the permissions of the pool's identity.", CHECKING),
  missingpublisherpropertyinmarketplaceplan: fatal(
    'Purchase plan is incomplete',
    'Put the complete purchase plan on the image definition.',
    CHECKING,
  ),
  resizestopped: fatal('Resize was stopped', 'Someone stopped the resize; run again when that is settled.', CHECKING),
  removenodesfailed: retry('Nodes could not be removed', 'Batch could not remove some nodes; the action requests it again.', CHECKING),
  unknown: once('Unknown resize error', 'Batch gives no reason; the action requests the resize once more.', CHECKING),
}

const GONE = fatal(
  'Image is not in the region',
  'The image does not exist, or has no replica in the region of the account: run with a new image.',
)
const CAPACITY = retry(
  'No capacity for the VM size',
  'Azure has no capacity for this VM size in the region now; another size or region may have room.',
)
const PASSING = retry('Azure failed for a while', 'A passing failure of Azure; the action requests the resize again.')
const SUBSCRIPTION_QUOTA = fatal(
  'Quota of the subscription reached',
  "A quota of the subscription is used up (not the Batch account's): request more, or use a smaller target.",
  COMPUTE_QUOTA,
)
const FORBIDDEN = fatal('Azure refused the nodes', "Retrying will not help; see Azure's message above.")
const FULL_SUBNET = fatal('Subnet is full', 'The subnet has no free addresses left: use a larger one, or a smaller target.')
const PLAN = fatal(
  'Purchase plan missing or not accepted',
  'Put the purchase plan of the base image on the image definition, and accept its terms in the subscription.',
)
const NOT_GENERALIZED = fatal(
  'Image does not start',
  'The system in the image did not finish its first start; mostly it was not generalized (Windows: Sysprep; Linux: waagent -deprovision). Use `capture: copy`, which generalizes a throw-away copy.',
  GENERALIZING,
)
const EXTENSION = fatal(
  'VM extension failed',
  'An extension of the pool failed on the nodes: correct or remove it in the pool spec; the message above is its own.',
  EXTENSIONS,
)
const TRUSTED_LAUNCH = fatal(
  'Trusted Launch does not match',
  'Set `securityProfile.securityType: trustedLaunch` on the pool, with a VM size that supports it.',
)

/** By the code of the compute or network provider that Batch hands on in `Provider Error Json`, in lower case. */
const BY_PROVIDER_CODE: Readonly<Record<string, Policy>> = {
  ...ofAll(CAPACITY, [
    'AllocationFailed',
    'ZonalAllocationFailed',
    'OverconstrainedAllocationRequest',
    'OverconstrainedZonalAllocationRequest',
    'SkuNotAvailable',
    'InsufficientCapacity',
  ]),
  ...ofAll(PASSING, [
    'InternalError',
    'InternalServerError',
    'InternalExecutionError',
    'NetworkingInternalOperationError',
    'ServerBusy',
    'ServerTimeout',
    'TooManyRequests',
    'OperationTimedOut',
    'OperationPreempted',
    'RetryableError',
    'RetryableErrorDueToAnotherOperation',
  ]),
  ...ofAll(EXTENSION, [
    'VMExtensionProvisioningError',
    'VMExtensionProvisioningTimeout',
    'VMExtensionHandlerNonTransientError',
    'VMExtensionManagementInternalError',
  ]),
  ...ofAll(NOT_GENERALIZED, ['OSProvisioningClientError', 'OSProvisioningTimedOut', 'OSProvisioningInternalError']),
  ...ofAll(GONE, ['GalleryImageNotFound', 'ImageNotFound', 'PlatformImageNotFound', 'GalleryNotFound', 'GalleryImageVersionNotFound']),
  ...ofAll(PLAN, ['VMMarketplaceInvalidInput', 'MarketplacePurchaseEligibilityFailed', 'ResourcePurchaseValidationFailed']),
  ...ofAll(SUBSCRIPTION_QUOTA, [
    'PublicIPCountLimitReached',
    'QuotaExceeded',
    'ResourceQuotaExceeded',
    'NetworkSecurityGroupCountLimitReached',
  ]),
  ...ofAll(FULL_SUBNET, ['SubnetIsFull']),
  ...ofAll(FORBIDDEN, ['AuthorizationFailed', 'LinkedAuthorizationFailed', 'Forbidden', 'InvalidParameter', 'ResourceNotFound']),
  ...ofAll(fatal('Not supported by Azure', "Azure does not support this, and retrying will not help; see Azure's message above."), [
    'NotSupported',
    'OperationNotSupported',
  ]),
  ...ofAll(
    fatal(
      'Forbidden by Azure in this region',
      'Azure does not allow this for the subscription in this region: use a region that the message names, or ask Azure support for access.',
      'https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-region-access-policy',
    ),
    ['RequestDisallowedByAzure'],
  ),
  ...ofAll(
    fatal(
      'Forbidden by a policy',
      'An Azure Policy forbids the nodes; the message above names it. Ask its owner for an exemption, or meet its conditions.',
      'https://learn.microsoft.com/azure/governance/policy/overview',
    ),
    ['RequestDisallowedByPolicy'],
  ),
  ...ofAll(
    fatal(
      'Forbidden by a resource lock',
      "A resource lock forbids what Batch must do for the nodes: remove the lock from the resource group of the pool's network.",
      'https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources',
    ),
    ['ScopeLocked'],
  ),
  ...ofAll(
    fatal(
      'Subscription is disabled',
      'The subscription is disabled or read-only: its owner must enable it again.',
      'https://learn.microsoft.com/azure/cost-management-billing/manage/subscription-disabled',
    ),
    ['ReadOnlyDisabledSubscription'],
  ),
  ...ofAll(
    fatal(
      'Resource provider is not registered',
      'Register the resource provider that the message names in the subscription: az provider register --namespace <name> --wait',
      'https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider',
    ),
    ['MissingSubscriptionRegistration', 'SubscriptionNotRegistered'],
  ),
  ...ofAll(
    fatal(
      'Disk encryption set not found',
      'Check the disk encryption set of the pool: it must exist in the region of the account.',
      'https://learn.microsoft.com/azure/virtual-machines/disk-encryption',
    ),
    ['DiskEncryptionSetNotFound'],
  ),
  ...ofAll(
    fatal(
      'Image version is withdrawn',
      'The publisher has withdrawn this image version: build from a newer one.',
      'https://learn.microsoft.com/azure/virtual-machines/deprecated-images',
    ),
    ['ImageVersionDeprecated'],
  ),
  ...ofAll(
    fatal(
      'Trusted Launch is not supported here',
      'Use a VM size and an image that support Trusted Launch, or a definition and a pool without it.',
      'https://learn.microsoft.com/azure/virtual-machines/trusted-launch',
    ),
    ['TrustedLaunchNotSupported'],
  ),
  ...ofAll(
    fatal(
      "Subnet's private-link policies are on",
      'Turn them off in the subnet of the pool: az network vnet subnet update --ids <subnet id> --private-link-service-network-policies Disabled',
      'https://learn.microsoft.com/azure/private-link/disable-private-link-service-network-policy',
    ),
    ['PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled'],
  ),
}

function ofAll(policy: Policy, codes: readonly string[]): Readonly<Record<string, Policy>> {
  return Object.fromEntries(codes.map((code) => [code.toLowerCase(), policy]))
}

/** By the words of the reason, where its code says little: `BadRequest`, `Conflict`, `OperationNotAllowed`, or no code of its own. */
const BY_WORDS: readonly { readonly matches: RegExp; readonly policy: Policy }[] = [
  {
    matches: /cannot boot Hypervisor Generation/i,
    policy: fatal(
      'VM size does not boot this generation',
      'Use a VM size of the generation of the image, or build the image from a VM of the other generation.',
    ),
  },
  { matches: /only supports creation of .*TrustedLaunch/is, policy: TRUSTED_LAUNCH },
  {
    matches: /subnet has delegation/i,
    policy: fatal('Subnet is delegated', 'Remove the delegation of the subnet, or use another subnet.'),
  },
  {
    matches: /does not have the desired permissions/i,
    policy: fatal('Batch lacks a role', "Give 'Microsoft Azure Batch' the Contributor role on the subscription (user subscription mode)."),
  },
  {
    matches: /not authorized to access the key vault/i,
    policy: fatal('Batch cannot read the key vault', "Give 'Microsoft Azure Batch' secrets access on the account's key vault."),
  },
  {
    matches: /error encountered while performing the last resize/i,
    policy: fatal('Image of the pool is gone', 'The image, or what it was made from, was removed: run with a new image.'),
  },
  { matches: /SubnetIsFull|not enough (?:free )?(?:IP )?addresses|does not have enough capacity for/i, policy: FULL_SUBNET },
  { matches: /approved .*quota|exceed\w* .*quota|quota .*exceed|LimitReached/is, policy: SUBSCRIPTION_QUOTA },
  { matches: /plan information/i, policy: PLAN },
  { matches: /is not available in .* region|gallery image .*not (?:be )?found/i, policy: GONE },
  { matches: /insufficient capacity|sufficient capacity/i, policy: CAPACITY },
  { matches: /internal (?:server |execution )?error|too many requests/i, policy: PASSING },
]

/** Codes of Batch that the policy table knows, in lower case. */
export const KNOWN_RESIZE_CODES: readonly string[] = Object.keys(BY_CODE)

/** Codes that mean a refusal whatever the words are, once no words are known. */
const REFUSALS = new Set(['badrequest', 'operationnotallowed'])

const UNKNOWN_REASON = once('Nodes could not be allocated', 'The action does not know this reason, and requests the resize once more.')
const UNKNOWN_CODE = once('Unknown resize error', 'The action does not know this code, and requests the resize once more.', CHECKING)
/** Codes that say little by themselves: their reason decides, where there is one. */
const DECIDED_BY_REASON = new Set(['allocationfailed', 'unknown'])

export function classifyResizeError(raw: RawResizeError): ResizeError {
  const inner = innermost(raw)
  const isWrapped = inner.message !== raw.message
  const code = raw.code.toLowerCase()
  const policy =
    (DECIDED_BY_REASON.has(code) || !(code in BY_CODE) ? byReason(raw, inner, isWrapped) : undefined) ?? BY_CODE[code] ?? UNKNOWN_CODE
  const isOfSpot = policy.class === 'retry' && code !== 'removenodesfailed' && /low.priority|spot/i.test(raw.message)
  return {
    code: raw.code,
    message: raw.message,
    ...(isWrapped && { innermostMessage: inner.message, innermostCode: inner.code }),
    ...(isOfSpot ? { ...policy, class: 'wait', fix: 'Batch keeps seeking Spot nodes on its own.' } : policy),
  }
}

/** A reason without a code of its own has the outer one, which would say `AllocationFailed` of everything. */
function byReason({ code: outer }: RawResizeError, { code, message }: Innermost, isWrapped: boolean): Policy | undefined {
  const own = code === outer ? '' : code.toLowerCase()
  const isForeign = own === '' && !DECIDED_BY_REASON.has(outer.toLowerCase())
  return (
    BY_PROVIDER_CODE[isForeign ? outer.toLowerCase() : own] ??
    BY_WORDS.find(({ matches }) => matches.test(message))?.policy ??
    (REFUSALS.has(own) ? FORBIDDEN : isWrapped ? UNKNOWN_REASON : undefined)
  )
}

/**
 * Errors that belong to the resize that began at or after `sinceMs`. They stay on a pool until its next resize, so an old one must
 * not be believed. https://github.com/nextflow-io/nextflow/pull/7312
 */
export function errorsOfThisRun({ properties }: Pool, sinceMs: number): readonly RawResizeError[] {
  const { startTime, errors = [] } = properties.resizeOperationStatus ?? {}
  return properties.allocationState === 'Steady' && startTime && Date.parse(startTime) >= sinceMs ? errors : []
}
