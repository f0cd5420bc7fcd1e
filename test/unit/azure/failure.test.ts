import { RestError } from '@azure/core-rest-pipeline'
import { describe, expect, test } from 'vitest'
import { failedCall, trusted } from '../../../src/azure/failure.ts'
import { explain } from '../../../src/errors/explanation.ts'
import { ATTEMPT, answer, ORIGIN } from '../../fixtures/raw-answers.ts'

describe('what a client threw', () => {
  test('keeps the body of the last answer', () => {
    const seen = answer(409, { error: { code: 'Conflict', message: 'busy' } }, { 'x-ms-correlation-request-id': 'c-1' })
    expect(explain(failedCall(ATTEMPT, new Error('dropped'), seen))).toMatchObject({
      title: 'Azure refused the request: create snapshot golden-os (Conflict)',
      message: 'busy',
      correlationId: 'c-1',
    })
  })

  test('because it could not parse the answer gives way to the answer', () => {
    const response = { status: 503, headers: { get: () => undefined }, bodyAsText: 'busy' }
    const error = new RestError('Unexpected token', { code: 'PARSE_ERROR', statusCode: 503, response: response as never })
    expect(failedCall(ATTEMPT, error, undefined)).toMatchObject({ status: 503, message: 'busy' })
  })

  test.each([
    ['ETIMEDOUT', 'no answer within 60 s'],
    ['ECONNRESET', 'socket hang up'],
  ])('on the way (%s) may pass', (code, message) => {
    const explanation = explain(failedCall(ATTEMPT, new RestError(message, { code }), undefined))
    expect(explanation.title).toBe(`Azure failed for a while: create snapshot golden-os (${code})`)
    expect(explanation.hint).toContain('Run again')
  })

  test.each([
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND x', 'Host name not found', 'DNS'],
    ['ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.4:443', 'Connection refused', 'firewall'],
  ])('before it reached Azure (%s) is not reported as a refusal of Azure', (code, message, title, hint) => {
    const explanation = explain(failedCall(ATTEMPT, new RestError(message, { code }), undefined))
    expect(explanation.title).toBe(title)
    expect(explanation.message).toContain(`could not be reached: ${message}`)
    expect(explanation.hint).toContain(hint)
  })

  test('is passed on where it explains itself', () => {
    const abort = Object.assign(new Error('aborted'), { name: 'AbortError' })
    expect(failedCall(ATTEMPT, abort, undefined)).toBe(abort)
  })
})

test.each([
  ['https://evil.example/page', 'https://evil.example'],
  ['http://management.azure.com/page', 'http://management.azure.com'],
  ['https://management.azure.com@evil.example/page', 'https://evil.example'],
  ['https://', 'no address at all'],
  ['https://management.azure.com.evil.example/page', 'https://management.azure.com.evil.example'],
  ['https://management.azure.com:8443/page', 'https://management.azure.com:8443'],
])('a link to %s is refused with both hosts named', (url, found) => {
  const thrown = (() => {
    try {
      return trusted(url, ORIGIN, 'the next page')
    } catch (error) {
      return error
    }
  })()
  const explanation = explain(thrown)
  expect(explanation.title).toBe('Azure sent a link to another host')
  expect(explanation.message).toBe(`the URL of the next page leads to another host: ${found} instead of https://management.azure.com`)
})
