/** The program in a process of its own, for tests that kill it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface OwnProcess extends AsyncDisposable {
  readonly url: string
  /** Ends it as a power cut would: nothing is drained, nothing is closed. */
  kill(): Promise<void>
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** @param args as on the command line @returns once it is ready */
export async function startProcess(args: readonly string[]): Promise<OwnProcess> {
  const child = spawn(
    process.execPath,
    ['src/main.ts', '--json', '--port', '0', '--operator-port', '0', ...args],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
  child.on('exit', () => clearTimeout(timer))
  const lines = createInterface({ input: child.stdout })
  const [first] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [unknown]
  if (typeof first !== 'string') throw new Error(`the program ended before it was ready: ${first}`)
  const { url } = JSON.parse(first) as { url: string }
  const kill = (): Promise<void> => ended(child)
  return { url, kill, [Symbol.asyncDispose]: kill }
}
