/** Sign-ins that failed before a request to Entra ID, or without an answer from it. */
import { WAYS } from '../model/sign-in.ts'
import { BUSY, CODES, type Family } from './sign-in-attempt.ts'

const OIDC = 'https://docs.github.com/actions/reference/security/oidc'
const AZ = 'https://learn.microsoft.com/cli/azure/authenticate-azure-cli'

export const OTHER_FAMILIES: readonly Family[] = [
  {
    matches: /ACTIONS_ID_TOKEN_REQUEST_(?:URL|TOKEN)/,
    advice: ({ why, signIn }) => ({
      hint: `The job has no id-token permission: add \`permissions: id-token: write\` to it, and to the workflow that calls it.${signIn.way === 'none' ? ` The action did not look for another identity, because ${why}.` : ''} Pull requests from forks never get the permission; use \`mode: validate\` there.`,
      link: OIDC,
    }),
  },
  {
    matches: /^the sign-in is for /,
    advice: ({ signIn }) => ({
      hint: `The ${WAYS[signIn.way]} belongs to somebody else than the inputs name: sign in as that one before this step, or correct \`client-id\` and \`tenant-id\`. Nothing was read or changed in Azure.`,
      link: AZ,
    }),
  },
  {
    matches: /^az was not found/,
    advice: () => ({
      hint: 'Install the Azure CLI on this runner, or sign in without it: `client-id` and `tenant-id` with `permissions: id-token: write` (OIDC), or a managed identity.',
      link: 'https://learn.microsoft.com/cli/azure/install-azure-cli',
    }),
  },
  {
    matches: /subscription.*(?:not found|doesn't exist|could not be found)/is,
    advice: () => ({
      hint: 'The session of the Azure CLI does not see this subscription: check `subscription-id`, and sign in with azure/login as an identity that has a role there (az account list shows what the session sees).',
      link: AZ,
    }),
  },
  {
    matches: /az login|no subscription found|setup account/i,
    advice: () => ({
      hint: 'The Azure CLI has no session on this runner: sign in with azure/login in a step of the same job before this one.',
      link: 'https://github.com/Azure/login',
    }),
  },
  {
    matches: /^az account get-access-token|^az could not be started/,
    advice: () => ({
      hint: 'Run the same command in a step before this one, with --debug, to see what the Azure CLI stumbles over.',
      link: AZ,
    }),
  },
  {
    matches: /managed identity|ManagedIdentityCredential|Identity not found/i,
    advice: ({ signIn }) => ({
      hint: signIn.clientId
        ? `Assign the user-assigned identity ${signIn.clientId} (\`client-id\`) to this machine, or take another way of signing in.`
        : 'This machine has no managed identity: assign one to it, or take another way of signing in.',
      link: 'https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview',
    }),
  },
  {
    matches: /ENOENT|certificate|PEM/i,
    advice: () => ({
      hint: 'The file in AZURE_CLIENT_CERTIFICATE_PATH must be a PEM file with the certificate and its private key, readable in this step.',
      link: CODES,
    }),
  },
  { matches: /temporarily_unavailable|throttl|too many requests|\b(?:429|50[0234])\b/i, advice: () => BUSY },
  {
    matches: /GitHub gave no answer|ID Token/,
    advice: () => ({
      hint: "GitHub's token service did not give this job a token, however often it was asked. Run again; if it stays so, look at GitHub's status.",
      link: 'https://www.githubstatus.com',
    }),
  },
  {
    matches: /ECONNRESET|ETIMEDOUT|socket hang up|no answer within|endpoints_resolution_error|network_error/,
    advice: ({ authorityHost }) => ({
      hint: `The connection to the sign-in host was lost: check what lies between this runner and ${authorityHost} (proxy, firewall), then run again.`,
      link: 'https://docs.github.com/actions/how-tos/manage-runners/self-hosted-runners/use-proxy-servers',
    }),
  },
]
