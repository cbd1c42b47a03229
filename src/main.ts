/** The program: settings -> sockets -> composition -> ready line -> drain on SIGTERM and Ctrl-C. */
import { randomBytes, randomUUID } from 'node:crypto'
import { systemClock } from '#domain/clock.ts'
import { type Serving, serve } from './serving.ts'
import { processSettings, type Settings } from './settings.ts'
import { welcomeScreen } from './welcome.ts'

const drainGraceMs = 10_000

/** One JSON line on standard error for each thing worth knowing; standard output is for the ready line alone. */
function log(entry: object): void {
  process.stderr.write(
    `${JSON.stringify({ at: new Date(systemClock.now()).toISOString(), ...entry }, errorsInWords)}\n`,
  )
}

const errorsInWords = (_key: string, value: unknown): unknown =>
  value instanceof Error
    ? { name: value.name, message: value.message, stack: value.stack, cause: value.cause }
    : value

function announce(serving: Serving, settings: Settings): void {
  const { url, operatorUrl, operatorToken, composed } = serving
  const ready = { ready: true, url, operatorUrl, operatorToken }
  console.log(settings.json ? JSON.stringify(ready) : welcomeScreen(serving, { settings, ...composed }))
}

/** The first signal drains, the second one ends at once. */
function stopOnSignals(serving: Serving): void {
  let stopping = false
  const stop = (signal: string): void => {
    if (stopping) process.exit(1)
    stopping = true
    log({ event: 'draining', signal })
    serving.stop(drainGraceMs).then(
      () => process.exit(0),
      (error: unknown) => {
        log({ event: 'stop-failed', error })
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // Node would open its inspector to whoever may send the signal (security-cases K08).
  process.on('SIGUSR1', (signal) => log({ event: 'signal-ignored', signal }))
}

/** Reads the settings of the process, serves, announces itself. What stops it is said in one line, with exit code 1. */
export async function run(): Promise<void> {
  try {
    const settings = processSettings()
    const surroundings = {
      clock: systemClock,
      engineNow: systemClock.now,
      randomBytes,
      newUuid: randomUUID,
      log,
    }
    const serving = await serve(settings, surroundings)
    stopOnSignals(serving)
    announce(serving, settings)
  } catch (error) {
    // Whoever starts it gets one line; a stack would hide it.
    const words = error instanceof Error ? error.message : String(error)
    console.error(`panoptes: ${words.trim().replace(/\s*\n\s*/g, ' ')}`)
    process.exit(1)
  }
}

// bin/panoptes.js imports this file and calls `run` itself.
if (import.meta.main) await run()
