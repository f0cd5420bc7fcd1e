import { describe, expect, test } from 'vitest'
import { AuthError, entraSentence } from '../../../src/errors/sign-in.ts'
import type { SignInAttempt } from '../../../src/errors/sign-in-attempt.ts'
import { UnreachableError } from '../../../src/errors/unreachable.ts'

const CLAIMS = {
  iss: 'https://token.actions.githubusercontent.com',
  sub: 'repo:o/r:ref:refs/heads/main',
  aud: 'api://AzureADTokenExchange',
}
const OIDC: SignInAttempt = {
  signIn: { way: 'oidc', clientId: 'app-1', tenantId: 'tenant-1' },
  why: 'asked for',
  environment: 'AzureCloud',
  authorityHost: 'login.microsoftonline.com',
  assertionClaims: CLAIMS,
}
const CLI: SignInAttempt = { ...OIDC, signIn: { way: 'cli', tenantId: 'tenant-1' } }

const explained = (error: unknown, attempt: SignInAttempt = OIDC) => new AuthError({ ...attempt, error }).explanation
const hint = (message: string, attempt?: SignInAttempt): string => explained(new Error(message), attempt).hint

describe('each family of refusals names what to do where, and what was presented', () => {
  test.each<[string, SignInAttempt, readonly string[]]>([
    ['AADSTS7002138: The subject matches with case-insensitive comparison', OIDC, ['upper and lower case', `subject "${CLAIMS.sub}"`]],
    ['AADSTS70021: No matching federated identity record', OIDC, ['az ad app federated-credential create --id app-1']],
    ['AADSTS700211: issuer', OIDC, [`issuer "${CLAIMS.iss}"`]],
    ['AADSTS700212: audience', OIDC, [`audience "${CLAIMS.aud}"`]],
    ['AADSTS700213: subject', OIDC, [`subject "${CLAIMS.sub}"`]],
    [
      'AADSTS501661: Request to External OIDC endpoint failed.',
      OIDC,
      [CLAIMS.iss, '/.well-known/openid-configuration', 'managed-identity'],
    ],
    ['AADSTS500031: Cannot find signing certificate configured.', OIDC, ['signing keys']],
    ['AADSTS700016: not found', OIDC, ['app-1', 'tenant-1', '`client-id`']],
    ['AADSTS7000229: no service principal', OIDC, ['app-1', 'tenant-1']],
    ['AADSTS7000112: Application is disabled.', OIDC, ['app-1', 'disabled in tenant tenant-1', 'Enterprise applications']],
    ['AADSTS500011: The resource principal was not found', OIDC, ['environment: AzureCloud', 'az provider register']],
    ['AADSTS90002: Tenant not found', OIDC, ['login.microsoftonline.com', 'tenant-1', '`environment`']],
    ['AADSTS900023: Specified tenant identifier is not valid', OIDC, ['`tenant-id`']],
    ['AADSTS700024: not within its valid time range', OIDC, ['clock']],
    ['AADSTS700024: not within its valid time range', CLI, ['azure/login', '`auth: oidc`']],
    ['AADSTS70043: The refresh token has expired', CLI, ['azure/login']],
    [
      'AADSTS7000215: Invalid client secret',
      { ...OIDC, signIn: { way: 'secret', clientId: 'app-1', tenantId: 't' } },
      ['AZURE_CLIENT_SECRET', 'app-1'],
    ],
    ['AADSTS7000222: expired', OIDC, ['AZURE_CLIENT_SECRET']],
    [
      'AADSTS700027: certificate',
      { ...OIDC, signIn: { way: 'certificate', clientId: 'app-1', tenantId: 't' } },
      ['AZURE_CLIENT_CERTIFICATE_PATH', 'app-1'],
    ],
    ['AADSTS50076: multi-factor', CLI, ['second factor', 'application']],
    ['AADSTS50158: External security challenge not satisfied', CLI, ['second factor']],
    ['AADSTS50020: User account from identity provider does not exist in tenant', CLI, ['tenant-1', 'az login --tenant']],
    ['AADSTS53003: blocked', OIDC, ['Conditional Access']],
    ['AADSTS530004: blocked', OIDC, ['Conditional Access']],
    ['AADSTS90033: A transient error', OIDC, ['busy']],
    ['Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable', OIDC, ['id-token: write', 'forks']],
    ['az was not found: the Azure CLI is not installed', CLI, ['Install the Azure CLI']],
    ["Please run 'az login' to setup account.", CLI, ['azure/login']],
    ["The subscription of 'x' doesn't exist in cloud 'AzureCloud'.", CLI, ['`subscription-id`']],
    ['GitHub gave no answer within 60 s', OIDC, ["GitHub's token service"]],
    ['Error message: Response json body do not have ID Token field', OIDC, ["GitHub's token service"]],
    ['az account get-access-token ended with exit code 1 and said nothing', CLI, ['--debug']],
  ])('%s', (message, attempt, expected) => {
    for (const text of expected) expect(hint(message, attempt)).toContain(text)
    expect(explained(new Error(message), attempt).title).toBe('Azure sign-in failed')
  })
})

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

test('the command can be pasted, whatever the branch is called', () => {
  const sub = "repo:o/r:ref:refs/heads/it's-$(id)-`id`"
  const text = hint('AADSTS700213: No match', { ...OIDC, assertionClaims: { iss: 'https://i', sub, aud: 'a' } })
  const [, quoted = ''] = /--parameters ('(?:[^']|'\\'')*')/.exec(text) ?? []
  expect(JSON.parse(quoted.slice(1, -1).replaceAll("'\\''", "'"))).toEqual({
    name: 'github-repo-o-r-ref-refs-heads-it-s-id-id-',
    issuer: 'https://i',
    subject: sub,
    audiences: ['a'],
  })
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
