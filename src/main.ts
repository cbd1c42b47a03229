/** The program: gives the command line what the machine has (time, chance, a terminal), and says in one line what stops it. */
import { randomBytes, randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { runCommandLine } from '#command-line/command-line.ts'
import { steadyClock, systemClock } from '#domain/clock.ts'
import { processBrokerSettings, processSettings } from './settings.ts'

/** One JSON line on standard error for each thing worth knowing; standard output is for what was asked for. */
function log(entry: object): void {
  process.stderr.write(
    `${JSON.stringify({ at: new Date(systemClock.now()).toISOString(), ...entry }, errorsInWords)}\n`,
  )
}

const errorsInWords = (_key: string, value: unknown): unknown =>
  value instanceof Error
    ? { name: value.name, message: value.message, stack: value.stack, cause: value.cause }
    : value

/** Runs the command line of the process. What stops it is said in one line, with exit code 1. */
export async function run(): Promise<void> {
  const surroundings = {
    clock: steadyClock({
      machine: systemClock,
      stopwatch: () => performance.now(),
      steppedBack: (behindMs) => log({ event: 'clock-stepped-back', behindSeconds: behindMs / 1_000 }),
    }),
    engineNow: systemClock.now,
    randomBytes,
    newUuid: randomUUID,
    fetch,
    log,
  }
  try {
    const parts = {
      surroundings,
      settingsOf: processSettings,
      brokerSettingsOf: processBrokerSettings,
      print: console.log,
      network: { fetch },
      readInput: () => text(process.stdin),
    }
    const exitCode = await runCommandLine(process.argv.slice(2), parts)
    // Set, not exited with: standard output may be a pipe that is still being written.
    if (exitCode !== undefined) process.exitCode = exitCode
  } catch (error) {
    // Whoever starts it gets one line; a stack would hide it.
    const words = error instanceof Error ? error.message : String(error)
    console.error(`panoptes: ${words.trim().replace(/\s*\n\s*/g, ' ')}`)
    process.exit(1)
  }
}

// bin/panoptes.js imports this file and calls `run` itself.
if (import.meta.main) await run()
