const drainGraceMs = 10_000

/** The first signal drains, the second one ends at once. */
export function stopOnSignals(
  serving: { readonly stop: (graceMs: number) => Promise<void> },
  log: (entry: object) => void,
): void {
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
