import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { StoreSettings } from '#store/open-store.ts'

/** Starts a program of this folder as a process of its own, which ends with the test. @returns when it says `ready` */
export async function startProcess(program: string, argument: unknown): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, program), [JSON.stringify(argument)], { execArgv: [] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${program} ended with ${code}`))),
  ])
  return child
}

export interface Race {
  /** All values that were acknowledged, by any of the processes. */
  readonly committed: readonly number[]
  readonly conflicts: number
}

/** Several processes count one record up at the same time, each so often. */
export async function raceProcesses(
  settings: StoreSettings,
  processes: number,
  times: number,
): Promise<Race> {
  const children = await Promise.all(
    Array.from({ length: processes }, () => startProcess('store-race-process.ts', settings)),
  )
  const committed: number[] = []
  let conflicts = 0
  const ended = children.map((child) => {
    child.on('message', (message: { committed: number } | { conflicts: number }) => {
      if ('committed' in message) committed.push(message.committed)
      else conflicts += message.conflicts
    })
    return once(child, 'exit')
  })
  for (const child of children) child.send(times)
  await Promise.all(ended)
  return { committed, conflicts }
}
