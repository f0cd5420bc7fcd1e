/** Pure: what to do about a refusal, by Azure's code and words. */
import type { AssertionClaims, AzureFailure, Explanation } from './errors.ts'

type Advice = Pick<Explanation, 'hint' | 'link'>

interface Rule {
  readonly matches: RegExp
  readonly advice: (message: string, failure: AzureFailure) => Advice
}

const ROLES = 'https://learn.microsoft.com/azure/role-based-access-control/custom-roles'
const MIGRATION = 'https://learn.microsoft.com/azure/batch/batch-custom-image-pools-to-azure-compute-gallery-migration-guide'

/** Looked at in order; matched against `code: message`. */
const RULES: readonly Rule[] = [
  {
    matches: /^(?:Linked)?AuthorizationFailed/i,
    advice: (message) => {
      const action = /action '([^']+)'/.exec(
        message.includes('does not have permission') ? message.slice(message.indexOf('does not have permission')) : message,
      )?.[1]
      const scope = /(?:over scope|linked scope\(s\)) '([^']+)'/.exec(message)?.[1]
      const object = /object id '([^']+)'/.exec(message)?.[1] ?? '<object id>'
      return {
        hint: `Give the identity a role with ${action ?? 'this action'}: az role assignment create --assignee-object-id ${object} --assignee-principal-type ServicePrincipal --role "<role with ${action ?? 'the action'}>" --scope "${scope ?? '<scope>'}"`,
        link: ROLES,
      }
    },
  },
  {
    matches: /must be of the format .*Microsoft\.Compute\/galleries/is,
    advice: () => ({
      hint: 'Batch takes no managed image here: pools from managed images were retired on 31 March 2026. Set `image-kind: gallery` and `gallery`; the same snapshots are then published as a gallery image version.',
      link: MIGRATION,
    }),
  },
  {
    matches: /TrustedLaunch/i,
    advice: () => ({
      hint: 'The source has Trusted Launch: use `image-kind: gallery` with a definition whose feature SecurityType is TrustedLaunch, and `securityProfile.securityType: trustedLaunch` on the pool.',
      link: 'https://learn.microsoft.com/azure/virtual-machines/trusted-launch',
    }),
  },
  {
    matches: /^ConditionNotMet/i,
    advice: () => ({
      hint: 'Someone else created or changed the pool meanwhile; nothing was overwritten. Look at the change, then run again.',
      link: 'https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes',
    }),
  },
  {
    matches: /^PropertyCannotBeUpdated/i,
    advice: () => ({
      hint: 'This property changes only on a pool without nodes, or not at all: use `strategy: in-place` or `strategy: replace`.',
      link: 'https://learn.microsoft.com/azure/batch/batch-pool-update-properties',
    }),
  },
  {
    matches: /quota/i,
    advice: () => ({
      hint: 'Ask for more quota, or use a smaller target or another VM size.',
      link: 'https://learn.microsoft.com/azure/batch/batch-quota-limit',
    }),
  },
  {
    matches: /^(?:AccountNotFound|ResourceNotFound|ResourceGroupNotFound|SubscriptionNotFound|NotFound)/i,
    advice: () => ({
      hint: 'Check the name, the resource group, the subscription and the region; a name without a resource id is looked for in `resource-group`.',
      link: 'https://aka.ms/ARMResourceNotFoundFix',
    }),
  },
  {
    matches: /^ScopeLocked/i,
    advice: () => ({
      hint: 'A resource lock forbids the change: remove the lock, or work in another resource group.',
      link: 'https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources',
    }),
  },
  {
    matches: /^RequestDisallowedByPolicy/i,
    advice: () => ({
      hint: 'An Azure Policy forbids this; the message names it. Ask its owner for an exemption, or meet it.',
      link: 'https://learn.microsoft.com/azure/governance/policy/overview',
    }),
  },
  {
    matches: /Throttled|TooManyRequests|too many requests/i,
    advice: () => ({
      hint: 'Azure throttled the subscription longer than this action retried. Run again later.',
      link: 'https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling',
    }),
  },
  {
    matches: /^(?:ServerTimeout|InternalServerError|InternalExecutionError|ServerBusy|Http5\d\d|NoAnswer)/i,
    advice: () => ({
      hint: 'A passing failure of Azure that outlived the retries. Run again: what is complete is reused.',
      link: 'https://azure.status.microsoft',
    }),
  },
]

export function adviceFor(code: string, message: string, failure: AzureFailure): Advice {
  const rule = RULES.find(({ matches }) => matches.test(`${code}: ${message}`))
  return (
    rule?.advice(message, failure) ?? {
      hint: `Azure refused to ${failure.operation}; its words above say why.`,
      link: 'https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors',
    }
  )
}

const FEDERATION = 'https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust'

export function adviceForSignIn(message: string, claims: AssertionClaims | undefined): Advice {
  if (/ACTIONS_ID_TOKEN_REQUEST_URL/.test(message)) {
    return {
      hint: 'The job has no id-token permission: add `permissions: id-token: write`. Pull requests from forks never get one; use `mode: validate` there.',
      link: 'https://docs.github.com/actions/reference/security/oidc',
    }
  }
  if (/AADSTS7002(?:11|12|13)|AADSTS700223/.test(message) && claims) {
    return {
      hint: `No federated credential of the app matches this job. Add one with issuer "${claims.iss}", subject "${claims.sub}" and audience "${claims.aud}". Since July 2026 new, renamed and moved repositories have subjects with ids (repo:OWNER@ID/REPO@ID:…); older credentials name repo:OWNER/REPO:….`,
      link: FEDERATION,
    }
  }
  if (/AADSTS700016|AADSTS90002/.test(message)) {
    return { hint: 'The tenant does not know this app: check `client-id` and `tenant-id`.', link: FEDERATION }
  }
  if (/AADSTS700024/.test(message)) {
    return {
      hint: "GitHub's assertion was no longer valid at the exchange: check the runner's clock, and use `auth: oidc` for runs over an hour.",
      link: FEDERATION,
    }
  }
  if (/AADSTS7000(?:215|222)/.test(message)) {
    return { hint: 'The client secret is wrong or expired: set `AZURE_CLIENT_SECRET` anew, or better use OIDC.', link: FEDERATION }
  }
  return {
    hint: 'Set `client-id` and `tenant-id` with `permissions: id-token: write` (OIDC), or sign in with azure/login before this step.',
    link: FEDERATION,
  }
}
