/**
 * What the runner starts. GitHub is asked for the first assertion while the rest of the action is still being loaded; without this, the
 * first request would wait for everything that the run needs later. `main.js` is `main.ts` with all packages.
 */
import { setFlagsFromString } from 'node:v8'
import { earlyAssertion } from './github/early-assertion.ts'

// The process waits for most of its life: a small heap that stays small is worth more than speed (96 MiB at most, not up to 115).
setFlagsFromString('--optimize-for-size')

const assertion = earlyAssertion(process.env)
await assertion?.sent
const { run } = (await import(/* webpackIgnore: true */ String('./main.js'))) as typeof import('./main.ts')
await run(assertion)
