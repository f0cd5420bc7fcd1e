/** Each family of failures says what to do and where. */
import { expect, test } from 'vitest'
import { AuthError } from '../../../src/errors/sign-in.ts'
import type { SignInAttempt } from '../../../src/errors/sign-in-attempt.ts'
import { CLI, OIDC } from '../../fixtures/sign-in-attempts.ts'

test.each<[string, SignInAttempt, readonly string[]]>([
  ['Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable', OIDC, ['id-token: write', 'forks']],
  ['az was not found: the Azure CLI is not installed', CLI, ['Install the Azure CLI']],
  ["Please run 'az login' to setup account.", CLI, ['azure/login']],
  ["The subscription of 'x' doesn't exist in cloud 'AzureCloud'.", CLI, ['`subscription-id`']],
  ['GitHub gave no answer within 60 s', OIDC, ["GitHub's token service"]],
  ['Error message: Response json body do not have ID Token field', OIDC, ["GitHub's token service"]],
  ['az account get-access-token ended with exit code 1 and said nothing', CLI, ['--debug']],
])('%s', (message, attempt, expected) => {
  const { title, hint } = new AuthError({ ...attempt, error: new Error(message) }).explanation
  for (const text of expected) expect(hint).toContain(text)
  expect(title).toBe('Azure sign-in failed')
})
