import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
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

export interface RaceOptions {
  readonly processes: number
  readonly times: number
  /** Called again and again until the race is over. */
  readonly meanwhile?: () => Promise<unknown>
}

/** Several processes count one record up at the same time, each so often. */
export async function raceProcesses(
  settings: StoreSettings,
  { processes, times, meanwhile = () => pause(10) }: RaceOptions,
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
  while (children.some(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    await meanwhile()
    await turn()
  }
  await Promise.all(ended)
  return { committed, conflicts }
}
