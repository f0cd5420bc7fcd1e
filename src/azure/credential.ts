import type { TokenCredential } from '@azure/core-auth'
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from '@azure/identity'
import type { Identity } from '../config/config.ts'
import { AuthError } from '../errors/sign-in.ts'
import type { SignIn } from '../model/sign-in.ts'
import { Assertions, NO_ID_TOKEN } from './assertions.ts'
import { AzCredential } from './az.ts'
import type { Cloud } from './cloud.ts'
import type { EarlyAzure } from './early.ts'
import { directHttpClient, FirstOfMachine } from './machine-identity.ts'
import { type Machine, RunCredential, type Session } from './run-credential.ts'
import { LastFailure } from './token-failures.ts'
import type { TransportOptions } from './transport.ts'

export interface CredentialParts {
  readonly identity: Identity
  readonly cloud: Cloud
  readonly machine: Machine
  readonly transport: TransportOptions
  readonly early?: EarlyAzure | undefined
}

/**
 * The credential of these inputs, and of nobody else. A GitHub assertion is requested for every token: a job outlives the five minutes
 * of one (https://github.com/Azure/login/issues/372).
 */
export function createCredential({ identity, cloud, machine, transport, early }: CredentialParts): TokenCredential {
  const lastFailure = new LastFailure()
  const assertions = new Assertions(cloud.assertionAudience, machine.assertion, (error) => lastFailure.record(error))
  const options = {
    ...transport,
    additionalPolicies: [{ policy: lastFailure.policy, position: 'perRetry' as const }, ...transport.additionalPolicies],
    authorityHost: cloud.authorityHost,
    disableInstanceDiscovery: !cloud.isKnownAuthority,
  }
  const { signIn } = identity
  const create = (): Session => {
    assertions.forget()
    lastFailure.clear()
    return sessionOf(identity, { machine, options, assertions, early })
  }
  const explain = async (error: unknown): Promise<AuthError> => {
    const claims = await assertions.claims()
    return new AuthError({
      error,
      signIn,
      why: identity.why,
      environment: identity.environment,
      authorityHost: new URL(cloud.authorityHost).host,
      ...(claims && { assertionClaims: claims }),
    })
  }
  return new RunCredential({ create, explain, lastFailure, identity, machine })
}

interface Means {
  readonly machine: Machine
  readonly options: TransportOptions & { readonly authorityHost: string; readonly disableInstanceDiscovery: boolean }
  readonly assertions: Assertions
  readonly early: EarlyAzure | undefined
}

function sessionOf({ signIn, subscriptionId, why }: Identity, means: Means): Session {
  if (signIn.way === 'machine') {
    const first = new FirstOfMachine([
      ['managed-identity', new ManagedIdentityCredential({ httpClient: directHttpClient(PROBE_TIMEOUT_MS, means.early?.identityAnswer) })],
      ['cli', new AzCredential({ ...signIn, subscriptionId }, means.machine.environment)],
    ])
    return { credential: first, found: () => ({ way: first.way, why: first.why(why) }) }
  }
  return { credential: credentialOf(signIn, subscriptionId, means), found: () => ({ way: signIn.way, why }) }
}

function credentialOf(
  signIn: Exclude<SignIn, { way: 'machine' }>,
  subscriptionId: string,
  { machine, options, assertions, early }: Means,
): TokenCredential {
  const { environment } = machine
  switch (signIn.way) {
    case 'oidc':
      return new ClientAssertionCredential(signIn.tenantId, signIn.clientId, () => assertions.get(), options)
    case 'secret':
      return new ClientSecretCredential(signIn.tenantId, signIn.clientId, environment.AZURE_CLIENT_SECRET ?? '', options)
    case 'certificate': {
      const { AZURE_CLIENT_CERTIFICATE_PATH: certificatePath = '', AZURE_CLIENT_CERTIFICATE_PASSWORD: certificatePassword } = environment
      const sendCertificateChain = /^(?:true|1)$/i.test(environment.AZURE_CLIENT_SEND_CERTIFICATE_CHAIN ?? '')
      return new ClientCertificateCredential(
        signIn.tenantId,
        signIn.clientId,
        { certificatePath, ...(certificatePassword && { certificatePassword }) },
        { ...options, sendCertificateChain },
      )
    }
    case 'workload-identity':
      return new WorkloadIdentityCredential({
        ...options,
        tenantId: signIn.tenantId,
        clientId: signIn.clientId,
        tokenFilePath: signIn.tokenFile,
      })
    case 'managed-identity':
      return new ManagedIdentityCredential({
        ...(signIn.clientId && { clientId: signIn.clientId }),
        httpClient: directHttpClient(IDENTITY_TIMEOUT_MS, early?.identityAnswer),
      })
    case 'cli':
      return new AzCredential({ ...signIn, subscriptionId }, environment, early?.az)
    case 'none':
      return { getToken: () => Promise.reject(new Error(NO_ID_TOKEN)) }
  }
}

const IDENTITY_TIMEOUT_MS = 10_000
/** Where the session of the Azure CLI comes next, a machine that does not answer is not waited for as long. */
const PROBE_TIMEOUT_MS = 3_000
