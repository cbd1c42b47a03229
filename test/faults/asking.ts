/** What scenarios of a bad upstream ask, and how they count what they were answered. */
import { expect } from 'vitest'
import type { BadUpstreamGround, TimedCall } from './bad-upstream-ground.ts'
import type { Client } from './load/client.ts'

/** What a busy machine takes besides what is waited for. */
export const slackMs = 6_000

export const withRetryAfter: { readonly status: 503; readonly retryAfter: unknown } = {
  status: 503,
  retryAfter: expect.stringMatching(/^[1-9]\d*$/),
}

/** @param each so many calls of each client */
export const askAtOnce = (
  { ask }: BadUpstreamGround,
  clients: readonly Client[],
  each = 1,
): Promise<readonly TimedCall[]> =>
  Promise.all(clients.flatMap((client) => Array.from({ length: each }, () => ask(client))))

/** By the status, and the code where there is one. */
export function countsOf(answers: readonly TimedCall[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { status, code = '' } of answers) {
    const name = `${status} ${code}`.trim()
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
