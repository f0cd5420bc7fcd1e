/**
 * What to do about a refusal: by Azure's code first, and by its words only where the code says little. The same code may need
 * different advice by the service that speaks.
 */
import type { Remedy } from './explanation.ts'
import { missingPermission } from './missing-permission.ts'

export interface AzureFailure {
  /** E.g. `create snapshot`. */
  readonly operation: string
  readonly resourceId?: string
  readonly method: string
  readonly url: string
  /** HTTP status; 200 for a long operation that ended `Failed`; absent where no answer came. */
  readonly status?: number
  readonly code?: string
  readonly body: unknown
  readonly correlationId?: string
  readonly requestId?: string
}

interface Refusal {
  readonly code: string
  readonly message: string
  readonly failure: AzureFailure
}

interface Rule {
  /** Codes, matched whole and without regard to case. */
  readonly codes?: readonly string[]
  /** Words of the message; with `codes` both must match. */
  readonly words?: RegExp
  readonly service?: Service
  readonly remedy: Remedy | ((refusal: Refusal) => Remedy)
}

type Service = 'batch' | 'compute' | 'network'

const DOCS = 'https://learn.microsoft.com/azure'
const POLICY: Remedy = {
  title: 'Forbidden by a policy',
  hint: 'An Azure Policy forbids this, and no role lifts it; the message names the policy. Ask its owner for an exemption, or meet its conditions.',
  link: `${DOCS}/governance/policy/overview`,
}
const DENIED: Remedy = {
  title: 'Forbidden by a deny assignment',
  hint: 'A deny assignment forbids this, and no role lifts it. Deny assignments come from managed applications and deployment stacks: ask the owner of the one named above to exclude this identity, or work in another resource group.',
  link: `${DOCS}/role-based-access-control/deny-assignments`,
}
const BATCH_QUOTA = `${DOCS}/batch/batch-quota-limit`
const COMPUTE_QUOTA = `${DOCS}/virtual-machines/quotas`
const THROTTLING = `${DOCS}/azure-resource-manager/management/request-limits-and-throttling`
const SNAPSHOTS = `${DOCS}/virtual-machines/disks-incremental-snapshots`
const BATCH_CODES = 'https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes'

/** Obstacles that no role lifts, though Azure calls some of them a missing authorization. */
const OBSTACLES: readonly Rule[] = [
  { codes: ['DenyAssignmentAuthorizationFailed'], remedy: DENIED },
  { codes: ['AuthorizationFailed', 'LinkedAuthorizationFailed'], words: /deny assignment/i, remedy: DENIED },
  { codes: ['RequestDisallowedByPolicy'], remedy: POLICY },
  {
    codes: ['RequestDisallowedByAzure'],
    remedy: {
      title: 'Forbidden by Azure in this region',
      hint: 'Azure itself does not allow this for the subscription in this region; no role or policy of yours lifts it. Use a region that the message names, or ask Azure support for access to the region.',
      link: `${DOCS}/azure-resource-manager/troubleshooting/error-region-access-policy`,
    },
  },
  {
    codes: ['ScopeLocked'],
    remedy: {
      title: 'Forbidden by a resource lock',
      hint: 'A resource lock forbids the change, and no role lifts it: remove the lock, or work in another resource group. Where it only forbids deletions, `keep-snapshots: true` without `retain-versions` deletes nothing.',
      link: `${DOCS}/azure-resource-manager/management/lock-resources`,
    },
  },
  {
    codes: ['ReadOnlyDisabledSubscription', 'SubscriptionIsDisabled', 'DisallowedOperation'],
    remedy: {
      title: 'Subscription is disabled',
      hint: 'The subscription is disabled or read-only, mostly for an unpaid bill or a used-up spending limit: its owner must enable it again.',
      link: `${DOCS}/cost-management-billing/manage/subscription-disabled`,
    },
  },
  {
    codes: ['InvalidAuthenticationTokenTenant', 'LinkedAuthorizationFailed', 'AuthorizationFailed'],
    words: /wrong issuer|must match (?:one of )?the tenant|current tenant .* is not authorized to access linked subscription/is,
    remedy: {
      title: 'Wrong tenant',
      hint: 'The identity signed in to another tenant than that of the resource, and no role lifts that: set `tenant-id` to the tenant of the subscription. What a pool or image refers to must be in the same tenant.',
      link: `${DOCS}/azure-resource-manager/troubleshooting/common-deployment-errors`,
    },
  },
  {
    codes: ['InvalidAuthenticationToken', 'InvalidAuthenticationTokenTenant', 'ExpiredAuthenticationToken', 'AuthenticationFailed'],
    remedy: {
      title: 'Azure did not accept the token',
      hint: 'Check that `tenant-id`, `environment` and `resource-manager-url` are those of the subscription, and that the clock of the runner is right.',
      link: `${DOCS}/azure-resource-manager/troubleshooting/common-deployment-errors`,
    },
  },
]

