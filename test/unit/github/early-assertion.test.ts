import { expect, test } from 'vitest'
import { assertionAddress, earlyAssertion } from '../../../src/github/early-assertion.ts'

const given = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://github.test/token?run=1', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'b' }

test.each<[string, Readonly<Record<string, string>>]>([
  ['no permission', { ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }],
  ['an address without https', { ACTIONS_ID_TOKEN_REQUEST_URL: 'http://github.test/token?run=1' }],
  ['no address at all', { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://' }],
])('nobody is asked early: %s', (_, changed) => {
  expect(assertionAddress({ ...given, ...changed })).toBeUndefined()
})

test('without a connection there is no assertion, and nothing is thrown', async () => {
  const address = assertionAddress(given)
  if (!address) throw new Error('no address')
  const connection = { secured: Promise.resolve(undefined), made: Promise.resolve() }
  const early = earlyAssertion({ address, audience: 'a', connection }, given)
  await early.sent
  expect(early.audience).toBe('a')
  expect(await early.token).toBeUndefined()
})
