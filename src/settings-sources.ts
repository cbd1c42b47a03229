/** Where settings stand: on the command line, in the environment, in a file; the first of them that says something counts. */
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { loadAll } from 'js-yaml'

/** What is wrong with the settings, in one line for a person. */
export class SettingsError extends Error {}

export type Raw = Record<string, unknown>

export type Environment = Readonly<Record<string, string | undefined>>

type Options = Readonly<Record<string, { readonly type: 'string' | 'boolean'; readonly multiple?: boolean }>>

/** Of every composition. */
export const commonOptions: Options = {
  host: { type: 'string' },
  port: { type: 'string' },
  'operator-port': { type: 'string' },
  origin: { type: 'string' },
  hostname: { type: 'string', multiple: true },
  data: { type: 'string' },
  config: { type: 'string' },
  json: { type: 'boolean' },
  'bump-epoch': { type: 'boolean' },
}

/** What the environment may set in every composition; lists and spans are for the file. */
export const commonKeys: readonly string[] = [
  'host',
  'port',
  'operatorHost',
  'operatorPort',
  'origin',
  'data',
  'store',
  'replicas',
  'checkpoint',
  'operatorToken',
]

interface Arguments {
  readonly config: string | undefined
  readonly json: boolean
  readonly isEpochBumped: boolean
  /** Of --hostname, in the order given; they stand beside the allowedHosts of the file. */
  readonly hostnames: readonly string[]
  /** All others, by the key of the setting that they give. */
  readonly given: Raw
}

function readArguments(args: readonly string[], options: Options): Arguments {
  try {
    const { config, hostname, json, ...values } = parseArgs({ args: [...args], options }).values
    const { 'operator-port': operatorPort, 'bump-epoch': bumpEpoch, ...given } = values
    return {
      isEpochBumped: bumpEpoch === true,
      given: operatorPort === undefined ? given : { ...given, operatorPort },
      hostnames: Array.isArray(hostname) ? hostname.map(String) : [],
      json: json === true,
      config: typeof config === 'string' ? config : undefined,
    }
  } catch (error) {
    const allowed = Object.keys(options).map((name) => `--${name}`)
    throw new SettingsError(`${(error as Error).message.split('.')[0]}; allowed are ${allowed.join(' ')}`)
  }
}

/** PANOPTES_OPERATOR_PORT for operatorPort, and so on. */
const variableOf = (key: string): string => `PANOPTES_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`

/** --operator-port for operatorPort, and so on. */
const optionOf = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

// An empty variable says nothing: that is how compose files and shells leave one out.
const readEnvironment = (environment: Environment, keys: readonly string[]): Raw =>
  Object.fromEntries(
    keys.flatMap((key) => {
      const value = environment[variableOf(key)]
      return value ? [[key, value]] : []
    }),
  )

export function isReadableFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Whether others than its owner can read a file that is there. */
export const isForOthersToo = (path: string): boolean => (statSync(path).mode & 0o077) !== 0

function readDocument(path: string): Raw {
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

export interface Sources {
  /** What was configured, by key. */
  readonly raw: Raw
  readonly hostnames: readonly string[]
  readonly json: boolean
  /** Of the command line alone: what ends everything is said once, and stands in no file. */
  readonly isEpochBumped: boolean
  /** The whole path of the file. */
  readonly file: string
  /** Where a key was given, as people wrote it. */
  readonly sourceOf: (key: string) => string
  /** Whether what counts of a key stands in a file that others than its owner can read. */
  readonly isReadByOthers: (key: string) => boolean
}

export interface SourcesAllowed {
  readonly options: Options
  /** What the environment may set. */
  readonly keys: readonly string[]
  /** The file when none is named, and what it is called; undefined where one has to be named. */
  readonly standing: { readonly path: string; readonly name: string } | undefined
}

/** @param args the command line after the command @throws SettingsError */
export function readSources(
  args: readonly string[],
  environment: Environment,
  { options, keys, standing }: SourcesAllowed,
): Sources {
  const { config, given, ...said } = readArguments(args, options)
  const path = config ?? standing?.path
  if (path === undefined)
    throw new SettingsError(
      '--config: found nothing; allowed is the path of a configuration, as config/broker.example.yaml',
    )
  const file = resolve(path)
  const fromFile = readDocument(file)
  const fromEnvironment = readEnvironment(environment, keys)
  return {
    raw: { ...fromFile, ...fromEnvironment, ...given },
    ...said,
    file,
    isReadByOthers: (key) =>
      key in fromFile && !(key in given) && !(key in fromEnvironment) && isForOthersToo(file),
    sourceOf(key) {
      if (key in given) return optionOf(key)
      return key in fromEnvironment ? variableOf(key) : `${config ?? standing?.name}: ${key}`
    },
  }
}
