import { defineConfig } from 'vitest/config'

/**
 * Runs that are killed at every step, throttled, or met by somebody else's changes, sources in every combination, and pools as large as
 * Batch allows. These files take nearly as long as all others together, so they have a command of their own, `npm run test:integration`.
 */
const DISTURBED = [
  'concurrent-runs',
  'copy',
  'image-matrix',
  'image-safety',
  'lasting-faults',
  'manners',
  'pool-foreign',
  'pool-foreign-secrets',
  'pool-removal',
  'pool-rerun',
  'pool-scale',
  'pool-takeover',
  'pool-waste',
  'restart',
  'restore-point',
  'retention-safety',
].map((name) => `test/integration/${name}.test.ts`)

/** They share a process, too; each world is closed after its test. */
const WHOLE_RUNS = { isolate: false, setupFiles: ['test/fixtures/whole-runs-setup.ts'] }

export default defineConfig({
  test: {
    // Each mostly waits for a process that it started.
    maxWorkers: 3,
    testTimeout: 120_000,
    globalSetup: ['test/tools/openapi-service.ts'],
    // Its packages import each other without file names' ends, which Node does not take.
    server: { deps: { inline: [/@actions\/(languageservice|workflow-parser|expressions)/] } },
    projects: [
      // Nothing here keeps state: files share what they import, which halves their time.
      { extends: true, test: { name: 'functions', include: ['test/{unit,contract}/**/*.test.ts'], isolate: false } },
      { extends: true, test: { name: 'runs', include: ['test/{replay,integration}/**/*.test.ts'], exclude: DISTURBED, ...WHOLE_RUNS } },
      { extends: true, test: { name: 'disturbed', include: DISTURBED, ...WHOLE_RUNS } },
    ],
  },
})