const ACCESS: readonly Rule[] = [
  {
    codes: ['AuthorizationFailed', 'LinkedAuthorizationFailed', 'LinkedAccessCheckFailed'],
    remedy: ({ message }) => missingPermission(message),
  },
  {
    codes: ['AccountIsDisabled', 'InsufficientAccountPermissions'],
    remedy: {
      title: 'Batch account is disabled',
      hint: 'The Batch account takes no changes now; look at its state in the portal.',
      link: BATCH_CODES,
    },
  },
  {
    codes: ['PermissionDenied', 'Forbidden', 'AuthorizationPermissionMismatch'],
    service: 'batch',
    remedy: {
      title: 'Permission missing in the Batch account',
      hint: 'Give the identity the role Azure Batch Data Contributor on the Batch account, or what the message names.',
      link: `${DOCS}/batch/batch-role-based-access-control`,
    },
  },
  {
    codes: ['MissingSubscriptionRegistration', 'SubscriptionNotRegistered'],
    remedy: ({ message }) => unregistered(message),
  },
  {
    codes: ['SubscriptionNotFound', 'InvalidSubscriptionId'],
    remedy: {
      title: 'Subscription not found',
      hint: 'Check `subscription-id` and `tenant-id`. Azure says the same of a subscription on which the identity has no role at all.',
      link: 'https://aka.ms/ARMResourceNotFoundFix',
    },
  },
]

const QUOTAS: readonly Rule[] = [
  {
    codes: ['PoolQuotaReached'],
    remedy: {
      title: 'Pool quota reached',
      hint: 'Delete pools that nobody needs, or request more pools for the Batch account.',
      link: BATCH_QUOTA,
    },
  },
  {
    codes: ['ActiveJobAndScheduleQuotaReached'],
    remedy: {
      title: 'Job quota reached',
      hint: 'End jobs that nobody needs, or request more active jobs for the Batch account.',
      link: BATCH_QUOTA,
    },
  },
  {
    words: /snapshots?\b.*\b(?:limit|maximum|exceed|at most)|(?:limit|maximum|exceed)\w*\b.*\bsnapshots?\b|SnapshotCountExceeded/is,
    service: 'compute',
    remedy: ({ message }) => (/rate|minute|frequen|throttl|too many requests|try again/i.test(message) ? SNAPSHOT_RATE : SNAPSHOT_COUNT),
  },
  { codes: ['SnapshotCountExceeded'], remedy: () => SNAPSHOT_COUNT },
  { codes: ['SnapshotOperationRateExceeded', 'SnaphotOperationRateExceeded'], remedy: () => SNAPSHOT_RATE },
  {
    codes: [
      'PublicIPCountLimitReached',
      'PublicIPPrefixCountLimitReached',
      'NetworkSecurityGroupCountLimitReached',
      'LoadBalancerCountLimitReached',
    ],
    remedy: {
      title: 'Network quota of the subscription reached',
      hint: 'Request more of what the message names for the subscription in this region, or delete what nobody needs.',
      link: `${DOCS}/azure-resource-manager/management/azure-subscription-service-limits#networking-limits`,
    },
  },
  {
    codes: ['SubnetIsFull', 'SubnetDoesNotHaveEnoughCapacity'],
    remedy: {
      title: 'Subnet is full',
      hint: 'The subnet has no free addresses left: use a larger one, or a smaller target.',
      link: `${DOCS}/batch/batch-virtual-network`,
    },
  },
  {
    words: /quota/i,
    service: 'compute',
    remedy: {
      title: 'Compute quota of the subscription reached',
      hint: 'This is a quota of the subscription in this region, not of the Batch account: request more, or use another VM size. `capture: copy` needs cores for its throw-away machine; the other ways do not.',
      link: COMPUTE_QUOTA,
    },
  },
  {
    words: /quota/i,
    remedy: { title: 'Quota reached', hint: 'Request more quota, or use a smaller target or another VM size.', link: BATCH_QUOTA },
  },
]

