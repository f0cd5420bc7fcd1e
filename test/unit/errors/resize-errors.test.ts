import { describe, expect, test } from 'vitest'
import { classifyResizeError, errorsOfThisRun, type ResizeError } from '../../../src/errors/resize-errors.ts'
import type { Pool, RawResizeError } from '../../../src/model/batch.ts'

const DEDICATED = 'Desired number of dedicated nodes could not be allocated'
const SPOT = 'Desired number of low priority nodes could not be allocated'
const raw = (code: string, message = '', details: RawResizeError['details'] = []): RawResizeError => ({ code, message, details })
const providerError = (code: string, message: string, outer = DEDICATED) =>
  raw('AllocationFailed', outer, [
    { code: 'Provider Error Json', message: JSON.stringify({ error: { code, message } }) },
    { code: 'Provider Error Json Truncated', message: 'False' },
  ])
const reason = (text: string, outer = DEDICATED) => raw('AllocationFailed', outer, [{ code: 'Reason', message: text }])

describe('classes of resize errors', () => {
  test.each<[string, RawResizeError, ResizeError['class'], RegExp]>([
    ['a timeout on the wire', raw('AllocationTimedout', `${DEDICATED} as the resize timeout was reached`), 'retry', /resize-timeout/],
    ['a timeout in the SDK', raw('AllocationTimedOut', `${DEDICATED} as the resize timeout was reached`), 'retry', /resize-timeout/],
    ['a Spot timeout', raw('AllocationTimedout', `${SPOT} as the resize timeout was reached`), 'wait', /seeking Spot/],
    [
      'no Spot capacity',
      reason('Deployment allocation failed due to insufficient capacity for the requested VM size in the region.', SPOT),
      'wait',
      /seeking Spot/,
    ],
    ['total quota', raw('AccountCoreQuotaReached', 'The specified account has reached core quota'), 'fatal', /dedicated cores/],
    [
      'series quota',
      raw('AccountVMSeriesCoreQuotaReached', 'The specified account has reached VM series core quota for standardDFamily'),
      'fatal',
      /VM series/,
    ],
    ['Spot quota', raw('AccountLowPriorityCoreQuotaReached', 'The specified account has reached low priority core quota'), 'fatal', /Spot/],
    ['Spot quota, new name', raw('AccountSpotCoreQuotaReached', 'The specified account has reached spot core quota'), 'fatal', /Spot/],
    [
      'constraints',
      raw(
        'OverconstrainedAllocationRequestError',
        'The allocation condition is too restrictive. Please remove some constraints and try again',
      ),
      'retry',
      /constraint/,
    ],
    [
      'inter-node maximum',
      raw('CommunicationEnabledPoolReachedMaxVMCount', 'The pool has reached the maximum number of VMs'),
      'fatal',
      /inter-node/,
    ],
    ['unsupported size', raw('UnsupportedVMSize', 'The VM size is not supported'), 'fatal', /use another/],
    ['incompatible size', raw('IncompatibleVMSize', 'The VM size is incompatible with the configuration'), 'fatal', /use another/],
    [
      'a deleted dependency',
      raw('DependentResourceNotFound', 'A dependent resource specified for the Pool was not found'),
      'fatal',
      /deleted/,
    ],
    ['disk encryption', raw('DiskEncryptionFailure', 'Pool creation failed with disk encryption error'), 'fatal', /encryption/],
    ['identity', raw('FailedIdentityOperation', 'Failed to perform resource identity operation'), 'retry', /identity/],
    ['Marketplace plan', raw('MissingPublisherPropertyInMarketPlacePlan', 'The publisher is missing'), 'fatal', /purchase plan/],
    ['stopped by someone', raw('ResizeStopped', `${DEDICATED} due to a stop resize operation`), 'fatal', /stopped/],
    ['stopped by someone, Spot', raw('ResizeStopped', `${SPOT} due to a stop resize operation`), 'fatal', /stopped/],
    ['removal failed', raw('RemoveNodesFailed', 'Desired number of nodes could not be removed'), 'retry', /could not remove/],
    [
      'removal of Spot nodes failed',
      raw('RemoveNodesFailed', 'Desired number of low priority nodes could not be removed'),
      'retry',
      /could not remove/,
    ],
    ['Unknown', raw('Unknown', 'An unknown error occurred'), 'retry', /no reason/],
    [
      'Unknown with a reason',
      raw('Unknown', 'x', [{ code: 'Reason', message: 'Allocation failed as subnet has delegation to external resources.' }]),
      'fatal',
      /delegation/,
    ],
    ['a code of the future', raw('BrandNewCode', 'brand new'), 'retry', /once/],
    ['a bare AllocationFailed', raw('AllocationFailed', DEDICATED), 'retry', /capacity/],
    ['AllocationFailed with no details at all', { code: 'AllocationFailed', message: DEDICATED } as RawResizeError, 'retry', /capacity/],
    ['in capitals', raw('ACCOUNTCOREQUOTAREACHED', 'x'), 'fatal', /dedicated cores/],
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

  test('what nobody knows is shown verbatim', () => {
    expect(classifyResizeError(reason('The moon is full.'))).toMatchObject({ once: true, innermostMessage: 'The moon is full.' })
    expect(classifyResizeError(raw('BrandNewCode', 'brand new'))).toMatchObject({ once: true, code: 'BrandNewCode', message: 'brand new' })
  })

  test('the innermost of cut-off JSON is its last code and message', () => {
    const text =
      '{"error":{"code":"ResourceDeploymentFailure","message":"outer","details":[{"code":"ScopeLocked","message":"The scope \\"x\\" is lo'
    const cutOff = raw('AllocationFailed', DEDICATED, [
      { code: 'Provider Error Json', message: text },
      { code: 'Provider Error Json Truncated', message: 'True' },
    ])
    expect(classifyResizeError(cutOff)).toMatchObject({
      class: 'fatal',
      innermostCode: 'ScopeLocked',
      innermostMessage: 'The scope "x" is lo',
    })
  })

  test('the innermost words of the provider are shown, even where its JSON is cut off', () => {
    const cutOff = raw('AllocationFailed', 'outer', [
      {
        code: 'Provider Error Json',
        message: '{"error":{"code":"BadRequest","message":"The selected VM size cannot boot Hypervisor Generation',
      },
      { code: 'Provider Error Json Truncated', message: 'True' },
    ])
    expect(classifyResizeError(cutOff)).toMatchObject({
      class: 'fatal',
      innermostCode: 'BadRequest',
      innermostMessage: 'The selected VM size cannot boot Hypervisor Generation',
    })
  })
})

test('errors of an older resize are not believed', () => {
  const pool = (startTime: string, allocationState: string) =>
    ({ properties: { allocationState, resizeOperationStatus: { startTime, errors: [raw('AllocationTimedout')] } } }) as unknown as Pool
  const since = Date.parse('2026-11-23T03:00:00Z')
  expect(errorsOfThisRun(pool('2026-11-22T03:00:00Z', 'Steady'), since)).toEqual([])
  expect(errorsOfThisRun(pool('2026-11-23T03:00:01Z', 'Steady'), since)).toHaveLength(1)
  expect(errorsOfThisRun(pool('2026-11-23T03:00:01Z', 'Resizing'), since)).toEqual([])
})
