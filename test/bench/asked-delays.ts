import { readFileSync, rmSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { ServerProcess } from './server-process.ts'

export interface Delays {
  /** In milliseconds, as all of them. */
  readonly p99: number
  readonly longest: number
}

/** What a server is to `--import`, so that it notes the delays of its event loop in the file when it is asked. */
export const hookFor = (file: string): string =>
  `${pathToFileURL('test/bench/event-loop-delay.ts').href}?${new URLSearchParams({ to: file })}`

/** What the server's event loop was late by since this was last asked. */
export async function delaysOf(server: ServerProcess, file: string): Promise<Delays> {
  rmSync(file, { force: true })
  server.signal('SIGUSR2')
  for (;;) {
    await wait(20)
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as Delays
    } catch {} // not written yet, or not to the end
  }
}
