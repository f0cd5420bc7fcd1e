/**
 * What the runner starts. The first assertion is requested from GitHub, or the connection to Entra ID begun, while the rest of the action
 * is still being loaded; otherwise the first request would wait for everything that the run needs later. `main.js` is `main.ts` with all packages.
 */
import { setFlagsFromString } from 'node:v8'
import { earlyConnection } from './azure/early-connection.ts'
import { earlyAssertion } from './github/early-assertion.ts'

// The process waits most of the time, so a small heap is worth more than speed (96 MiB at most, instead of 115).
setFlagsFromString('--optimize-for-size')

const assertion = earlyAssertion(process.env)
const connection = earlyConnection(process.env)
await Promise.all([assertion?.sent, connection?.made])
const { run } = (await import(/* webpackIgnore: true */ String('./main.js'))) as typeof import('./main.ts')
await run({ assertion, connection })