const SNAPSHOT_COUNT: Remedy = {
  title: 'Too many snapshots of the disk',
  hint: 'A disk has at most 500 incremental snapshots: delete old ones of this disk; `retain-versions` lets this action delete its own.',
  link: SNAPSHOTS,
}
const SNAPSHOT_RATE: Remedy = {
  title: 'Snapshots of the disk in too quick succession',
  hint: 'A disk takes at most 7 incremental snapshots in five minutes. Run again in some minutes, and give workflows with the same source one `concurrency` group.',
  link: SNAPSHOTS,
}

const NETWORK: readonly Rule[] = [
  {
    codes: ['PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled'],
    remedy: {
      title: "Subnet's private-link policies are on",
      hint: 'Batch makes a private link service in the subnet of a pool without public addresses. Turn its policies off there: az network vnet subnet update --ids <subnet id> --private-link-service-network-policies Disabled',
      link: `${DOCS}/private-link/disable-private-link-service-network-policy`,
    },
  },
  {
    codes: ['PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled'],
    remedy: {
      title: "Subnet's private-endpoint policies are on",
      hint: 'Turn them off in that subnet: az network vnet subnet update --ids <subnet id> --private-endpoint-network-policies Disabled',
      link: `${DOCS}/private-link/disable-private-endpoint-network-policy`,
    },
  },
]

