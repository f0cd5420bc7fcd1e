/** Each family of refusals says what to do and where, with the values that the run presented. */
import { expect, test } from 'vitest'
import { AuthError } from '../../../src/errors/sign-in.ts'
import type { SignInAttempt } from '../../../src/errors/sign-in-attempt.ts'
import { CLAIMS, CLI, OIDC } from '../../fixtures/sign-in-attempts.ts'

test.each<[string, SignInAttempt, readonly string[]]>([
  ['AADSTS7002138: The subject matches with case-insensitive comparison', OIDC, ['upper and lower case', `subject "${CLAIMS.sub}"`]],
  ['AADSTS70021: No matching federated identity record', OIDC, ['az ad app federated-credential create --id app-1']],
  ['AADSTS700211: issuer', OIDC, [`issuer "${CLAIMS.iss}"`]],
  ['AADSTS700212: audience', OIDC, [`audience "${CLAIMS.aud}"`]],
  ['AADSTS700213: subject', OIDC, [`subject "${CLAIMS.sub}"`]],
  ['AADSTS501661: Request to External OIDC endpoint failed.', OIDC, [CLAIMS.iss, '/.well-known/openid-configuration', 'managed-identity']],
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
])('%s', (message, attempt, expected) => {
  const { title, hint } = new AuthError({ ...attempt, error: new Error(message) }).explanation
  for (const text of expected) expect(hint).toContain(text)
  expect(title).toBe('Azure sign-in failed')
})

test('the command can be pasted, whatever the branch is called', () => {
  const sub = "repo:o/r:ref:refs/heads/it's-$(id)-`id`"
  const attempt = { ...OIDC, assertionClaims: { iss: 'https://i', sub, aud: 'a' } }
  const { hint: text } = new AuthError({ ...attempt, error: new Error('AADSTS700213: No match') }).explanation
  const [, quoted = ''] = /--parameters ('(?:[^']|'\\'')*')/.exec(text) ?? []
  expect(JSON.parse(quoted.slice(1, -1).replaceAll("'\\''", "'"))).toEqual({
    name: 'github-repo-o-r-ref-refs-heads-it-s-id-id-',
    issuer: 'https://i',
    subject: sub,
    audiences: ['a'],
  })
})
