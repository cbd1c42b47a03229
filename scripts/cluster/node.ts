import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { endOf, startChild, stopChild } from './child.ts'
import type { Running } from './keep-running.ts'

/** One process of the emulator, with its two listeners. */
export interface EmulatorNode extends Running {
  readonly url: string
  readonly operatorUrl: string
  readonly operatorToken: string
}

export interface NodeParts {
  /** The folder of the version that it runs: a clone with its packages, or an installed package. */
  readonly clone: string
  /** The configuration file that all nodes share. */
  readonly config: string
  /** Of the public listener, and of the operator's, where 0 picks a free one. */
  readonly ports: readonly [number, number]
  /** Further options of `panoptes emulate`. */
  readonly options: readonly string[]
  /** Where its log goes. */
  readonly log: 'inherit' | 'ignore'
}

const endWithParent = join(import.meta.dirname, 'end-with-parent.ts')
const startMs = 60_000
/** Longer than a node takes to drain. */
const graceMs = 20_000

/** The command of that version. */
export const commandOf = (clone: string): string => join(clone, 'bin/panoptes.js')

/** @throws Error when it ends before it is ready; why is on standard error */
export async function startNode({ clone, config, ports, options, log }: NodeParts): Promise<EmulatorNode> {
  const [port, operatorPort] = ports
  // Whoever tries one node alone calls it so; pages lead on to the origin.
  const name = ['--hostname', `127.0.0.1:${port}`]
  const listeners = ['--port', String(port), '--operator-port', String(operatorPort), ...name]
  const flags = ['--max-semi-space-size=16', '--import', endWithParent]
  const command = [
    ...flags,
    commandOf(clone),
    'emulate',
    '--json',
    '--config',
    config,
    ...listeners,
    ...options,
  ]
  const child = startChild(process.execPath, command, log)
  const ended = endOf(child)
  const tooLate = setTimeout(() => child.kill('SIGKILL'), startMs)
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const line = await Promise.race([
    once(lines, 'line').then(([first]) => String(first)),
    ended.then((how) => {
      throw new Error(`it ended before it was ready (${how})`)
    }),
  ]).finally(() => clearTimeout(tooLate))
  const { operatorUrl, operatorToken } = JSON.parse(line) as EmulatorNode
  return {
    url: `http://127.0.0.1:${port}`,
    operatorUrl,
    operatorToken,
    pid: child.pid ?? 0,
    ended,
    stop: () => stopChild(child, () => child.kill('SIGTERM'), graceMs),
  }
}
