/** What one check of the doctor says. `fail` is what keeps a start or a client from working, `warn` what may. */
export interface Finding {
  /** What was looked at, as `certificate`. */
  readonly about: string
  readonly verdict: 'ok' | 'warn' | 'fail'
  /** One line: what was found and, unless all is well, what to do. */
  readonly words: string
}

/** @returns makers of findings on one thing */
export const findingsOn = (
  about: string,
): Readonly<Record<Finding['verdict'], (words: string) => Finding>> => ({
  ok: (words) => ({ about, verdict: 'ok', words }),
  warn: (words) => ({ about, verdict: 'warn', words }),
  fail: (words) => ({ about, verdict: 'fail', words }),
})

/** The message of something thrown, in one line. */
export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().replace(/\s*\n\s*/g, ' ')
