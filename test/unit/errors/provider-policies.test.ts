/** What an error from a provider beneath Batch means: by its code, then by its words. */
import { expect, test } from 'vitest'
import { classifyResizeError, type ResizeError } from '../../../src/errors/resize-errors.ts'
import type { RawResizeError } from '../../../src/model/batch.ts'
import { providerError, raw, reason, SPOT } from '../../fixtures/resize-errors.ts'

test.each<[string, RawResizeError, ResizeError['class'], RegExp]>([
  [
    'no Spot capacity',
    reason('Deployment allocation failed due to insufficient capacity for the requested VM size in the region.', SPOT),
    'wait',
    /seeking Spot/,
  ],
  [
    'Unknown with a reason',
    raw('Unknown', 'x', [{ code: 'Reason', message: 'Allocation failed as subnet has delegation to external resources.' }]),
    'fatal',
    /delegation/,
  ],
  [
    'a generation mismatch',
    providerError('BadRequest', "The selected VM size 'STANDARD_A1_V2' cannot boot Hypervisor Generation '2'."),
    'fatal',
    /generation/,
  ],
  [
    'Trusted Launch',
    providerError(
      'BadRequest',
      "The provided gallery image only supports creation of VMs and VM Scale Sets with 'TrustedLaunch' security type.",
    ),
    'fatal',
    /trustedLaunch/,
  ],
  [
    'a locked scope',
    providerError('ScopeLocked', 'The scope cannot perform write operation because following scope(s) are locked'),
    'fatal',
    /remove the lock/,
  ],
  ['a policy', providerError('RequestDisallowedByPolicy', "Resource 'x' was disallowed by policy."), 'fatal', /exemption/],
  [
    'a full subnet',
    providerError('SubnetIsFull', 'Subnet nodes with address prefix 10.0.0.0/28 does not have enough capacity for 100 IP addresses.'),
    'fatal',
    /subnet/,
  ],
  [
    'a quota of the subscription',
    providerError(
      'OperationNotAllowed',
      'Operation could not be completed as it results in exceeding approved standardDSv5Family Cores quota.',
    ),
    'fatal',
    /subscription/,
  ],
  [
    'public addresses of the subscription',
    providerError('PublicIPCountLimitReached', 'Cannot create more than 20 public IP addresses for this subscription in this region.'),
    'fatal',
    /subscription/,
  ],
  [
    'a missing plan',
    providerError(
      'VMMarketplaceInvalidInput',
      'Creating a virtual machine from Marketplace image requires Plan information in the request.',
    ),
    'fatal',
    /plan/,
  ],
  [
    'an image of another region, in its other words',
    providerError('NotFound', "The Image '/subscriptions/s/…' cannot be found in 'westeurope' region."),
    'fatal',
    /replica in the region/,
  ],
  [
    'a Marketplace purchase that is not allowed',
    reason('Allocation failed due to marketplace purchase eligibility check returned errors.'),
    'fatal',
    /purchase plan/,
  ],
  [
    'a version that is gone',
    providerError('GalleryImageNotFound', 'The gallery image /subscriptions/s/… is not available in westeurope region.'),
    'fatal',
    /image/,
  ],
  [
    'capacity',
    reason('Deployment allocation failed due to insufficient capacity for the requested VM size in the region.'),
    'retry',
    /capacity/,
  ],
  [
    'capacity in the words of Compute',
    providerError('AllocationFailed', 'Allocation failed. We do not have sufficient capacity for the requested VM size in this region.'),
    'retry',
    /capacity/,
  ],
  [
    'capacity of a zone',
    providerError('ZonalAllocationFailed', 'Allocation failed. Read more about improving likelihood of allocation success.'),
    'retry',
    /capacity/,
  ],
  [
    'a size that is short',
    providerError('SkuNotAvailable', "The requested size for resource is currently not available in location 'westeurope'."),
    'retry',
    /capacity/,
  ],
  ['an internal error', reason('The server encountered an internal error.'), 'retry', /passing/],
  [
    'an internal error of Compute',
    providerError('InternalExecutionError', 'An internal execution error occurred. Please retry later.'),
    'retry',
    /passing/,
  ],
  ['a delegated subnet', reason('Allocation failed as subnet has delegation to external resources.'), 'fatal', /delegation/],
  [
    'missing permissions',
    reason('Azure Batch Service does not have the desired permissions to perform a pool operation.'),
    'fatal',
    /Contributor/,
  ],
  ['the key vault', reason('Allocation failed as Batch is not authorized to access the key vault.'), 'fatal', /key vault/],
  [
    'a removed image',
    raw(
      'AllocationFailed',
      'There was an error encountered while performing the last resize on the pool. Please try resizing the pool again.',
    ),
    'fatal',
    /was removed/,
  ],
  ['a reason of the future', reason('The moon is full.'), 'retry', /once/],
])('%s', (_, error, expected, fix) => {
  const classified = classifyResizeError(error)
  expect(classified.class).toBe(expected)
  expect(classified.code).toBe(error.code)
  expect(classified.message).toBe(error.message)
  expect(classified.fix).toMatch(fix)
  expect(classified.link).toMatch(/^https:/)
})

test.each<[string, string, ResizeError['class'], RegExp]>([
  ['NotSupported', 'x', 'fatal', /retrying will not help/],
  ['RequestDisallowedByAzure', 'This policy maintains a set of best available regions.', 'fatal', /region/],
  [
    'MissingSubscriptionRegistration',
    "The subscription is not registered to use namespace 'Microsoft.Network'.",
    'fatal',
    /az provider register/,
  ],
  ['DiskEncryptionSetNotFound', 'x', 'fatal', /region/],
  ['ImageVersionDeprecated', 'x', 'fatal', /newer/],
  ['TrustedLaunchNotSupported', 'x', 'fatal', /VM size/],
  ['OSProvisioningClientError', 'x', 'fatal', /generalized/],
  ['OSProvisioningTimedOut', 'OS Provisioning did not finish in the allotted time.', 'fatal', /generalized/],
  [
    'VMExtensionProvisioningError',
    'VM has reported a failure: an internal error occurred, not enough capacity, try again.',
    'fatal',
    /extension/,
  ],
  ['PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled', 'x', 'fatal', /network-policies Disabled/],
  ['OverconstrainedZonalAllocationRequest', 'x', 'retry', /capacity/],
  ['ZonalAllocationFailed', 'quota of internal errors', 'retry', /capacity/],
])('the code of the provider comes before its words: %s', (code, message, expected, fix) => {
  const classified = classifyResizeError(providerError(code, message))
  expect(classified.class).toBe(expected)
  expect(classified.fix).toMatch(fix)
})
