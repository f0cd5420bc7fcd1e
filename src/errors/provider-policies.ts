/** Pure: the policy table of errors from the providers beneath Batch: by the code of the provider, then by its words. */
import { fatal, type Policy, retry } from './resize-policies.ts'

const EXTENSIONS = 'https://learn.microsoft.com/azure/virtual-machines/extensions/features-linux#troubleshoot-vm-extensions'
const GENERALIZING = 'https://learn.microsoft.com/azure/virtual-machines/generalize'
const COMPUTE_QUOTA = 'https://learn.microsoft.com/azure/virtual-machines/quotas'
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
export const FORBIDDEN = fatal('Azure refused the nodes', "Retrying will not help; see Azure's message above.")
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

/** By the code of the compute or network provider that Batch passes on in `Provider Error Json`, in lower case. */
export const BY_PROVIDER_CODE: Readonly<Record<string, Policy>> = {
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
export const BY_WORDS: readonly { readonly matches: RegExp; readonly policy: Policy }[] = [
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
  { matches: /plan information|purchase eligibility/i, policy: PLAN },
  { matches: /is not available in .* region|image .*cannot be found in .* region|gallery image .*not (?:be )?found/i, policy: GONE },
  { matches: /insufficient capacity|sufficient capacity/i, policy: CAPACITY },
  { matches: /internal (?:server |execution )?error|too many requests/i, policy: PASSING },
]
