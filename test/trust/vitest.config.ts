import path from 'node:path'
import { defineConfig } from 'vitest/config'

/** The matrices start many processes each: one file at a time, so that a machine of two cores is not asked for more. */
export default defineConfig({
  root: path.join(import.meta.dirname, '../..'),
  test: {
    include: ['test/trust/**/*.test.ts'],
    globalSetup: ['test/trust/table.ts'],
    maxWorkers: 1,
    // A matrix runs for minutes: what breaks is told at once.
    disableConsoleIntercept: true,
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
  },
})