const IMAGES: readonly Rule[] = [
  {
    words: /must be of the format .*Microsoft\.Compute\/galleries/is,
    remedy: {
      title: 'Managed images are retired in Batch',
      hint: 'Batch takes no managed image here: pools from managed images were retired on 31 March 2026. Set `image-kind: gallery` and `gallery`; the same snapshots are then published as a gallery image version.',
      link: `${DOCS}/batch/batch-custom-image-pools-to-azure-compute-gallery-migration-guide`,
    },
  },
  {
    codes: ['TrustedLaunchNotSupported'],
    remedy: {
      title: 'Trusted Launch is not supported here',
      hint: 'Use a VM size and an image that support Trusted Launch, or a definition and a pool without it.',
      link: `${DOCS}/virtual-machines/trusted-launch`,
    },
  },
  {
    words: /TrustedLaunch/i,
    remedy: {
      title: 'Trusted Launch does not match',
      hint: 'The source has Trusted Launch: use `image-kind: gallery` with a definition whose feature SecurityType is TrustedLaunch, and `securityProfile.securityType: trustedLaunch` on the pool.',
      link: `${DOCS}/virtual-machines/trusted-launch`,
    },
  },
  {
    codes: ['DiskEncryptionSetNotFound'],
    remedy: {
      title: 'Disk encryption set not found',
      hint: 'Check the ids in `disk-encryption-sets` and in the pool spec: a disk encryption set must be in the region where it is used.',
      link: `${DOCS}/virtual-machines/disk-encryption`,
    },
  },
  {
    codes: ['ImageVersionDeprecated'],
    remedy: {
      title: 'Image version is withdrawn',
      hint: 'The publisher has withdrawn this image version: build from a newer one.',
      link: `${DOCS}/virtual-machines/deprecated-images`,
    },
  },
  {
    codes: ['OSProvisioningClientError', 'OSProvisioningTimedOut', 'OSProvisioningInternalError'],
    remedy: {
      title: 'Image does not start',
      hint: 'The system in the image did not finish its first start; mostly it was not generalized (Windows: Sysprep; Linux: waagent -deprovision). Use `capture: copy`, which generalizes a throw-away copy.',
      link: `${DOCS}/virtual-machines/generalize`,
    },
  },
  {
    codes: ['VMMarketplaceInvalidInput', 'MarketplacePurchaseEligibilityFailed', 'ResourcePurchaseValidationFailed'],
    remedy: {
      title: 'Purchase plan missing or not accepted',
      hint: 'Accept the terms of the Marketplace image in the subscription (az vm image terms accept), and keep its purchase plan on the image definition.',
      link: `${DOCS}/virtual-machines/marketplace-images`,
    },
  },
  {
    codes: [
      'SkuNotAvailable',
      'AllocationFailed',
      'ZonalAllocationFailed',
      'OverconstrainedAllocationRequest',
      'OverconstrainedZonalAllocationRequest',
    ],
    remedy: {
      title: 'No capacity for this VM size',
      hint: 'Azure has no room for this VM size in the region now. Run again later, or use another VM size, zone or region.',
      link: `${DOCS}/azure-resource-manager/troubleshooting/error-sku-not-available`,
    },
  },
]

const STATES: readonly Rule[] = [
  {
    codes: ['ConditionNotMet'],
    remedy: {
      title: 'Pool changed meanwhile',
      hint: 'Someone else created or changed the pool meanwhile; nothing was overwritten. Look at the change, then run again.',
      link: BATCH_CODES,
    },
  },
  {
    codes: ['PropertyCannotBeUpdated'],
    remedy: {
      title: 'Property cannot be changed on this pool',
      hint: 'This property changes only on a pool without nodes, or not at all: use `strategy: in-place` or `strategy: replace`.',
      link: `${DOCS}/batch/batch-pool-update-properties`,
    },
  },
  {
    codes: ['Conflict'],
    words: /run command extension/i,
    remedy: {
      title: 'Run Command is busy',
      hint: 'Another run command has not ended in this VM. Wait for it, or remove it with az vm run-command invoke --command-id RemoveRunCommandLinuxExtension (Windows: RemoveRunCommandWindowsExtension), then run again.',
      link: `${DOCS}/virtual-machines/linux/run-command`,
    },
  },
  {
    codes: ['VMExtensionProvisioningTimeout', 'VMExtensionProvisioningError'],
    words: /RunCommand/i,
    remedy: {
      title: 'Run Command hangs in the VM',
      hint: 'Running again will not help while Run Command hangs. Remove it with az vm run-command invoke --command-id RemoveRunCommandLinuxExtension (Windows: RemoveRunCommandWindowsExtension), or restart the VM; a script must not wait for input.',
      link: `${DOCS}/virtual-machines/linux/run-command`,
    },
  },
  {
    codes: ['PoolNotFound', 'PoolBeingDeleted'],
    remedy: { title: 'Pool is gone', hint: 'Someone deleted the pool during the run. Run again to create it.', link: BATCH_CODES },
  },
  {
    codes: [
      'ParentResourceNotFound',
      'AccountNotFound',
      'ResourceNotFound',
      'ResourceGroupNotFound',
      'NotFound',
      'GalleryImageNotFound',
      'ImageNotFound',
      'PlatformImageNotFound',
    ],
    remedy: {
      title: 'Resource not found',
      hint: 'Check the name, the resource group, the subscription and the region; a name without a resource id is looked for in `resource-group`.',
      link: 'https://aka.ms/ARMResourceNotFoundFix',
    },
  },
  {
    codes: ['NotSupported', 'OperationNotSupported'],
    remedy: {
      title: 'Not supported by Azure',
      hint: 'Azure does not support this here, and retrying will not help: change what the message names.',
      link: `${DOCS}/azure-resource-manager/troubleshooting/common-deployment-errors`,
    },
  },
]

