/**
 * Settings: command line over environment over file over defaults. The only reader of the environment. Every error names the
 * key, what was found and what is allowed.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import { z } from 'zod'
import type { ProtocolSpans } from '#authorization-server/parts.ts'
import type { StoreSettings } from '#store/open-store.ts'

/** What is wrong with the settings, in one line for a person. */
export class SettingsError extends Error {}

export interface Settings {
  readonly host: string
  readonly port: number
  readonly operatorHost: string
  readonly operatorPort: number
  readonly origin?: URL
  readonly data?: string
  readonly store: StoreSettings
  /** Path of the seed file. */
  readonly seed: string
  readonly limits: 'on' | 'off'
  /** v7 calls of one client or organization in a minute, while limits are on. */
  readonly callsPerMinute: number
  readonly tls: boolean
  readonly json: boolean
  readonly operatorToken?: string
  /** Path of the integrations file. */
  readonly integrations: string
  readonly allowedHosts: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly registration: 'open' | 'closed'
  readonly advertisedScopes: 'all' | 'live'
  readonly spans: ProtocolSpans
}

const configFolder = fileURLToPath(new URL('../config/', import.meta.url))

const port = z.coerce.number().int('allowed is a whole number from 0 to 65535').min(0).max(65_535)
const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }
const span = (atMost: number): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^[1-9]\d{0,6}[smhd]$/, 'allowed is a number and s, m, h or d, as 10m')
    .transform((text) => Number(text.slice(0, -1)) * (seconds[text.slice(-1)] ?? 1))
    .refine((value) => value <= atMost, `allowed is at most ${atMost}s`)
const anySpan = span(10 * 365 * 86_400)
const origin = z
  .string()
  .refine(
    (text) => URL.parse(text)?.origin === text.replace(/\/$/, ''),
    'allowed is http(s)://host[:port] without a path',
  )
  .transform((text) => new URL(text))
const storeUrl = z
  .string()
  .refine(
    (text) => ['redis:', 'rediss:'].includes(URL.parse(text)?.protocol ?? ''),
    'allowed is redis:// or rediss://',
  )
// YAML reads a bare on or off as text, and true or false as what they are: all four are understood.
const onOff = z
  .union([z.enum(['on', 'off']), z.boolean()], 'allowed are on and off')
  .transform((value): 'on' | 'off' => (value === true || value === 'on' ? 'on' : 'off'))
const flag = z
  .union([z.boolean(), z.enum(['true', 'false'])], 'allowed are true and false')
  .transform((value) => value === true || value === 'true')

const schema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: port.default(7070),
  operatorHost: z.string().min(1).default('127.0.0.1'),
  operatorPort: port.default(7071),
  origin: origin.optional(),
  data: z.string().min(1).optional(),
  store: storeUrl.optional(),
  seed: z.string().min(1).default('default'),
  limits: onOff.default('on'),
  callsPerMinute: z.number().int().min(1).default(240),
  tls: flag.default(false),
  operatorToken: z.string().min(16, 'allowed are 16 characters or more').optional(),
  integrations: z.string().min(1).default('integrations.yaml'),
  allowedHosts: z.array(z.string()).default([]),
  trustedProxies: z.array(z.string()).default([]),
  registration: z.enum(['open', 'closed']).default('open'),
  advertisedScopes: z.enum(['all', 'live']).default('all'),
  spans: z
    .strictObject({
      authorizationCode: span(60).default(60),
      deviceCode: anySpan.default(600),
      devicePollingInterval: anySpan.default(5),
      refreshReplayWindow: span(300).default(10),
      interaction: anySpan.default(600),
      sessionIdle: anySpan.default(1_800),
      sessionAbsolute: anySpan.default(43_200),
      idToken: anySpan.default(300),
    })
    .prefault({}),
})

type Raw = Record<string, unknown>

