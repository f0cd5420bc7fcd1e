import { defineConfig } from 'vitest/config'

/** Runs of whole workflows, one after another: each has runners of its own. */
export default defineConfig({
  test: { include: ['test/workflows/**/*.test.ts'], reporters: ['verbose'], fileParallelism: false, testTimeout: 300_000 },
})
