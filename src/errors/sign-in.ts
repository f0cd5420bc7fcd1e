/** Sign-in failures, and what to do about them. */
import { ActionError, type Advice } from './explanation.ts'

/** Who asked for a token. */
export interface SignInAttempt {
  readonly clientId?: string
  /** Of the job's own token, which a federated credential must name. */
  readonly assertionClaims?: AssertionClaims
}

export interface AssertionClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string
}

/** Signing in failed. */
export class AuthError extends ActionError {
  constructor({ message, cause, ...asked }: SignInAttempt & { readonly message: string; readonly cause?: unknown }) {
    super({ title: 'Azure sign-in failed', message, ...adviceForSignIn(message, asked) }, { cause })
  }
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
