import { defineConfig } from 'vitest/config'

/**
 * Runs that are killed at every step, throttled, out of reach of Azure, or met by somebody else's changes or by nodes that do not start;
 * sources and strategies in every combination; fleets, and pools as large as Batch allows. These files take longer than all others
 * together, so they have a command of their own, `npm run test:integration`.
 */
const DISTURBED = [
  'concurrent-runs',
  'copy',
  'diagnosis',
  'fleet',
  'image-matrix',
  'image-safety',
  'lasting-faults',
  'manners',
  'network',
  'pool-data-plane',
  'pool-foreign',
  'pool-foreign-secrets',
  'pool-gate',
  'pool-nodes',
  'pool-removal',
  'pool-rerun',
  'pool-rollback',
  'pool-scale',
  'pool-strategies',
  'pool-takeover',
  'pool-waste',
  'replaced-pool',
  'replica-gate',
  'restart',
  'restore-point',
  'retention-safety',
  'sign-in-tokens',
  'stale-reads',
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