function readArguments(args: readonly string[]): Raw & { readonly config?: string; readonly json: boolean } {
  const options = {
    host: { type: 'string' },
    port: { type: 'string' },
    'operator-port': { type: 'string' },
    origin: { type: 'string' },
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
      json = false,
      ...values
    } = parseArgs({ args: [...args], options }).values
    return { ...values, ...(operatorPort === undefined ? {} : { operatorPort }), json }
  } catch (error) {
    const allowed = Object.keys(options).map((name) => `--${name}`)
    throw new SettingsError(`${(error as Error).message.split('.')[0]}; allowed are ${allowed.join(' ')}`)
  }
}

/** PANOPTES_OPERATOR_PORT sets operatorPort, and so on; lists and spans are for the file. */
function readEnvironment(environment: Readonly<Record<string, string | undefined>>): Raw {
  const keys = [
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
  const nameOf = (key: string): string => `PANOPTES_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`
  return Object.fromEntries(
    keys.flatMap((key) => (environment[nameOf(key)] ? [[key, environment[nameOf(key)]]] : [])),
  )
}

function readFile(path: string): Raw {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new SettingsError(`--config: found ${path}; allowed is a file that can be read`)
  }
  try {
    const document: unknown = parse(text) ?? {}
    if (typeof document !== 'object' || Array.isArray(document))
      throw new Error('the top level is no mapping')
    return document as Raw
  } catch (error) {
    throw new SettingsError(`${path}: not readable as YAML: ${(error as Error).message.split('\n')[0]}`)
  }
}

const dashed = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

function validated(raw: Raw, sourceOf: (key: string) => string): z.output<typeof schema> {
  const result = schema.safeParse(raw, { reportInput: true })
  if (result.success) return result.data
  const [issue] = result.error.issues
  if (issue?.code === 'unrecognized_keys') {
    const where = issue.path.length === 0 ? '' : `${issue.path.join('.')}.`
    const allowed =
      issue.path[0] === 'spans' ? Object.keys(schema.shape.spans.unwrap().shape) : Object.keys(schema.shape)
    throw new SettingsError(
      `${sourceOf(issue.keys[0] ?? '')}: ${where}${issue.keys[0]}: found an unknown key; allowed are ${allowed.join(', ')}`,
    )
  }
  const key = issue?.path.join('.') ?? ''
  throw new SettingsError(`${sourceOf(key)}: found ${JSON.stringify(issue?.input)}; ${issue?.message}`)
}

function seedPath(seed: string): string {
  const path = /[/\\]|\.ya?ml$/.test(seed) ? resolve(seed) : join(configFolder, 'seeds', `${seed}.yaml`)
  if (existsSync(path)) return path
  throw new SettingsError(
    `--seed: found ${seed}; allowed is a name in config/seeds or the path of a YAML file`,
  )
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
  const { config, json, ...fromArguments } = readArguments(args)
  const file = resolve(config ?? join(configFolder, 'emulator.yaml'))
  const fromFile = readFile(file)
  const fromEnvironment = readEnvironment(environment)
  const sourceOf = (key: string): string => {
    if (key in fromArguments) return dashed(key)
    return key in fromEnvironment ? `environment: ${key}` : `${config ?? 'config/emulator.yaml'}: ${key}`
  }
  const { store, data, seed, integrations, ...rest } = validated(
    { ...fromFile, ...fromEnvironment, ...fromArguments },
    sourceOf,
  )
  const dataDirectory = data === undefined ? undefined : resolve(data)
  if (store !== undefined && dataDirectory === undefined)
    throw new SettingsError(
      'store: found a Redis store without --data; allowed is with --data DIR, where the keys are kept',
    )
  const sqlitePath = dataDirectory === undefined ? ':memory:' : join(dataDirectory, 'panoptes.db')
  const defined = <T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
  return {
    ...defined(rest),
    json,
    ...(dataDirectory === undefined ? {} : { data: dataDirectory }),
    store:
      store === undefined ? { kind: 'sqlite', path: sqlitePath } : { kind: 'redis', url: new URL(store) },
    seed: seedPath(seed),
    integrations: resolve(dirname(file), integrations),
  } as Settings
}

/** The settings of this process. @throws SettingsError */
export const processSettings = (): Settings => readSettings(process.argv.slice(2), process.env)
