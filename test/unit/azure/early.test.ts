import { expect, test } from 'vitest'
import { beginAzure } from '../../../src/azure/early.ts'
import type { Identity } from '../../../src/config/config.ts'
import type { SignIn } from '../../../src/model/sign-in.ts'

const IDS = { clientId: 'c', tenantId: 't' }

const begunBy = (signIn: SignIn, authorityHost = 'https://127.0.0.1:9') => {
  const identity: Identity = { signIn, why: '', subscriptionId: 's', environment: 'AzureCloud', authorityHost }
  const environment = { IDENTITY_ENDPOINT: 'http://127.0.0.1:9/', IDENTITY_HEADER: 'h', PATH: '' }
  const { begun: _, ...parts } = beginAzure(identity, environment)
  return Object.keys(parts)
}

test.each<[SignIn['way'], SignIn, readonly string[]]>([
  ['oidc', { way: 'oidc', ...IDS }, ['connection']],
  ['secret', { way: 'secret', ...IDS }, ['connection']],
  ['certificate', { way: 'certificate', ...IDS }, ['connection']],
  ['workload-identity', { way: 'workload-identity', tokenFile: 'f', ...IDS }, ['connection']],
  ['managed-identity', { way: 'managed-identity' }, ['identityAnswer']],
  ['machine', { way: 'machine' }, ['identityAnswer']],
  ['none', { way: 'none' }, []],
])('%s', (_, signIn, expected) => {
  expect(begunBy(signIn)).toEqual(expected)
})

test.skipIf(process.platform === 'win32')('cli', () => {
  expect(begunBy({ way: 'cli' })).toEqual(['az'])
})

test.each(['http://127.0.0.1:9', 'https://'])('nothing goes to %s', (authorityHost) => {
  expect(begunBy({ way: 'secret', ...IDS }, authorityHost)).toEqual([])
})
