import { type Serving, serve } from '../serving.ts'
import { welcomeScreen } from '../welcome.ts'
import type { CommandLineParts } from './command-line.ts'

const drainGraceMs = 10_000

/** The first signal drains, the second one ends at once. */
function stopOnSignals(serving: Serving, log: (entry: object) => void): void {
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

/**
 * `panoptes emulate`: serves, says where, in one JSON line with --json and on a screen otherwise, and drains on SIGTERM and Ctrl-C.
 * @throws SettingsError, or an Error whose message is one line for a person, when it cannot start
 */
export async function emulate(
  options: readonly string[],
  { surroundings, settingsOf, print }: CommandLineParts,
): Promise<undefined> {
  const settings = settingsOf(options)
  const serving = await serve(settings, surroundings)
  stopOnSignals(serving, surroundings.log)
  const { url, operatorUrl, operatorToken, workspace } = serving
  const { seed, integrations } = workspace.capabilities()
  const ready = { ready: true, url, operatorUrl, operatorToken }
  print(
    settings.json
      ? JSON.stringify(ready)
      : welcomeScreen(serving, { settings, seed, integrations: integrations.configured }),
  )
}
