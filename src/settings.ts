/**
 * Settings: command line over environment over file over defaults. The only reader of the environment. Every error names the
 * key, what was found and what is allowed.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Fidelity } from '#domain/fidelity.ts'
import type { StoreSettings } from '#store/open-store.ts'
import type { LiveSettings } from '#upstream/live/live-settings.ts'
import {
  type CheckedCommon,
  type CheckedSettings,
  checkBrokerSettings,
  checkSettings,
  isHost,
} from './settings-schema.ts'
import { checkKeysHidden, type ExposedSecret, exposedIn } from './settings-secrets.ts'
import {
  commonKeys,
  commonOptions,
  type Environment,
  isReadableFile,
  readSources,
  SettingsError,
  type Sources,
} from './settings-sources.ts'
import type { CheckedUpstream } from './settings-upstream.ts'

export { SettingsError }

/** What every composition wants to know. */
export interface CommonSettings
  extends Omit<CheckedCommon, 'store' | 'replicas' | 'checkpoint' | 'data' | 'integrations'> {
  readonly store: StoreSettings
  /** The whole path of the directory that keeps everything. */
  readonly data: string | undefined
  /** Path of the integrations file. */
  readonly integrations: string
  /** Whether the ready line is for programs. */
  readonly json: boolean
  readonly limits: 'on' | 'off'
  readonly tls: boolean
  readonly tokenConfirmation: 'email' | 'off'
  /** What counts where the document of v7 and recorded answers differ. */
  readonly fidelity: Fidelity
}

export interface Settings extends CommonSettings {
  /** Path of the seed file. */
  readonly seed: string
}

export interface BrokerSettings extends CommonSettings {
  readonly data: string
  readonly upstream: LiveSettings &
    Pick<
      CheckedUpstream,
      'coalesce' | 'cache' | 'unauthorizedPerHour' | 'budgetWait' | 'organizationPerMinute'
    >
  /** Where the key-encryption keys stand: as text, or in a file; else in the data directory. */
  readonly keyEncryption: { readonly text: string | undefined; readonly file: string | undefined }
  /** Secrets of the configuration and of the integrations file, where others can read them. */
  readonly exposed: readonly ExposedSecret[]
}

const configFolder = fileURLToPath(new URL('../config/', import.meta.url))

function seedPath(seed: string, source: string): string {
  const path = /[/\\]|\.ya?ml$/.test(seed) ? resolve(seed) : join(configFolder, 'seeds', `${seed}.yaml`)
  if (isReadableFile(path)) return path
  throw new SettingsError(
    `${source}: found ${JSON.stringify(seed)}; allowed is a name in config/seeds or the path of a YAML file that can be read`,
  )
}

