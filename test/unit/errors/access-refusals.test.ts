/** Refusals because of the identity that asks, or of what a subscription, policy or lock allows. */
import { expect, test } from 'vitest'
import { type AT, refused } from '../../fixtures/refusals.ts'

const client = "The client 'c' with object id 'o1'"

test.each<[string, keyof typeof AT, string, string, RegExp, RegExp]>([
  [
    'a missing permission',
    'snapshot',
    'AuthorizationFailed',
    `${client} does not have authorization to perform action 'Microsoft.Compute/snapshots/write' over scope '/s' or the scope is invalid.`,
    /^Permission missing: create it s1 \(AuthorizationFailed\)$/,
    /az role assignment create --assignee-object-id o1/,
  ],
  [
    'a deny assignment, which no role lifts',
    'snapshot',
    'DenyAssignmentAuthorizationFailed',
    `${client} has permission to perform action 'x'; however, the access is denied because of the deny assignment with name 'd' and Id '1' at scope '/s'.`,
    /^Forbidden by a deny assignment/,
    /no role lifts it/,
  ],
  [
    'a deny assignment under the name of a missing role',
    'snapshot',
    'AuthorizationFailed',
    `${client} has permission to perform action 'x'; however, the access is denied because of the deny assignment with name 'd'.`,
    /^Forbidden by a deny assignment/,
    /no role lifts it/,
  ],
  [
    'a subscription of another tenant',
    'pool',
    'LinkedAuthorizationFailed',
    `${client} has permission to perform action 'Microsoft.Batch/batchAccounts/pools/write' on scope 'a'; however the current tenant 't' is not authorized to access linked subscription 'x'.`,
    /^Wrong tenant/,
    /same tenant/,
  ],
  [
    'a token of another tenant',
    'pool',
    'InvalidAuthenticationTokenTenant',
    "The access token is from the wrong issuer 'https://sts.windows.net/a/'. It must match the tenant 'https://sts.windows.net/b/' associated with this subscription.",
    /^Wrong tenant/,
    /`tenant-id`/,
  ],
  [
    'a policy',
    'pool',
    'RequestDisallowedByPolicy',
    "Resource 'p1' was disallowed by policy.",
    /^Forbidden by a policy/,
    /no role lifts it/,
  ],
  [
    'a region that Azure does not allow',
    'vm',
    'RequestDisallowedByAzure',
    'Resource was disallowed by Azure: This policy maintains a set of best available regions.',
    /^Forbidden by Azure/,
    /region/,
  ],
  [
    'a lock',
    'snapshot',
    'ScopeLocked',
    'The scope cannot perform delete operation because following scope(s) are locked',
    /^Forbidden by a resource lock/,
    /remove the lock/,
  ],
  [
    'a provider that is not registered',
    'pool',
    'MissingSubscriptionRegistration',
    "The subscription is not registered to use namespace 'Microsoft.Batch'. See https://aka.ms/rps-not-found for how to register subscriptions.",
    /^Resource provider is not registered/,
    /az provider register --namespace Microsoft\.Batch /,
  ],
])('%s', (_, where, code, message, title, hint) => {
  const explanation = refused(where, code, message)
  expect(explanation.title).toMatch(title)
  expect(explanation.hint).toMatch(hint)
  expect(explanation).toMatchObject({ code, message })
})
