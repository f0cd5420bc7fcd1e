/** What of signing in is begun before the packages are loaded: the first request of a run would wait for all of them. */
import type { Identity } from '../config/config.ts'
import type { Environment } from './ambient.ts'
import { cloudOf } from './cloud.ts'
import { azArguments, type EarlyAz, startAz } from './early-az.ts'
import { connectEarly, type EarlyConnection } from './early-connection.ts'
import { askEarly, type EarlyIdentityAnswer, identityRequest } from './early-identity-answer.ts'

export interface EarlyAzure {
  /** To Entra ID; secrets and assertions are sent on it by MSAL alone. */
  readonly connection?: EarlyConnection
  /** Of the endpoint for managed identities. */
  readonly identityAnswer?: EarlyIdentityAnswer
  readonly az?: EarlyAz
  /** It is on its way, or will not be soon: from now on the process may be kept busy. Never rejects. */
  readonly begun: Promise<void>
}

const NOTHING: EarlyAzure = { begun: Promise.resolve() }

/** Begins what this way of signing in is sure to need. */
export function beginAzure(identity: Identity, environment: Environment): EarlyAzure {
  const { signIn, subscriptionId } = identity
  const { authorityHost, resourceManagerScope } = cloudOf(identity)
  const resource = resourceManagerScope.replace(/\/\.default$/, '')
  switch (signIn.way) {
    case 'oidc':
    case 'secret':
    case 'certificate':
    case 'workload-identity':
      return connecting(authorityHost)
    case 'managed-identity':
    case 'machine': {
      const request = identityRequest(signIn, resource, environment)
      const identityAnswer = request && askEarly(request)
      return identityAnswer ? { identityAnswer, begun: identityAnswer.sent } : NOTHING
    }
    case 'cli': {
      const az = startAz(azArguments(resource, { ...signIn, subscriptionId }), environment)
      return az ? { az, begun: Promise.resolve() } : NOTHING
    }
    case 'none':
      return NOTHING
  }
}

function connecting(authorityHost: string): EarlyAzure {
  if (!/^https:/i.test(authorityHost) || !URL.canParse(authorityHost)) return NOTHING
  const connection = connectEarly(new URL(authorityHost))
  return { connection, begun: connection.made }
}
