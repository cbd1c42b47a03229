/** `npm run test:faults`: every scenario of test/faults, one after the other, for as long as it needs. */
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts', 'test/faults/**/*.long.ts'],
    provide: { faults: 'full' },
    testTimeout: 600_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    // Each brings processes of its own, and most measure what a loaded process does.
    maxWorkers: 1,
    env: process.stdout.isTTY ? {} : { NO_COLOR: '1' },
  },
})

export default config
