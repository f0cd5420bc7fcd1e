import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/{unit,contract,replay,integration}/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
  },
})
