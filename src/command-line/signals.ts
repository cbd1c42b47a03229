const drainGraceMs = 10_000

export interface Signalled {
  readonly stop: (graceMs: number) => Promise<void>
  /** Reads the configuration as the start did. @throws Error in words for a person */
  readonly reread: () => unknown
}

/**
 * The first signal drains, the second one ends at once. SIGHUP is a terminal that was closed, where there is one; elsewhere it asks what
 * the next start would make of the configuration, as what runs keeps what it was started with (reliability R54).
 */
export function heedSignals(serving: Signalled, log: (entry: object) => void): void {
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
  process.on('SIGHUP', process.stdin.isTTY || process.stdout.isTTY ? stop : () => log(standingOf(serving)))
  // Node would open its inspector to whoever may send the signal (security-cases K08).
  process.on('SIGUSR1', (signal) => log({ event: 'signal-ignored', signal }))
}

function standingOf({ reread }: Signalled): object {
  try {
    reread()
    return { event: 'configuration-read', words: 'it is valid, and counts from the next start on' }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { event: 'configuration-refused', reason, words: 'what was read at the start stays' }
  }
}
