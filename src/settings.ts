/**
 * Settings: command line over environment over file over defaults. The only reader of the environment. Every error names the
 * key, what was found and what is allowed.
 */
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadAll } from 'js-yaml'
import type { StoreSettings } from '#store/open-store.ts'
import { type CheckedSettings, checkSettings, isHost } from './settings-schema.ts'

/** What is wrong with the settings, in one line for a person. */
export class SettingsError extends Error {}

export interface Settings extends Omit<CheckedSettings, 'store' | 'integrations'> {
  readonly store: StoreSettings
  /** Whether the ready line is for programs. */
  readonly json: boolean
  /** Path of the seed file. */
  readonly seed: string
  /** Path of the integrations file. */
  readonly integrations: string
}

const configFolder = fileURLToPath(new URL('../config/', import.meta.url))

type Raw = Record<string, unknown>

interface Arguments {
  readonly config?: string
  readonly json: boolean
  /** Of --hostname, in the order given; they stand beside the allowedHosts of the file. */
  readonly hostnames: readonly string[]
  /** All others, by the key of the setting that they give. */
  readonly given: Raw
}

function readArguments(args: readonly string[]): Arguments {
  const options = {
    host: { type: 'string' },
    port: { type: 'string' },
    'operator-port': { type: 'string' },
    origin: { type: 'string' },
    hostname: { type: 'string', multiple: true },
    data: { type: 'string' },
    config: { type: 'string' },
    seed: { type: 'string' },
    limits: { type: 'string' },
    tls: { type: 'boolean' },
    json: { type: 'boolean' },
  } as const
  try {
    const {
      'operator-port': operatorPort,
      hostname: hostnames = [],
      json = false,
      config,
      ...values
    } = parseArgs({ args: [...args], options }).values
    return {
      given: { ...values, ...(operatorPort === undefined ? {} : { operatorPort }) },
      hostnames,
      json,
      ...(config === undefined ? {} : { config }),
    }
  } catch (error) {
    const allowed = Object.keys(options).map((name) => `--${name}`)
    throw new SettingsError(`${(error as Error).message.split('.')[0]}; allowed are ${allowed.join(' ')}`)
  }
}

/** What the environment may set; lists and spans are for the file. */
const environmentKeys = [
  'host',
  'port',
  'operatorHost',
  'operatorPort',
  'origin',
  'data',
  'store',
  'seed',
  'limits',
  'tls',
  'operatorToken',
]

/** PANOPTES_OPERATOR_PORT for operatorPort, and so on. */
const variableOf = (key: string): string => `PANOPTES_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`

/** --operator-port for operatorPort, and so on. */
const optionOf = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

// An empty variable says nothing: that is how compose files and shells leave one out.
const readEnvironment = (environment: Readonly<Record<string, string | undefined>>): Raw =>
  Object.fromEntries(
    environmentKeys.flatMap((key) => {
      const value = environment[variableOf(key)]
      return value ? [[key, value]] : []
    }),
  )

function isReadableFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function readFile(path: string): Raw {
  if (!isReadableFile(path))
    throw new SettingsError(`--config: found ${JSON.stringify(path)}; allowed is a file that can be read`)
  const text = readFileSync(path, 'utf8')
  try {
    const [document = {}, ...more] = loadAll(text)
    if (more.length > 0) throw new Error('there are several documents')
    if (document === null) return {}
    if (typeof document !== 'object' || Array.isArray(document))
      throw new Error('the top level is no mapping')
    return document as Raw
  } catch (error) {
    throw new SettingsError(`${path}: not readable as YAML: ${(error as Error).message.split('\n')[0]}`)
  }
}

function seedPath(seed: string, source: string): string {
  const path = /[/\\]|\.ya?ml$/.test(seed) ? resolve(seed) : join(configFolder, 'seeds', `${seed}.yaml`)
  if (isReadableFile(path)) return path
  throw new SettingsError(
    `${source}: found ${JSON.stringify(seed)}; allowed is a name in config/seeds or the path of a YAML file that can be read`,
  )
}

function integrationsPath(given: string | undefined, file: string, source: string): string {
  if (given === undefined) return join(configFolder, 'integrations.yaml')
  const path = resolve(dirname(file), given)
  if (isReadableFile(path)) return path
  throw new SettingsError(
    `${source}: found ${JSON.stringify(given)}; allowed is the path of a file that can be read, from where the configuration is`,
  )
}

function checkHostnames(hostnames: readonly string[]): void {
  const wrong = hostnames.find((name) => !isHost(name))
  if (wrong !== undefined)
    throw new SettingsError(
      `--hostname: found ${JSON.stringify(wrong)}; allowed is HOST or HOST:PORT, once for each name`,
    )
}

/** Keys that are right by themselves and wrong together. */
function checkTogether(
  { store, data, tls, origin }: CheckedSettings,
  sourceOf: (key: string) => string,
): void {
  if (store !== undefined && data === undefined)
    throw new SettingsError(
      `${sourceOf('store')}: found a Redis store without --data; allowed is with --data DIR, where the keys are kept`,
    )
  if (tls && origin?.protocol === 'http:')
    throw new SettingsError(
      `${sourceOf('origin')}: found ${JSON.stringify(origin.origin)} together with tls; allowed is https://HOST`,
    )
}

function storeSettings(redis: string | undefined, directory: string | undefined): StoreSettings {
  if (redis !== undefined) return { kind: 'redis', url: new URL(redis) }
  return directory === undefined
    ? { kind: 'memory' }
    : { kind: 'sqlite', path: join(directory, 'panoptes.db') }
}

/**
 * Reads the settings of a start.
 * @param args the command line after the program's name @param environment the variables of the process
 * @throws SettingsError
 */
export function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Settings {
  const { config, json, hostnames, given: fromArguments } = readArguments(args)
  const file = resolve(config ?? join(configFolder, 'emulator.yaml'))
  const fromFile = readFile(file)
  const fromEnvironment = readEnvironment(environment)
  const sourceOf = (key: string): string => {
    if (key in fromArguments) return optionOf(key)
    return key in fromEnvironment ? variableOf(key) : `${config ?? 'config/emulator.yaml'}: ${key}`
  }
  const checked = checkSettings({ ...fromFile, ...fromEnvironment, ...fromArguments })
  if ('words' in checked) throw new SettingsError(`${sourceOf(checked.key)}: ${checked.words}`)
  checkTogether(checked, sourceOf)
  checkHostnames(hostnames)
  const { store, data, seed, integrations, ...rest } = checked
  const directory = data === undefined ? undefined : resolve(data)
  return {
    ...rest,
    json,
    allowedHosts: [...rest.allowedHosts, ...hostnames],
    data: directory,
    store: storeSettings(store, directory),
    seed: seedPath(seed, sourceOf('seed')),
    integrations: integrationsPath(integrations, file, sourceOf('integrations')),
  }
}

/** The settings of this process. @param args the command line after the command @throws SettingsError */
export const processSettings = (args: readonly string[]): Settings => readSettings(args, process.env)
