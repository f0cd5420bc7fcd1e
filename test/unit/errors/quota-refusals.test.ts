/** Refusals for quotas and limits that are used up. */
import { expect, test } from 'vitest'
import { type AT, refused } from '../../fixtures/refusals.ts'

test.each<[string, keyof typeof AT, string, string, RegExp, RegExp]>([
  [
    "Compute's quota",
    'vm',
    'OperationNotAllowed',
    'Operation could not be completed as it results in exceeding approved standardDSv5Family Cores quota.',
    /^Compute quota of the subscription/,
    /not of the Batch account/,
  ],
  [
    "Batch's quota of pools",
    'pool',
    'PoolQuotaReached',
    'Pool quota for the account has been reached.',
    /^Pool quota reached/,
    /Batch account/,
  ],
  ["Batch's other quotas", 'pool', 'SomeQuotaReached', 'The quota has been reached.', /^Quota reached/, /quota/],
  ['public addresses', 'nic', 'PublicIPCountLimitReached', 'Cannot create more than 20 public IP addresses.', /^Network quota/, /region/],
  [
    'too many snapshots',
    'snapshot',
    'OperationNotAllowed',
    'The maximum number of incremental snapshots for disk d1 is 500.',
    /^Too many snapshots/,
    /500/,
  ],
  [
    'snapshots too often',
    'snapshot',
    'OperationNotAllowed',
    'The limit of 7 snapshots for disk d1 in 5 minutes is exceeded. Try again later.',
    /too quick succession/,
    /concurrency/,
  ],
])('%s', (_, where, code, message, title, hint) => {
  const explanation = refused(where, code, message)
  expect(explanation.title).toMatch(title)
  expect(explanation.hint).toMatch(hint)
  expect(explanation).toMatchObject({ code, message })
})
