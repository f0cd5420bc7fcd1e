/** Pure: what to do about a refusal, by Azure's code and words. */
import type { AssertionClaims, AzureFailure, Explanation, SignInAttempt } from './explanation.ts'

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
    matches: /^(?:ENOTFOUND|ECONNREFUSED)/,
    advice: () => ({
      hint: 'Azure cannot be reached from this runner: check its DNS, proxy (HTTPS_PROXY) and firewall, `environment` and `resource-manager-url`.',
      link: 'https://docs.github.com/actions/how-tos/manage-runners/self-hosted-runners/use-proxy-servers',
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

const FEDERATION = 'https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust'
const OIDC = 'https://docs.github.com/actions/reference/security/oidc'

/** Looked at in order; matched against the words of Entra ID, GitHub or the Azure CLI. */
const SIGN_IN_RULES: readonly { readonly matches: RegExp; readonly advice: (attempt: SignInAttempt) => Advice }[] = [
  {
    matches: /ACTIONS_ID_TOKEN_REQUEST_URL/,
    advice: () => ({
      hint: 'The job has no id-token permission: add `permissions: id-token: write`. Pull requests from forks never get one; use `mode: validate` there.',
      link: OIDC,
    }),
  },
  { matches: /AADSTS7002(?:1|11|12|13|23)\b/, advice: ({ assertionClaims, clientId }) => federate(assertionClaims, clientId) },
  {
    matches: /AADSTS(?:700016|7000229)\b/,
    advice: () => ({
      hint: 'The tenant does not know this app: check `client-id` (the application id, not the object id) and `tenant-id`.',
      link: FEDERATION,
    }),
  },
  {
    matches: /AADSTS(?:90002|900023)\b/,
    advice: () => ({ hint: 'There is no such tenant in this cloud: check `tenant-id` and `environment`.', link: FEDERATION }),
  },
  {
    matches: /AADSTS700024\b/,
    advice: () => ({
      hint: "GitHub's assertion was no longer valid at the exchange: check the runner's clock, and use `auth: oidc` for runs over an hour; a session of azure/login cannot renew itself.",
      link: 'https://github.com/Azure/login/issues/372',
    }),
  },
  {
    matches: /AADSTS7000(?:215|222)\b/,
    advice: () => ({
      hint: 'The client secret is wrong or expired: set `AZURE_CLIENT_SECRET` anew, or better use OIDC.',
      link: FEDERATION,
    }),
  },
  {
    matches: /AADSTS53003\b/,
    advice: () => ({
      hint: 'A Conditional Access policy for workload identities forbids signing in from this runner: run on one whose address it allows.',
      link: 'https://learn.microsoft.com/entra/identity/conditional-access/workload-identity',
    }),
  },
  {
    matches: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|getaddrinfo|no answer within|endpoints_resolution_error/,
    advice: () => ({
      hint: 'The sign-in host cannot be reached from this runner: check its DNS, proxy (HTTPS_PROXY) and firewall; for another cloud check `environment` and AZURE_AUTHORITY_HOST.',
      link: 'https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud',
    }),
  },
  {
    matches: /az login|Azure CLI/i,
    advice: () => ({
      hint: 'There is no session of the Azure CLI: sign in with azure/login before this step, or set `client-id` and `tenant-id` with `permissions: id-token: write` (OIDC).',
      link: FEDERATION,
    }),
  },
  {
    matches:
      /AADSTS(?:90033|50196|90006|90055|90078)\b|temporarily_unavailable|throttl|too many requests|\b(?:429|50[0234])\b|not asked again/i,
    advice: () => ({
      hint: 'Microsoft Entra ID, or the token service of GitHub, was busy for longer than this action retried. Run again later.',
      link: 'https://azure.status.microsoft',
    }),
  },
]

export function adviceForSignIn(message: string, attempt: SignInAttempt): Advice {
  return (
    SIGN_IN_RULES.find(({ matches }) => matches.test(message))?.advice(attempt) ?? {
      hint: 'Set `client-id` and `tenant-id` with `permissions: id-token: write` (OIDC), or sign in with azure/login before this step.',
      link: FEDERATION,
    }
  )
}

/** The federated credential that this job's own token needs, as a command. */
function federate(claims: AssertionClaims | undefined, clientId = '<client-id>'): Advice {
  if (!claims) return { hint: "No federated credential of the app matches this job's token.", link: FEDERATION }
  const { iss: issuer, sub: subject, aud } = claims
  const name = `github-${subject.replace(/[^A-Za-z0-9]+/g, '-')}`.slice(0, 120)
  const parameters = shellQuoted(JSON.stringify({ name, issuer, subject, audiences: [aud] }))
  const form = /^repo:[^/:]*@\d+\//.test(subject)
    ? 'The subjects of this repository carry ids; a credential for repo:OWNER/REPO:… does not match them.'
    : 'Repositories created, renamed or moved since July 2026 have subjects with ids (repo:OWNER@ID/REPO@ID:…); this one has none.'
  return {
    hint: `No federated credential of the app matches this job. Its token has issuer "${issuer}", subject "${subject}" and audience "${aud}", all to be named exactly: az ad app federated-credential create --id ${shellQuoted(clientId)} --parameters ${parameters}\n${form}`,
    link: FEDERATION,
  }
}

/** A branch's name is in the subject, and the command is to be pasted. */
const shellQuoted = (text: string): string => (/^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
