import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/{unit,contract,replay,integration}/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    // Its packages import each other without file names' ends, which Node does not take.
    server: { deps: { inline: [/@actions\/(languageservice|workflow-parser|expressions)/] } },
  },
})
