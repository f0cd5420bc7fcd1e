import { expect, test } from 'vitest'
import { wordsOf } from '../../../src/azure/az.ts'

test.each([
  [
    'ERROR: AADSTS70043: The refresh token has expired.\nInteractive authentication is needed. Please run:\naz login\n',
    'AADSTS70043: The refresh token has expired.',
  ],
  ['WARNING: A new version is available.\nERROR: No subscription found.\r\n', 'No subscription found.'],
  ["\u001b[31mERROR: Please run 'az login' to setup account.\u001b[0m", "Please run 'az login' to setup account."],
  ['ERROR: Run the command below.\nTo re-authenticate, please run:\naz login', 'Run the command below.'],
  ['', ''],
])('of %j, %j is the reason', (stderr, expected) => {
  expect(wordsOf(stderr)).toBe(expected)
})
