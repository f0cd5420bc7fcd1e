import { describe, expect, test } from 'vitest'
import { AuthError, entraSentence } from '../../../src/errors/sign-in.ts'
import type { SignInAttempt } from '../../../src/errors/sign-in-attempt.ts'
import { UnreachableError } from '../../../src/errors/unreachable.ts'
import { CLI, OIDC } from '../../fixtures/sign-in-attempts.ts'

const explained = (error: unknown, attempt: SignInAttempt = OIDC) => new AuthError({ ...attempt, error }).explanation
const hint = (message: string, attempt?: SignInAttempt): string => explained(new Error(message), attempt).hint

test.each<[string, SignInAttempt]>([
  ['AADSTS999999: something new', OIDC],
  ['AADSTS999999: something new', CLI],
  ['anything else', OIDC],
])('what is not known is not explained by a cause that the inputs rule out: %s', (message, attempt) => {
  expect(hint(message, attempt)).not.toMatch(/Set `client-id`|id-token/)
  expect(hint(message, attempt)).toContain('say why')
})

test('a code that is not known leads to what Microsoft says about it', () => {
  expect(explained(new Error('AADSTS999999: x')).link).toBe('https://login.microsoftonline.com/error?code=999999')
})

test('the sentence of Entra ID is taken out of what a library puts around it, and its code is kept', () => {
  const wrapped =
    'invalid_client: Error(s): 7000215 - Timestamp: 2026 - Description: AADSTS7000215: Invalid\nclient secret. Trace ID: 1 Correlation ID: 2 Timestamp: 3 - Correlation ID: 4'
  expect(entraSentence(wrapped)).toBe('AADSTS7000215: Invalid client secret.')
  expect(explained(new Error(wrapped))).toMatchObject({ message: 'AADSTS7000215: Invalid client secret.', code: 'AADSTS7000215' })
})

test('a host that was not reached says so, whoever signs in', () => {
  const error = new UnreachableError('login.microsoftonline.com', {
    kind: 'certificate',
    words: 'self-signed certificate in certificate chain',
  })
  const { title, message, hint: todo } = explained(error)
  expect(title).toBe('Azure sign-in failed')
  expect(message).toBe('login.microsoftonline.com could not be reached: self-signed certificate in certificate chain')
  expect(todo).toContain('NODE_EXTRA_CA_CERTS')
})

/** As @azure/identity words what an endpoint answered, recorded from a server that answers so. */
describe('a managed identity that is refused: only what the endpoint said', () => {
  const described = (code: string, description: string) =>
    `ManagedIdentityCredential: Authentication failed. Message ${code}: Error(s): Not Available - Timestamp: Not Available - Description: ${description} - Correlation ID: 9bbe - Trace ID: Not Available`
  const status = (number: number, kind: string) =>
    `A ${kind} error occured.\nHttp status code: ${number}\nHttp status message: Unknown\nHeaders: {"content-type":"application/json","content-length":"0"}`

  test.each([
    [described('invalid_request', 'Identity not found'), 'the managed identity endpoint said: Identity not found'],
    [
      described('', 'No Managed Identity found for specified ClientId.'),
      'the managed identity endpoint said: No Managed Identity found for specified ClientId.',
    ],
    [described('server_error', status(500, 'server')), 'the managed identity endpoint answered 500, without a reason'],
    [described('client_error', status(404, 'client')), 'the managed identity endpoint answered 404, without a reason'],
    [
      'ManagedIdentityCredential: Network unreachable. Message: network_error: See https://aka.ms/msal.js.errors#network_error for details',
      'the managed identity endpoint gave no answer that could be read (network_error)',
    ],
  ])('%j', (text, words) => {
    const { message, hint } = explained(new Error(text), { ...OIDC, signIn: { way: 'managed-identity', clientId: 'app-1' } })
    expect(message).toBe(words)
    expect(hint).toContain('Assign the user-assigned identity app-1')
  })
})
