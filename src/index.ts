/**
 * What the runner starts. Signing in begins while the rest of the action is still being loaded; otherwise the first request would wait for
 * everything that the run needs later (200 ms of CPU). `main.js` is `main.ts` with all packages.
 */
import { cloudOf } from './azure/cloud.ts'
import { beginAzure, type EarlyAzure } from './azure/early.ts'
import { connectEarly } from './azure/early-connection.ts'
import { Inputs, readGroup } from './config/inputs.ts'
import { readIdentity } from './config/read-identity.ts'
import { assertionAddress, type EarlyAssertion, earlyAssertion } from './github/early-assertion.ts'

interface Early {
  readonly assertion?: EarlyAssertion
  readonly azure?: EarlyAzure
}

/** Nothing where no request is sure to come, and with a proxy, whose rules are read later. */
function begin(environment: NodeJS.ProcessEnv): Early {
  const input = (name: string) => environment[`INPUT_${name.toUpperCase()}`]?.trim() ?? ''
  const hasProxy = ['https_proxy', 'HTTPS_PROXY'].some((name) => environment[name])
  if (hasProxy || input('mode').toLowerCase() === 'validate' || environment.STATE_isPost === 'true') return {}
  const reader = { input, environment: (name: string) => environment[name] || undefined, file: () => undefined, hide: () => undefined }
  const inputs = new Inputs(reader)
  const identity = readIdentity(inputs, reader, readGroup(inputs, reader), 'apply')
  if (inputs.problems.length > 0) return {}
  const address = identity.signIn.way === 'oidc' ? assertionAddress(environment) : undefined
  // GitHub comes first: without its assertion there is nothing to ask Entra ID for.
  const { assertionAudience: audience } = cloudOf(identity)
  const assertion = address && earlyAssertion({ address, audience, connection: connectEarly(address) }, environment)
  return { ...(assertion && { assertion }), azure: beginAzure(identity, environment) }
}

const early = begin(process.env)
// The process waits most of the time, so a small heap is worth more than speed (96 MiB at most, instead of 115). `node:v8` takes 3 ms to load.
process.getBuiltinModule('node:v8').setFlagsFromString('--optimize-for-size')
await Promise.all([early.assertion?.sent, early.azure?.begun])
const { run } = (await import(/* webpackIgnore: true */ String('./main.js'))) as typeof import('./main.ts')
await run(early)
