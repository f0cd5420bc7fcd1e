/**
 * What the runner starts after the job. It does not rely on the state of `main` to know that: a runner that could keep no state would
 * otherwise have the whole action run a second time.
 */
process.env.STATE_isPost = 'true'
await import(/* webpackIgnore: true */ String('./index.js'))
