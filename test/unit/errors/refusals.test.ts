/** Advice by the service that speaks and by its code first, by words second. */
import { expect, test } from 'vitest'
import { AzureError } from '../../../src/errors/azure-error.ts'
import { explain } from '../../../src/errors/explanation.ts'

const GROUP = '/subscriptions/s/resourceGroups/g/providers'
const AT = {
  vm: `${GROUP}/Microsoft.Compute/virtualMachines/v1`,
  snapshot: `${GROUP}/Microsoft.Compute/snapshots/s1`,
  pool: `${GROUP}/Microsoft.Batch/batchAccounts/a/pools/p1`,
  nic: `${GROUP}/Microsoft.Network/networkInterfaces/n1`,
}

const refused = (where: keyof typeof AT, code: string, message: string, status = 409) =>
  explain(
    new AzureError({
      operation: 'create it',
      resourceId: AT[where],
      method: 'PUT',
      url: `https://management.azure.com${AT[where]}`,
      status,
      body: { error: { code, message } },
    }),
  )

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
    'a change by somebody else at the same time',
    'snapshot',
    'Conflict',
    'The request failed due to conflict with a concurrent request. To resolve it, please refer to https://aka.ms/activitylog to get more details on the conflicting requests.',
    /^Something else is at work on it: create it s1 \(Conflict\)$/,
    /run again/,
  ],
  [
    'an operation that another one took the place of',
    'snapshot',
    'OperationPreempted',
    'Operation execution has been preempted by a more recent operation.',
    /^Something else is at work on it/,
    /`concurrency` group/,
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
    "a subnet's private-link policies",
    'pool',
    'PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled',
    'Private link service cannot be created in a subnet since it has private link service network policies enabled.',
    /^Subnet's private-link policies/,
    /--private-link-service-network-policies Disabled/,
  ],
  [
    'a provider that is not registered',
    'pool',
    'MissingSubscriptionRegistration',
    "The subscription is not registered to use namespace 'Microsoft.Batch'. See https://aka.ms/rps-not-found for how to register subscriptions.",
    /^Resource provider is not registered/,
    /az provider register --namespace Microsoft\.Batch /,
  ],
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
  ['a set of keys that is gone', 'vm', 'DiskEncryptionSetNotFound', 'x', /^Disk encryption set not found/, /region/],
  ['a withdrawn version', 'vm', 'ImageVersionDeprecated', 'x', /withdrawn/, /newer/],
  ['Trusted Launch', 'vm', 'TrustedLaunchNotSupported', 'x', /^Trusted Launch is not supported/, /VM size/],
  [
    'a definition that takes other sources only',
    'vm',
    'Conflict',
    "The security type 'TrustedLaunchSupported' is not supported for the source id '/x'. Currently only Vhd Blob, User Image and Gallery Image Version sources are supported for 'TrustedLaunchSupported' images.",
    /^Image definition does not take this source/,
    /another `image-name`/,
  ],
  [
    'a system that does not start',
    'vm',
    'OSProvisioningTimedOut',
    'OS Provisioning did not finish in the allotted time.',
    /^Image does not start/,
    /generalized/,
  ],
  ['what Azure does not do', 'vm', 'NotSupported', 'x', /^Not supported/, /retrying will not help/],
  ['no capacity in the zones', 'vm', 'OverconstrainedZonalAllocationRequest', 'x', /^No capacity/, /later/],
  [
    'a busy Run Command',
    'vm',
    'Conflict',
    'Run command extension execution is in progress. Please wait for completion before invoking a run command.',
    /^Run Command is busy/,
    /RemoveRunCommandLinuxExtension/,
  ],
  ['another conflict', 'vm', 'Conflict', 'something else', /^Azure refused the request: create it v1 \(Conflict\)/, /its message says why/],
  [
    'throttling that mentions a quota',
    'vm',
    'TooManyRequests',
    'The quota of requests is used up: too many requests.',
    /throttled/,
    /later/,
  ],
  ['a failure that mentions a quota', 'pool', 'InternalServerError', 'quota service is down', /^Azure failed for a while/, /Run again/],
])('%s', (_, where, code, message, title, hint) => {
  const told = refused(where, code, message)
  expect(told.title).toMatch(title)
  expect(told.hint).toMatch(hint)
  expect(told.code).toBe(code)
  expect(told.message).toBe(message)
})

test('an answer that only says 500 is a passing failure', () => {
  expect(refused('pool', 'BrandNew', 'x', 500).title).toBe('Azure failed for a while: create it p1 (BrandNew)')
})
