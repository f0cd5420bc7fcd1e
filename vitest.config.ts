import { defineConfig } from 'vitest/config'

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
      {
        extends: true,
        test: {
          name: 'runs',
          include: ['test/{replay,integration}/**/*.test.ts'],
          isolate: false,
          setupFiles: ['test/fixtures/whole-runs-setup.ts'],
        },
      },
    ],
  },
})
