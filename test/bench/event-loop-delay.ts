/**
 * For a server process that is measured: `--import ./test/bench/event-loop-delay.ts?to=FILE`. At each SIGUSR2 it writes the delays
 * of its event loop since the last one to the file, in milliseconds, and begins anew.
 */
import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const to = new URL(import.meta.url).searchParams.get('to')
if (to === null) throw new Error('?to=FILE is missing')

const delays = monitorEventLoopDelay({ resolution: 1 })
delays.enable()
process.on('SIGUSR2', () => {
  writeFileSync(to, JSON.stringify({ p99: delays.percentile(99) / 1e6, longest: delays.max / 1e6 }))
  delays.reset()
})
