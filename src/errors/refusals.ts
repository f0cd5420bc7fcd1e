/** What to do about a refusal, by Azure's code and words. */
import type { Advice } from './explanation.ts'

export interface AzureFailure {
  /** E.g. `create snapshot`. */
  readonly operation: string
  readonly resourceId?: string
  readonly method: string
  readonly url: string
  /** HTTP status; 200 for a long operation that ended `Failed`; absent where no answer came. */
  readonly status?: number
  readonly code?: string
  readonly body: unknown
  readonly correlationId?: string
  readonly requestId?: string
}

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
    matches: /^(?:PoolNotFound|PoolBeingDeleted)/i,
    advice: () => ({
      hint: 'Someone deleted the pool during the run. Run again to create it.',
      link: 'https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes',
    }),
  },
  {
    matches: /^ScopeLocked/i,
    advice: () => ({
      hint: 'A resource lock forbids the change: remove the lock, or work in another resource group. Where it only forbids deletions, `keep-snapshots: true` without `retain-versions` deletes nothing.',
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
    matches: /^(?:ECONNRESET|ETIMEDOUT|ServerTimeout|InternalServerError|InternalExecutionError|ServerBusy|Http5\d\d|NoAnswer)/i,
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
