/** What each of Batch's own codes means. */
import { expect, test } from 'vitest'
import { classifyResizeError, type ResizeError } from '../../../src/errors/resize-errors.ts'
import type { RawResizeError } from '../../../src/model/batch.ts'
import { DEDICATED, raw, SPOT } from '../../fixtures/resize-errors.ts'

test.each<[string, RawResizeError, ResizeError['class'], RegExp]>([
  ['a timeout on the wire', raw('AllocationTimedout', `${DEDICATED} as the resize timeout was reached`), 'retry', /resize-timeout/],
  ['a timeout in the SDK', raw('AllocationTimedOut', `${DEDICATED} as the resize timeout was reached`), 'retry', /resize-timeout/],
  ['a Spot timeout', raw('AllocationTimedout', `${SPOT} as the resize timeout was reached`), 'wait', /seeking Spot/],
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
  ['a code of the future', raw('BrandNewCode', 'brand new'), 'retry', /once/],
  ['a bare AllocationFailed', raw('AllocationFailed', DEDICATED), 'retry', /capacity/],
  ['AllocationFailed with no details at all', { code: 'AllocationFailed', message: DEDICATED } as RawResizeError, 'retry', /capacity/],
  ['in capitals', raw('ACCOUNTCOREQUOTAREACHED', 'x'), 'fatal', /dedicated cores/],
])('%s', (_, error, expected, fix) => {
  const classified = classifyResizeError(error)
  expect(classified.class).toBe(expected)
  expect(classified.code).toBe(error.code)
  expect(classified.message).toBe(error.message)
  expect(classified.fix).toMatch(fix)
  expect(classified.link).toMatch(/^https:/)
})
