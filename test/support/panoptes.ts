import { randomBytes, randomUUID } from 'node:crypto'
import { type Serving, serve } from '../../src/serving.ts'
import { readSettings } from '../../src/settings.ts'

export interface RunningPanoptes extends AsyncDisposable {
  readonly url: string
  readonly operatorUrl: string
  readonly operatorToken: string
  /** What was logged so far, newest last. */
  readonly log: readonly object[]
  /** Moves the service's clock; codes, tokens, sessions and windows follow. */
  advance(seconds: number): void
  stop(): Promise<void>
}

/**
 * Starts the whole service in this process, on loopback and free ports, with a clock of its own.
 * @param args options of the command line, as `['--limits', 'off']` @param environment as of the process
 */
export async function startPanoptes(
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningPanoptes> {
  let aheadMs = 0
  const clock = { now: (): number => Date.now() + aheadMs }
  const log: object[] = []
  const settings = readSettings(['--port', '0', '--operator-port', '0', ...args], environment)
  const surroundings = {
    clock,
    engineNow: () => Date.now(),
    randomBytes,
    newUuid: randomUUID,
    fetch,
    log: (entry: object) => void log.push(entry),
  }
  const serving: Serving = await serve(settings, surroundings)
  const { url, operatorUrl, operatorToken } = serving
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopping ??= serving.stop(500)
    return stopping
  }
  return {
    url,
    operatorUrl,
    operatorToken,
    log,
    advance(seconds) {
      aheadMs += seconds * 1000
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
