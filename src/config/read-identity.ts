/**
 * How the run signs in, as whom, and to which cloud. Inputs win: an environment variable is read only by the way of signing in that needs
 * it.
 */

import type { SignIn } from '../model/sign-in.ts'
import { AUTHORITY_HOSTS } from './clouds.ts'
import type { CloudName, Identity, Mode } from './config.ts'
import type { Group, InputReader, Inputs } from './inputs.ts'

export function readIdentity(inputs: Inputs, reader: InputReader, { subscriptionId }: Group, mode: Mode): Identity {
  const auth = inputs.choice('auth', ['auto', 'oidc', 'cli', 'managed-identity', 'environment'], 'auto')
  const environment = inputs.choice('environment', ['AzureCloud', 'AzureUSGovernment', 'AzureChinaCloud'], 'AzureCloud')
  const url = inputs.text('resource-manager-url').replace(/\/+$/, '')
  if (url && !/^https:\/\/[^/?#]+$/.test(url)) inputs.refuse('resource-manager-url', 'is not an https address', 'https://host')
  // `validate` does not sign in: the environment does not matter, and a pull request from a fork has no secrets.
  const variable = (name: string) => (mode === 'validate' ? undefined : reader.environment(name))
  const { signIn, why } = chooseSignIn(auth, { inputs, variable, isReal: mode !== 'validate' })
  const authorityHost = readAuthorityHost({ inputs, variable, signIn, environment, hasOtherCloud: url !== '' })
  return {
    signIn,
    why,
    subscriptionId,
    environment,
    ...(authorityHost && { authorityHost }),
    ...(url && { resourceManagerUrl: url }),
  }
}

interface Choice {
  readonly signIn: SignIn
  readonly why: string
}

interface Sources {
  readonly inputs: Inputs
  readonly variable: (name: string) => string | undefined
  /** Whether the run will sign in, so that a missing id or secret is an error. */
  readonly isReal: boolean
}

type Auth = 'auto' | 'oidc' | 'cli' | 'managed-identity' | 'environment'

function chooseSignIn(auth: Auth, sources: Sources): Choice {
  const { inputs, variable } = sources
  const given = givenIds(inputs)
  const why = `\`auth: ${auth}\` asks for it`
  switch (auth) {
    case 'auto':
      return chooseAutomatically(sources)
    case 'oidc':
      for (const input of ['client-id', 'tenant-id']) if (!inputs.text(input)) inputs.refuse(input, 'is required with `auth: oidc`')
      return { why, signIn: { way: 'oidc', clientId: '', tenantId: '', ...given } }
    case 'cli':
      return { why, signIn: { way: 'cli', ...given } }
    case 'managed-identity': {
      const pod = podIdentity(sources)
      return pod ? { why: `${why}, and ${IN_A_POD}`, signIn: pod } : { why, signIn: { way: 'managed-identity', ...given } }
    }
    case 'environment': {
      const proof = proofIn(variable)
      const ids = completeIds(sources, 'with `auth: environment`')
      if (!proof && sources.isReal)
        inputs.refuse('auth', 'needs AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH in the `env` of the step or the job')
      return { why, signIn: { way: proof ?? 'secret', ...ids } }
    }
  }
}

/**
 * OIDC; otherwise a secret, certificate or pod identity that the environment has for the same ids; otherwise, without ids, the identity of
 * the machine. Never another identity's session.
 */
function chooseAutomatically(sources: Sources): Choice {
  const { inputs, variable } = sources
  const given = givenIds(inputs)
  const { clientId, tenantId } = given
  if (clientId && tenantId && (variable('ACTIONS_ID_TOKEN_REQUEST_URL') || !sources.isReal))
    return {
      why: '`client-id` and `tenant-id` are given, and the job may request a token from GitHub',
      signIn: { way: 'oidc', clientId, tenantId },
    }
  const because = clientId && tenantId ? NO_PERMISSION : 'the inputs name no application'
  const proof = proofIn(variable)
  if (proof && hasIds(sources)) {
    const why = `${because}, and the environment has a client ${proof}`
    return { why, signIn: { way: proof, ...completeIds(sources, `here because ${why}`) } }
  }
  const pod = podIdentity(sources)
  if (pod) return { why: `${because}, and ${IN_A_POD}`, signIn: pod }
  if (clientId && tenantId)
    return { why: `\`client-id\` and \`tenant-id\` are given, but ${NO_PERMISSION}`, signIn: { way: 'none', ...given } }
  if (clientId) return { why: '`client-id` is given without `tenant-id`', signIn: { way: 'managed-identity', ...given } }
  return { why: 'neither `client-id` nor a secret is given', signIn: { way: 'machine', ...given } }
}

const NO_PERMISSION = 'the job has no permission to request a token from GitHub'
const IN_A_POD = 'this is a pod with a workload identity'

const ID_INPUTS = [
  ['client-id', 'AZURE_CLIENT_ID'],
  ['tenant-id', 'AZURE_TENANT_ID'],
] as const

function givenIds(inputs: Inputs): { readonly clientId?: string; readonly tenantId?: string } {
  const [clientId, tenantId] = [inputs.text('client-id'), inputs.text('tenant-id')]
  return { ...(clientId && { clientId }), ...(tenantId && { tenantId }) }
}

/** The credential of an application in the environment. As in `@azure/identity`, the secret comes first. */
function proofIn(variable: Sources['variable']): 'secret' | 'certificate' | undefined {
  if (variable('AZURE_CLIENT_SECRET')) return 'secret'
  return variable('AZURE_CLIENT_CERTIFICATE_PATH') ? 'certificate' : undefined
}

/**
 * The workload identity of a pod to which the webhook has given a token.
 * https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
 */
function podIdentity(sources: Sources): SignIn | undefined {
  const tokenFile = sources.variable('AZURE_FEDERATED_TOKEN_FILE')
  if (!tokenFile || !hasIds(sources)) return undefined
  return { way: 'workload-identity', tokenFile, ...completeIds(sources, `here because ${IN_A_POD}`) }
}

const hasIds = ({ inputs, variable }: Sources): boolean => ID_INPUTS.every(([input, name]) => inputs.text(input) || variable(name))

/** The ids from the inputs, otherwise from the environment; refused where the two contradict each other, or both are missing. */
function completeIds({ inputs, variable, isReal }: Sources, when: string): { readonly clientId: string; readonly tenantId: string } {
  const [clientId, tenantId] = ID_INPUTS.map(([input, name]) => {
    const [given, found] = [inputs.text(input), variable(name)]
    if (given && found && given.toLowerCase() !== found.toLowerCase())
      inputs.refuse(input, `contradicts ${name} "${found}" of the environment, which is read ${when}`, `the same in both, or ${name} unset`)
    if (!given && !found && isReal) inputs.refuse(input, `is required ${when}, as an input or as ${name} in the environment`)
    return given || found || ''
  })
  return { clientId: clientId ?? '', tenantId: tenantId ?? '' }
}

interface AuthorityQuestion extends Pick<Sources, 'inputs' | 'variable'> {
  readonly signIn: SignIn
  readonly environment: CloudName
  /** `resource-manager-url` names a cloud whose hosts this action does not know. */
  readonly hasOtherCloud: boolean
}

/** `AZURE_AUTHORITY_HOST`: the sign-in host of another cloud. For a known cloud, it must be one of that cloud's hosts. */
function readAuthorityHost({ inputs, variable, signIn, environment, hasOtherCloud }: AuthorityQuestion): string | undefined {
  const isReadBySignIn = ['secret', 'certificate', 'workload-identity'].includes(signIn.way)
  const host = hasOtherCloud || isReadBySignIn ? variable('AZURE_AUTHORITY_HOST')?.replace(/\/+$/, '') : undefined
  if (!host) return undefined
  const cloud = cloudOfAuthority(host)
  if (cloud === environment) return undefined
  if (hasOtherCloud && !cloud) {
    if (/^https:\/\/[^/?#]+/.test(host)) return host
    inputs.refuse('resource-manager-url', `cannot be used with AZURE_AUTHORITY_HOST "${host}", which is not an https address`)
    return undefined
  }
  inputs.refuse(
    'environment',
    `contradicts AZURE_AUTHORITY_HOST "${host}" of the environment: ${environment} signs in at https://${AUTHORITY_HOSTS[environment][0]}`,
    cloud ? `${cloud}, or AZURE_AUTHORITY_HOST unset` : '`resource-manager-url` for another cloud, or AZURE_AUTHORITY_HOST unset',
    inputs.text('environment') || environment,
  )
  return undefined
}

function cloudOfAuthority(host: string): CloudName | undefined {
  const name = URL.canParse(host) ? new URL(host).hostname.toLowerCase() : host.toLowerCase()
  return (Object.keys(AUTHORITY_HOSTS) as CloudName[]).find((cloud) => AUTHORITY_HOSTS[cloud].includes(name))
}
