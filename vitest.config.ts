import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The scenarios of test/faults run for as long as they need by `npm run test:faults` alone (vitest.faults.config.ts).
    provide: { faults: 'short' },
    testTimeout: 20_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    // Two cores are all that continuous integration has; browser and Redis tests bring processes of their own.
    maxWorkers: 2,
    // Colours are for people: a log that continuous integration keeps has none, the differences of failed tests included.
    env: process.stdout.isTTY ? {} : { NO_COLOR: '1' },
  },
})

export default config
