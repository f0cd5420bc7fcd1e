/** Refusals because of the identity that asks, or of what a subscription, policy or lock allows. */
import type { Remedy } from './explanation.ts'
import { missingPermission } from './missing-permission.ts'
import { BATCH_CODES, DOCS, type Rule } from './refusal-rule.ts'

const POLICY: Remedy = {
  title: 'Forbidden by a policy',
  hint: 'An Azure Policy forbids this, and no role lifts it; the message names the policy. Ask its owner for an exemption, or meet its conditions.',
  link: `${DOCS}/governance/policy/overview`,
}
const DENIED: Remedy = {
  title: 'Forbidden by a deny assignment',
  hint: 'A deny assignment forbids this, and no role lifts it. Deny assignments come from managed applications and deployment stacks: ask the owner of the one named above to exclude this identity, or work in another resource group.',
  link: `${DOCS}/role-based-access-control/deny-assignments`,
}

/** Obstacles that no role lifts, though Azure calls some of them a missing authorization. */
export const OBSTACLES: readonly Rule[] = [
  { codes: ['DenyAssignmentAuthorizationFailed'], remedy: DENIED },
  { codes: ['AuthorizationFailed', 'LinkedAuthorizationFailed'], words: /deny assignment/i, remedy: DENIED },
  { codes: ['RequestDisallowedByPolicy'], remedy: POLICY },
  {
    codes: ['RequestDisallowedByAzure'],
    remedy: {
      title: 'Forbidden by Azure in this region',
      hint: 'Azure itself does not allow this for the subscription in this region; no role or policy of yours lifts it. Use a region that the message names, or ask Azure support for access to the region.',
      link: `${DOCS}/azure-resource-manager/troubleshooting/error-region-access-policy`,
    },
  },
  {
    codes: ['ScopeLocked'],
    remedy: {
      title: 'Forbidden by a resource lock',
      hint: 'A resource lock forbids the change, and no role lifts it: remove the lock, or work in another resource group. Where it only forbids deletions, `keep-snapshots: true` without `retain-versions` deletes nothing.',
      link: `${DOCS}/azure-resource-manager/management/lock-resources`,
    },
  },
  {
    codes: ['ReadOnlyDisabledSubscription', 'SubscriptionIsDisabled', 'DisallowedOperation'],
    remedy: {
      title: 'Subscription is disabled',
      hint: 'The subscription is disabled or read-only, mostly for an unpaid bill or a used-up spending limit: its owner must enable it again.',
      link: `${DOCS}/cost-management-billing/manage/subscription-disabled`,
    },
  },
  {
    codes: ['InvalidAuthenticationTokenTenant', 'LinkedAuthorizationFailed', 'AuthorizationFailed'],
    words: /wrong issuer|must match (?:one of )?the tenant|current tenant .* is not authorized to access linked subscription/is,
    remedy: {
      title: 'Wrong tenant',
      hint: 'The identity signed in to another tenant than that of the resource, and no role lifts that: set `tenant-id` to the tenant of the subscription. What a pool or image refers to must be in the same tenant.',
      link: `${DOCS}/azure-resource-manager/troubleshooting/common-deployment-errors`,
    },
  },
  {
    codes: ['InvalidAuthenticationToken', 'InvalidAuthenticationTokenTenant', 'ExpiredAuthenticationToken', 'AuthenticationFailed'],
    remedy: {
      title: 'Azure did not accept the token',
      hint: 'Check that `tenant-id`, `environment` and `resource-manager-url` are those of the subscription, and that the clock of the runner is right.',
      link: `${DOCS}/azure-resource-manager/troubleshooting/common-deployment-errors`,
    },
  },
]

export const ACCESS: readonly Rule[] = [
  {
    codes: ['AuthorizationFailed', 'LinkedAuthorizationFailed', 'LinkedAccessCheckFailed'],
    remedy: ({ message }) => missingPermission(message),
  },
  {
    codes: ['AccountIsDisabled', 'InsufficientAccountPermissions'],
    remedy: {
      title: 'Batch account is disabled',
      hint: 'The Batch account takes no changes now; look at its state in the portal.',
      link: BATCH_CODES,
    },
  },
  {
    codes: ['PermissionDenied', 'Forbidden', 'AuthorizationPermissionMismatch'],
    service: 'batch',
    remedy: {
      title: 'Permission missing in the Batch account',
      hint: 'Give the identity the role Azure Batch Data Contributor on the Batch account, or what the message names.',
      link: `${DOCS}/batch/batch-role-based-access-control`,
    },
  },
  {
    codes: ['MissingSubscriptionRegistration', 'SubscriptionNotRegistered'],
    remedy: ({ message }) => unregistered(message),
  },
  {
    codes: ['SubscriptionNotFound', 'InvalidSubscriptionId'],
    remedy: {
      title: 'Subscription not found',
      hint: 'Check `subscription-id` and `tenant-id`. Azure says the same of a subscription on which the identity has no role at all.',
      link: 'https://aka.ms/ARMResourceNotFoundFix',
    },
  },
]

function unregistered(message: string): Remedy {
  const namespace = /namespace '([^']+)'/.exec(message)?.[1] ?? '<namespace>'
  return {
    title: 'Resource provider is not registered',
    hint: `Register it once in the subscription, which takes some minutes: az provider register --namespace ${namespace} --wait`,
    link: `${DOCS}/azure-resource-manager/troubleshooting/error-register-resource-provider`,
  }
}
