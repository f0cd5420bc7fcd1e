import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { innermost } from '../../../src/errors/innermost.ts'

describe('innermost words', () => {
  test.each<[string, unknown, { code: string; message: string }]>([
    ['ARM', { error: { code: 'NotFound', message: 'no such disk' } }, { code: 'NotFound', message: 'no such disk' }],
    [
      'Batch on ARM: the reason is in details, request id and time are noise',
      {
        error: {
          code: 'InvalidPropertyValue',
          message: 'The value provided for one of the properties is invalid.\nRequestId:1\nTime:2',
          target: 'BatchAccount',
          details: [
            { code: 'PropertyPath', message: 'properties.vmSize' },
            { code: 'Reason', message: 'No such size.' },
          ],
        },
      },
      { code: 'InvalidPropertyValue', message: 'No such size. (properties.vmSize)' },
    ],
    [
      'Batch data plane',
      {
        'odata.metadata': 'x',
        code: 'PoolBeingResized',
        message: { lang: 'en-US', value: 'The specified pool is being resized.\nRequestId:1\nTime:2' },
      },
      { code: 'PoolBeingResized', message: 'The specified pool is being resized.' },
    ],
    [
      'a long operation that failed',
      { status: 'Failed', error: { code: 'ImageBlobNotFound', message: 'Unable to find VHD blob' } },
      { code: 'ImageBlobNotFound', message: 'Unable to find VHD blob' },
    ],
    [
      'JSON in a message',
      { error: { code: 'Outer', message: '{"error":{"code":"Inner","message":"really this"}}' } },
      { code: 'Inner', message: 'really this' },
    ],
    [
      "Compute's innererror with nothing but a type adds nothing",
      { error: { code: 'E', message: 'why', innererror: { exceptiontype: 'X', errordetail: '' } } },
      { code: 'E', message: 'why' },
    ],
    [
      "Compute's innererror has its words in errordetail",
      { error: { code: 'E', message: 'An internal error.', innererror: { exceptiontype: 'X', errordetail: 'the key vault is gone' } } },
      { code: 'E', message: 'the key vault is gone' },
    ],
    [
      'several errors: the first one that says something, if only in its details',
      {
        error: {
          code: 'MultipleErrorsOccurred',
          message: 'Multiple error occurred.',
          details: [
            { code: 'Outer', details: [{ code: 'First', message: 'the cause' }] },
            { code: 'Second', message: 'what followed' },
          ],
        },
      },
      { code: 'First', message: 'the cause' },
    ],
    [
      'several errors: one that says nothing at all is passed over',
      {
        error: {
          code: 'MultipleErrorsOccurred',
          message: 'Multiple error occurred.',
          details: [
            { code: 'Empty', details: [{ code: 'Empty' }] },
            { code: 'Second', message: 'why' },
          ],
        },
      },
      { code: 'Second', message: 'why' },
    ],
    [
      'Compute throttling: the detail is a measurement, the words are outside',
      {
        error: {
          code: 'OperationNotAllowed',
          message: 'The server rejected the request because too many requests have been received for this subscription.',
          details: [{ code: 'TooManyRequests', message: '{"operationGroup":"HighCostGet3Min","allowedRequestCount":162}' }],
          innererror: { internalErrorCode: 'TooManyRequestsReceived' },
        },
      },
      {
        code: 'TooManyRequests',
        message: 'The server rejected the request because too many requests have been received for this subscription.',
      },
    ],
    [
      'Batch data plane: a value named by the thing itself',
      {
        code: 'InvalidApplicationPackageReferences',
        message: { value: 'One or more of the specified application package references are invalid.\nRequestId:1\nTime:2' },
        values: [{ key: 'blender', value: 'The specified application package does not exist.' }],
      },
      { code: 'InvalidApplicationPackageReferences', message: 'The specified application package does not exist. (blender)' },
    ],
    [
      'a deployment: the reason is JSON in a text among the properties',
      { status: 'Failed', properties: { statusMessage: '{"error":{"code":"SkuNotAvailable","message":"not here"}}' } },
      { code: 'SkuNotAvailable', message: 'not here' },
    ],
    [
      'an operation whose error is among its properties',
      { status: 'Failed', properties: { provisioningState: 'Failed', error: { code: 'Inner', message: 'really this' } } },
      { code: 'Inner', message: 'really this' },
    ],
    [
      'a VM: the status that is an error',
      {
        name: 'copy',
        properties: {
          provisioningState: 'Failed',
          instanceView: {
            statuses: [
              { code: 'PowerState/running', level: 'Info' },
              { code: 'ProvisioningState/failed/OSProvisioningTimedOut', level: 'Error', message: 'OS Provisioning did not finish.' },
            ],
          },
        },
      },
      { code: 'OSProvisioningTimedOut', message: 'OS Provisioning did not finish.' },
    ],
    ['a resource that failed and says no more', { name: 'golden', properties: { provisioningState: 'Failed' } }, { code: '', message: '' }],
    ['capital letters', { Error: { Code: 'Outer', Message: 'why', Details: null } }, { code: 'Outer', message: 'why' }],
    [
      'OData',
      { 'odata.error': { code: 'Request_BadRequest', message: { lang: 'en', value: 'why' } } },
      { code: 'Request_BadRequest', message: 'why' },
    ],
    ['Entra ID', { error: 'invalid_grant', error_description: 'AADSTS1: why' }, { code: 'invalid_grant', message: 'AADSTS1: why' }],
    [
      'details three deep',
      { error: { code: 'A', message: 'a', details: [{ code: 'B', message: 'b', details: [{ code: 'C', message: 'c' }] }] } },
      { code: 'C', message: 'c' },
    ],
    [
      "a node: the provider's words are in its details",
      {
        code: 'NodeError',
        message: 'The node failed.',
        details: [
          { name: 'Provider Error Json', value: '{"error":{"code":"VMExtensionProvisioningError","message":"the script failed"}}' },
        ],
      },
      { code: 'VMExtensionProvisioningError', message: 'the script failed' },
    ],
    [
      'an HTML page of a proxy',
      '<html><head><title>403 Blocked</title></head></html>',
      { code: '', message: 'an HTML page titled "403 Blocked"' },
    ],
    ['nothing', '', { code: '', message: '' }],
  ])('%s', (_, body, expected) => {
    expect(innermost(body)).toEqual(expected)
  })

  test('no body breaks it', () => {
    fc.assert(fc.property(fc.anything(), (body) => typeof innermost(body).message === 'string'))
    fc.assert(fc.property(fc.json(), (text) => typeof innermost(text).message === 'string'))
  })
})
