/**
 * What the runner starts. GitHub is asked for the first assertion while the rest of the action is still being loaded; without this, the
 * first request would wait for everything that the run needs later. `main.js` is `index.ts` with all packages.
 */
import { earlyAssertion } from './github/early-assertion.ts'

const assertion = earlyAssertion(process.env)
await assertion?.sent
const { run } = (await import(/* webpackIgnore: true */ String('./main.js'))) as typeof import('./index.ts')
await run(assertion)
