import { expect, test } from 'vitest'
import { AzureError } from '../../../src/errors/azure-error.ts'

test('a refusal names the kind of failure, the operation, the resource and the code', () => {
  const error = new AzureError({
    operation: 'create snapshot',
    resourceId: '/x/s1',
    method: 'PUT',
    url: 'https://m/x',
    status: 403,
    body: { error: { code: 'AuthorizationFailed', message: "The client does not have authorization to perform action 'x'." } },
  })
  expect(error.explanation.title).toBe('Permission missing: create snapshot s1 (AuthorizationFailed)')
  expect(error).toMatchObject({ status: 403, code: 'AuthorizationFailed', hasReason: true })
})

test('an empty 503 still says what happened', () => {
  const error = new AzureError({ operation: 'read pool', method: 'GET', url: 'https://m/x', status: 503, body: '' })
  expect(error.explanation.title).toBe('Azure failed for a while: read pool (Http503)')
  expect(error.message).toBe('GET was answered with 503 and no reason')
  expect(error.hasReason).toBe(false)
})
