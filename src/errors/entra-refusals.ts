/**
 * Refusals of Microsoft Entra ID, grouped by what to do about them.
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
import type { Advice } from './explanation.ts'
import { BUSY, CODES, type Family, type SignInAttempt } from './sign-in-attempt.ts'

const FEDERATION = 'https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust'
const OIDC = 'https://docs.github.com/actions/reference/security/oidc'

const codes = (...numbers: readonly number[]): RegExp => new RegExp(`AADSTS(?:${numbers.join('|')})\\b`)

export const ENTRA_FAMILIES: readonly Family[] = [
  {
    matches: codes(7002138),
    advice: (attempt) =>
      federate(
        attempt,
        'The subject of a federated credential differs from that of this job in upper and lower case only; since 2024 both must be the same, letter by letter. Correct the credential, or delete it and create it again.',
      ),
  },
  {
    matches: codes(70021, 700211, 700212, 700213, 700223),
    advice: (attempt) => federate(attempt, 'No federated credential of the application matches this job.'),
  },
  {
    matches: codes(7002381),
    advice: () => ({
      hint: 'The tenant accepts only GitHub tokens of certain enterprises, and the token of this job does not carry one of them: run in a repository that belongs to an accepted enterprise, or ask the administrator of the tenant.',
      link: OIDC,
    }),
  },
  {
    matches: codes(501661, 50166, 500031, 50013, 700027, 700030),
    advice: ({ signIn, assertionClaims }) =>
      signIn.way === 'certificate'
        ? {
            hint: `Application ${signIn.clientId} does not know the certificate in AZURE_CLIENT_CERTIFICATE_PATH: upload its public part there, or use a certificate that is.`,
            link: CODES,
          }
        : {
            hint: `Microsoft Entra ID could not verify the token: it fetches the signing keys from its issuer${assertionClaims ? ` ${assertionClaims.iss}` : ''} over the internet. A GitHub Enterprise Server must publish /.well-known/openid-configuration and /.well-known/jwks beneath that address with a publicly trusted certificate; where it is private, use \`auth: managed-identity\`, or \`auth: environment\` with a certificate or secret. With github.com, run again later.`,
            link: 'https://docs.github.com/enterprise-server@latest/actions/how-tos/security-for-github-actions/security-hardening-your-deployments/configuring-openid-connect-in-azure',
          },
  },
  {
    matches: codes(700016, 7000229),
    advice: ({ signIn }) => ({
      hint: `Tenant ${signIn.tenantId ?? '(not given)'} has no application ${signIn.clientId ?? '(not given)'}: check \`client-id\` (the application (client) id, not the object id) and \`tenant-id\`.`,
      link: FEDERATION,
    }),
  },
  {
    matches: codes(7000112, 7000113, 70001, 700011),
    advice: ({ signIn }) => ({
      hint: `Application ${signIn.clientId ?? ''} is disabled in tenant ${signIn.tenantId ?? ''}: enable it under Enterprise applications › Properties (Enabled for users to sign-in), or use another one.`,
      link: 'https://learn.microsoft.com/entra/identity/enterprise-apps/disable-user-sign-in-portal',
    }),
  },
  {
    matches: codes(500011, 50001, 500014, 650052, 650057),
    advice: ({ signIn, environment }) => ({
      hint: `The service named above is not known in tenant ${signIn.tenantId ?? 'of this session'}. Check that \`environment: ${environment}\` is the cloud of this tenant; for Batch, register the resource provider once: az provider register --namespace Microsoft.Batch`,
      link: CODES,
    }),
  },
  {
    matches: codes(90002, 900023, 90023, 900021, 50059, 500021),
    advice: ({ signIn, environment, authorityHost }) => ({
      hint: `${authorityHost} (\`environment: ${environment}\`) does not know a tenant ${signIn.tenantId ?? ''}: check \`tenant-id\` and \`environment\`.`,
      link: 'https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud',
    }),
  },
  {
    matches: codes(700024, 700082, 70043, 70008, 50173, 50132, 50133, 70044, 700084),
    advice: ({ signIn }) =>
      signIn.way === 'cli' || signIn.way === 'machine'
        ? {
            hint: 'The session of the Azure CLI has expired and cannot renew itself: run azure/login again right before this step, or use `auth: oidc` with `client-id` and `tenant-id` for runs over an hour.',
            link: 'https://github.com/Azure/login/issues/372',
          }
        : { hint: 'The token was no longer valid when it was exchanged: check the clock of this runner.', link: CODES },
  },
  {
    matches: codes(7000215, 7000222, 7000218, 7000216),
    advice: ({ signIn }) => ({
      hint: `The client secret of application ${signIn.clientId ?? ''} is wrong or has expired: put the value (not the id) of a current secret into AZURE_CLIENT_SECRET, or better, use OIDC.`,
      link: FEDERATION,
    }),
  },
  {
    matches: codes(50076, 50079, 50074, 50072, 50158, 50005, 50097, 530035),
    advice: () => ({
      hint: 'The session is of a person, and the tenant wants a second factor, which no workflow can give. Sign in as an application: `client-id` and `tenant-id` with `permissions: id-token: write` (OIDC), or a managed identity.',
      link: 'https://learn.microsoft.com/entra/identity/authentication/concept-mandatory-multifactor-authentication',
    }),
  },
  {
    matches: codes(50020, 50034, 50053, 50055, 50057, 50126, 50128, 50177, 51004, 65001, 50105, 90072),
    advice: ({ signIn }) => ({
      hint: `The account of this session is not one that tenant ${signIn.tenantId ?? 'of the subscription'} lets in: sign in with az login --tenant as a member of that tenant, or as an application (OIDC).`,
      link: CODES,
    }),
  },
  {
    matches: /AADSTS5300\d+\b/,
    advice: () => ({
      hint: 'A Conditional Access policy forbids signing in from this runner: run on one whose address or device it allows, or ask the administrator of the tenant.',
      link: 'https://learn.microsoft.com/entra/identity/conditional-access/workload-identity',
    }),
  },
  { matches: codes(90033, 50196, 90006, 90055, 90078, 90009, 50089), advice: () => BUSY },
]

/** Advice with the command that creates the federated credential which this job's own token needs. */
function federate({ assertionClaims, signIn }: SignInAttempt, finding: string): Advice {
  if (!assertionClaims) return { hint: finding, link: FEDERATION }
  const { iss: issuer, sub: subject, aud } = assertionClaims
  const name = `github-${subject.replace(/[^A-Za-z0-9]+/g, '-')}`.slice(0, 120)
  const parameters = shellQuoted(JSON.stringify({ name, issuer, subject, audiences: [aud] }))
  const form = /^repo:[^/:]*@\d+\//.test(subject)
    ? 'The subjects of this repository carry ids; a credential for repo:OWNER/REPO:… does not match them.'
    : 'Repositories created, renamed or moved since July 2026 have subjects with ids (repo:OWNER@ID/REPO@ID:…); this one has none.'
  return {
    hint: `${finding} Its token has issuer "${issuer}", subject "${subject}" and audience "${aud}"; the credential must name them exactly: az ad app federated-credential create --id ${shellQuoted(signIn.clientId ?? '<client-id>')} --parameters ${parameters}\n${form}`,
    link: FEDERATION,
  }
}

/** The subject contains a branch name, which anyone may choose, and users paste the command into a shell. */
const shellQuoted = (text: string): string => (/^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
