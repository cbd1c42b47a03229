/** Starts a flood (flood.ts), and says what it is told. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export interface FloodParts {
  readonly url: string
  /** In turn. A request with a form is a POST. */
  readonly requests: readonly { readonly path: string; readonly form?: string }[]
  readonly perSecond: number
  readonly seconds: number
  /** Kept; each has one request under way at most. */
  readonly connections: number
}

/** In ms. */
export interface Waits {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly longest: number
}

export interface Flooded {
  readonly sent: number
  /** There was no connection left for them. */
  readonly unsent: number
  /** Their connection ended before an answer. */
  readonly broken: number
  /** Ten seconds after the last one was sent. */
  readonly unanswered: number
  readonly withoutRetryAfter: number
  readonly statuses: readonly number[]
  /** 503. */
  readonly refused: Waits
  /** Everything else. */
  readonly served: Waits
}

export async function flood(parts: FloodParts): Promise<Flooded> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'flood.ts'), JSON.stringify(parts)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return JSON.parse(await text(child.stdout)) as Flooded
}