/** @param standing in config, the file that counts when none is named */
function integrationsPath(
  given: string | undefined,
  { file, source, standing }: { readonly file: string; readonly source: string; readonly standing: string },
): string {
  if (given === undefined) return join(configFolder, standing)
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

/** What SQLite in the data directory alone has. */
function checkpointSettings(
  { checkpoint: given }: Pick<CheckedCommon, 'checkpoint'>,
  { isEpochBumped, sourceOf }: Sources,
  isThere: boolean,
): { readonly checkpoint?: string; readonly isEpochBumped?: true } {
  if (!isThere && (given !== undefined || isEpochBumped))
    throw new SettingsError(
      `${isEpochBumped ? '--bump-epoch' : sourceOf('checkpoint')}: found without records in SQLite; allowed is with --data DIR, and no other store`,
    )
  return {
    ...(given !== undefined && { checkpoint: resolve(given) }),
    ...(isEpochBumped && { isEpochBumped }),
  }
}

function storeSettings(
  checked: Pick<CheckedCommon, 'store' | 'replicas' | 'checkpoint'>,
  directory: string | undefined,
  sources: Sources,
): StoreSettings {
  const { store: address, replicas } = checked
  const isSqlite = address === undefined && directory !== undefined
  const ofSqlite = checkpointSettings(checked, sources, isSqlite)
  if (address) return { kind: 'redis', address, replicas }
  if (replicas > 0)
    throw new SettingsError(
      `${sources.sourceOf('replicas')}: found ${replicas} without a Redis store; allowed is 0, or a store that has replicas`,
    )
  return directory === undefined
    ? { kind: 'memory' }
    : { kind: 'sqlite', path: join(directory, 'panoptes.db'), ...ofSqlite }
}

/** What is checked in the same way in every composition. */
function commonSettings(
  { store, replicas, checkpoint, data, integrations, ...rest }: CheckedCommon,
  sources: Sources,
  standing: string,
): Omit<CommonSettings, 'limits' | 'tls' | 'tokenConfirmation' | 'fidelity'> {
  const { hostnames, json, file, sourceOf } = sources
  checkHostnames(hostnames)
  const directory = data === undefined ? undefined : resolve(data)
  return {
    ...rest,
    json,
    allowedHosts: [...rest.allowedHosts, ...hostnames],
    data: directory,
    store: storeSettings({ store, replicas, checkpoint }, directory, sources),
    integrations: integrationsPath(integrations, { file, source: sourceOf('integrations'), standing }),
  }
}

/**
 * Reads the settings of an emulator.
 * @param args the command line after the program's name @param environment the variables of the process
 * @throws SettingsError
 */
export function readSettings(args: readonly string[], environment: Environment): Settings {
  const sources = readSources(args, environment, {
    options: {
      ...commonOptions,
      seed: { type: 'string' },
      limits: { type: 'string' },
      tls: { type: 'boolean' },
    },
    keys: [...commonKeys, 'seed', 'limits', 'tls', 'fidelity'],
    standing: { path: join(configFolder, 'emulator.yaml'), name: 'config/emulator.yaml' },
  })
  const { sourceOf } = sources
  const checked = checkSettings(sources.raw)
  if ('words' in checked) throw new SettingsError(`${sourceOf(checked.key)}: ${checked.words}`)
  checkTogether(checked, sourceOf)
  const { seed, limits, tls, tokenConfirmation, fidelity } = checked
  return {
    ...commonSettings(checked, sources, 'integrations.yaml'),
    ...{ limits, tls, tokenConfirmation, fidelity },
    seed: seedPath(seed, sourceOf('seed')),
  }
}

const pem = /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/

function liveSettings(
  { authorities, ...rest }: CheckedUpstream,
  { file, sourceOf }: Sources,
): BrokerSettings['upstream'] {
  const path = authorities === undefined ? undefined : resolve(dirname(file), authorities)
  const found = path !== undefined && isReadableFile(path) ? readFileSync(path, 'utf8') : undefined
  if (path !== undefined && !(found && pem.test(found)))
    throw new SettingsError(
      `${sourceOf('upstream')}.authorities: found ${JSON.stringify(authorities)}; allowed is the path of a file with certificates as PEM, from where the configuration is`,
    )
  return { ...rest, proxy: rest.proxy, authorities: found }
}

/**
 * Reads the settings of a broker.
 * @param args the command line after the command @param environment the variables of the process @throws SettingsError
 */
export function readBrokerSettings(args: readonly string[], environment: Environment): BrokerSettings {
  const sources = readSources(args, environment, {
    options: commonOptions,
    keys: [...commonKeys, 'keyEncryptionKeys', 'keyEncryptionKeyFile'],
    standing: undefined,
  })
  const checked = checkBrokerSettings(sources.raw)
  if ('words' in checked) throw new SettingsError(`${sources.sourceOf(checked.key)}: ${checked.words}`)
  checkKeysHidden(sources)
  const { data, upstream, keyEncryptionKeys, keyEncryptionKeyFile, ...common } = checked
  const settings = commonSettings({ ...common, data }, sources, 'broker-integrations.yaml')
  return {
    ...settings,
    data: resolve(data),
    upstream: liveSettings(upstream, sources),
    keyEncryption: {
      text: keyEncryptionKeys,
      file: keyEncryptionKeyFile && resolve(dirname(sources.file), keyEncryptionKeyFile),
    },
    exposed: exposedIn({ ...checked, integrations: settings.integrations }, sources),
    // What may differ in an emulator alone.
    ...{ limits: 'on', tls: false, tokenConfirmation: 'off', fidelity: 'live' },
  }
}

/** The settings of this process. @param args the command line after the command @throws SettingsError */
export const processSettings = (args: readonly string[]): Settings => readSettings(args, process.env)

/** The settings of this process as a broker. @param args as above @throws SettingsError */
export const processBrokerSettings = (args: readonly string[]): BrokerSettings =>
  readBrokerSettings(args, process.env)
