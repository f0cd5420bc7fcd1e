import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AzureError } from '../../../src/errors/azure-error.ts'
import { explain } from '../../../src/errors/explanation.ts'
import { innermost } from '../../../src/errors/innermost.ts'
import { InputError } from '../../../src/errors/input-error.ts'

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

const refused = (status: number, code: string, message: string) =>
  explain(
    new AzureError({
      operation: 'create snapshot',
      resourceId: '/x/s1',
      method: 'PUT',
      url: 'https://m/x',
      status,
      body: { error: { code, message } },
    }),
  )

describe('what a user is told', () => {
  test('a missing permission names the action, the scope and the command', () => {
    const { hint, title } = refused(
      403,
      'AuthorizationFailed',
      "The client 'c' with object id 'o1' does not have authorization to perform action 'Microsoft.Compute/snapshots/write' over scope '/subscriptions/1/x' or the scope is invalid.",
    )
    expect(title).toBe('Permission missing: create snapshot s1 (AuthorizationFailed)')
    expect(hint).toContain('az role assignment create --assignee-object-id o1')
    expect(hint).toContain('Microsoft.Compute/snapshots/write')
    expect(hint).toContain('--scope "/subscriptions/1/x"')
  })

  test('a linked permission names the linked action, not the one that is there', () => {
    const { hint } = refused(
      403,
      'LinkedAuthorizationFailed',
      "The client has permission to perform action 'Microsoft.Compute/snapshots/write' on scope 'a'; however, it does not have permission to perform action 'Microsoft.Compute/disks/beginGetAccess/action' on the linked scope(s) '/d'",
    )
    expect(hint).toContain('role with Microsoft.Compute/disks/beginGetAccess/action')
  })

  test('an empty 503 still says what happened', () => {
    const { title, message } = explain(new AzureError({ operation: 'read pool', method: 'GET', url: 'https://m/x', status: 503, body: '' }))
    expect(title).toBe('Azure failed for a while: read pool (Http503)')
    expect(message).toBe('GET was answered with 503 and no reason')
  })

  test('all input problems at once', () => {
    const { title, message } = explain(
      new InputError([
        { input: 'mode', value: 'x', problem: 'is unknown', allowed: 'apply, plan' },
        { input: 'vm', problem: 'is missing' },
      ]),
    )
    expect(title).toBe('2 invalid inputs')
    expect(message).toBe('mode "x": is unknown (allowed: apply, plan)\nvm: is missing')
  })

  test('anything thrown is explained', () => {
    fc.assert(fc.property(fc.anything(), (thrown) => explain(thrown).title.length > 0))
  })
})
