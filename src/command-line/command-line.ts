/**
 * Command line: which command is asked for, and with which exit code it ends. Each command has a file; what the machine gives
 * (time, chance, a terminal) comes from src/main.ts. Composes nothing: src/serving.ts does, and options are src/settings.ts' affair.
 */
import type { Surroundings } from '../compose-capabilities.ts'
import { type BrokerSettings, type Settings, SettingsError } from '../settings.ts'
import { emulate } from './emulate.ts'
import { helpText } from './help.ts'
import type { Network } from './users/operator-client.ts'
import { packageVersion } from './version.ts'

export interface CommandLineParts {
  readonly surroundings: Surroundings
  /** Reads options that follow a command, over environment and file. @throws SettingsError */
  readonly settingsOf: (options: readonly string[]) => Settings
  /** The same for a broker. @throws SettingsError */
  readonly brokerSettingsOf: (options: readonly string[]) => BrokerSettings
  /** Writes a text and a line's end on standard output. */
  readonly print: (text: string) => void
  /** For commands that talk to a running service. */
  readonly network: Network
  /** All of standard input. */
  readonly readInput: () => Promise<string>
}

/** @returns the exit code; undefined when the process lives on until a signal ends it */
type Command = (options: readonly string[], parts: CommandLineParts) => Promise<number | undefined>

const printing =
  (text: () => string): Command =>
  async (_options, { print }) => {
    print(text())
    return 0
  }

const commands: Readonly<Record<string, Command>> = {
  emulate,
  async serve(options, parts) {
    const { serve } = await import('./serve.ts')
    return serve(options, parts)
  },
  async doctor(options, parts) {
    // Loaded when it is asked for: a start of the emulator has no use for it.
    const { doctor } = await import('./doctor/doctor.ts')
    return doctor(options, parts)
  },
  async users(options, parts) {
    const { users } = await import('./users/users.ts')
    return users(options, parts)
  },
  async init(options, parts) {
    const { init } = await import('./init.ts')
    return init(options, parts)
  },
  async keys(options, parts) {
    const { keys } = await import('./keys.ts')
    return keys(options, parts)
  },
  async explain(options, parts) {
    const { explain } = await import('./explain.ts')
    return explain(options, parts)
  },
  async migrate(options, parts) {
    const { migrate } = await import('./migrate.ts')
    return migrate(options, parts)
  },
  async coverage(options, parts) {
    const { coverage } = await import('./coverage.ts')
    return coverage(options, parts)
  },
  help: async ([command], { print }) => {
    print(helpText(command))
    return 0
  },
  version: printing(packageVersion),
}

/** Spellings that people try first. */
const spellings: Readonly<Record<string, string>> = {
  '--help': 'help',
  '-h': 'help',
  '--version': 'version',
  '-v': 'version',
}

/**
 * Runs what was asked for. Without a command, that is `emulate`, so that options may stand alone.
 * @param args the command line after the program's name
 * @returns the exit code; undefined when the process lives on until a signal ends it
 * @throws SettingsError for an unknown command or option, in one line that says what is allowed
 */
export async function runCommandLine(
  args: readonly string[],
  parts: CommandLineParts,
): Promise<number | undefined> {
  const [first = '', ...rest] = args
  const name = spellings[first] ?? first
  if (first !== '' && !first.startsWith('-') && !Object.hasOwn(commands, name))
    throw new SettingsError(
      `found the command ${JSON.stringify(first)}; allowed are ${Object.keys(commands).join(', ')}, or none and options alone`,
    )
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  const options = command ? rest : args
  if (options.some((option) => spellings[option] === 'help')) return commands['help']?.([name], parts)
  return (command ?? emulate)(options, parts)
}