const PASSING: readonly Rule[] = [
  {
    codes: ['ResourceRequestsThrottled', 'SubscriptionRequestsThrottled', 'TooManyRequests', 'Throttled', 'Http429', 'ServerBusyThrottled'],
    remedy: throttled,
  },
  { words: /too many requests|throttled/i, remedy: throttled },
  {
    codes: [
      'ECONNRESET',
      'ETIMEDOUT',
      'ServerTimeout',
      'InternalServerError',
      'InternalExecutionError',
      'InternalError',
      'ServerBusy',
      'NoAnswer',
    ],
    remedy: passed,
  },
]

const RULES: readonly Rule[] = [...OBSTACLES, ...ACCESS, ...QUOTAS, ...NETWORK, ...IMAGES, ...STATES, ...PASSING]

/** What to call a refusal, and what to do about it. */
export function remedyFor(code: string, message: string, failure: AzureFailure): Remedy {
  const refusal = { code, message, failure }
  const service = serviceOf(failure)
  const isOf = (rule: Rule) => rule.service === undefined || rule.service === service
  const hasCode = ({ codes }: Rule) => codes?.some((one) => one.toLowerCase() === code.toLowerCase()) ?? false
  const hasWords = ({ words }: Rule) => words?.test(`${code}: ${message}`) ?? false
  const candidates = RULES.filter(isOf)
  const found =
    candidates.find((rule) => hasCode(rule) && rule.words && hasWords(rule)) ??
    candidates.find((rule) => hasCode(rule) && !rule.words) ??
    candidates.find((rule) => !rule.codes && hasWords(rule))
  if (found) return typeof found.remedy === 'function' ? found.remedy(refusal) : found.remedy
  return (failure.status ?? 0) >= 500 ? passed() : unknown(refusal)
}

/** Which resource provider speaks; the data plane of Batch is Batch. */
function serviceOf({ resourceId, url }: AzureFailure): Service | undefined {
  const target = `${resourceId ?? ''} ${url}`
  if (/\/providers\/Microsoft\.Batch\//i.test(target)) return 'batch'
  if (/\/providers\/Microsoft\.Compute\//i.test(target)) return 'compute'
  if (/\/providers\/Microsoft\.Network\//i.test(target)) return 'network'
  return /\.batch\./i.test(url) ? 'batch' : undefined
}

function unregistered(message: string): Remedy {
  const namespace = /namespace '([^']+)'/.exec(message)?.[1] ?? '<namespace>'
  return {
    title: 'Resource provider is not registered',
    hint: `Register it once in the subscription, which takes some minutes: az provider register --namespace ${namespace} --wait`,
    link: `${DOCS}/azure-resource-manager/troubleshooting/error-register-resource-provider`,
  }
}

function throttled(): Remedy {
  return {
    title: 'Azure throttled the requests',
    hint: 'Azure throttled the subscription for longer than this action retried. Run again later.',
    link: THROTTLING,
  }
}

function passed(): Remedy {
  return {
    title: 'Azure failed for a while',
    hint: 'A passing failure of Azure that outlived the retries. Run again: what is complete is reused.',
    link: 'https://azure.status.microsoft',
  }
}

function unknown({ failure }: Refusal): Remedy {
  return {
    title: 'Azure refused the request',
    hint: `Azure refused to ${failure.operation}; its message says why.`,
    link: `${DOCS}/azure-resource-manager/troubleshooting/common-deployment-errors`,
  }
}
