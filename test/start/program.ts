/** The program as people start it: a process of its own, on free ports, ended at the latest with the test that started it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Program {
  readonly child: ChildProcess
  /** What it said on standard output, once the words stand in it. */
  said(words: string): Promise<string>
  /** All it said, and how it ended. */
  readonly ended: Promise<Ended>
}

export interface Ready {
  readonly ready: true
  readonly url: string
  readonly operatorUrl: string
  readonly operatorToken: string
}

/**
 * @param args options, a command before them or none @param entry the file to run @param environment its whole environment
 */
export function startProgram(
  args: readonly string[],
  entry = 'src/main.ts',
  environment: Readonly<Record<string, string>> = {},
): Program {
  const commandLength = args[0]?.startsWith('-') === false ? 1 : 0
  const options = ['--port', '0', '--operator-port', '0', ...args.slice(commandLength)]
  const child = spawn(process.execPath, [entry, ...args.slice(0, commandLength), ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 18_000,
    killSignal: 'SIGKILL',
    env: environment,
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  const ended = Promise.all([text(child.stderr), once(child, 'close')]).then(([stderr, [code, signal]]) => ({
    stdout,
    stderr,
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }))
  const hasEnded = ended.then(({ stderr }) => {
    throw new Error(`the program has ended: ${stderr}`)
  })
  hasEnded.catch(() => undefined)
  return {
    child,
    ended,
    async said(words) {
      while (!stdout.includes(words)) await Promise.race([once(child.stdout, 'data'), hasEnded])
      return stdout
    },
  }
}

/** Starts the program for programs. @returns it with its ready line, read */
export async function startReady(
  args: readonly string[] = [],
  entry?: string,
): Promise<Program & { readonly ready: Ready }> {
  const program = startProgram([...args, '--json'], entry)
  const [line = ''] = (await program.said('\n')).split('\n')
  return { ...program, ready: JSON.parse(line) as Ready }
}
