/** What a configuration may say: every key, its default, and in words what is allowed. */
import { isIP } from 'node:net'
import { z } from 'zod'
import type { ProtocolSpans } from '#authorization-server/parts.ts'
import { type Fidelity, fidelities } from '#domain/fidelity.ts'
import type { SsoRule } from '#sso/sso.ts'
import { parseRedisAddress, type RedisAddress, redisAddressWords } from '#store/redis-address.ts'
import { brokerSso, emulatorSso } from './settings-sso.ts'
import { type CheckedUpstream, upstreamSettings } from './settings-upstream.ts'
import { emailOrOff, flag, notice, onOff, span, spanOrOff, text, wholeNumber } from './settings-words.ts'

/** What every configuration says once it is checked; most keys are also options and variables (settings.ts). */
export interface CheckedCommon {
  readonly host: string
  readonly port: number
  readonly operatorHost: string
  readonly operatorPort: number
  /** The canonical origin; left out, it follows the bound port. */
  readonly origin?: URL | undefined
  /** A directory that keeps everything. */
  readonly data?: string | undefined
  /** Of a Redis or Valkey. */
  readonly store?: RedisAddress | undefined
  /** So many of its replicas must have a change before it is acknowledged. */
  readonly replicas: number
  /** The file that tells an older copy of the records; else it is beside them. */
  readonly checkpoint?: string | undefined
  /** v7 calls of one client or organization in a minute, while limits are on. */
  readonly callsPerMinute: number
  /** So many requests may wait or be under way at once; what exceeds it is turned away. */
  readonly mostRequests: number
  readonly operatorToken?: string | undefined
  /** A path, from where the configuration file is. */
  readonly integrations?: string | undefined
  /** Further names that clients call us by, as HOST or HOST:PORT; a certificate of ours covers them. */
  readonly allowedHosts: readonly string[]
  readonly trustedProxies: readonly string[]
  /** Seconds between the word that we are not ready and the end of listening, for a load balancer to hear it. */
  readonly drainNotice: number
  readonly registration: 'open' | 'closed'
  readonly advertisedScopes: 'all' | 'live'
  /** Which e-mail domains sign in by which identity provider. */
  readonly sso: readonly SsoRule[]
  readonly signIn: {
    /** So many failed passwords in a row, and the user is locked. */
    readonly lockAfter: number
    /** What hashing a password costs us, and whoever stole the hashes. */
    readonly passwordCost: 'light' | 'strong'
  }
  readonly spans: ProtocolSpans
}

/** What the emulator's says besides. */
export interface CheckedSettings extends CheckedCommon {
  /** A name in config/seeds, or a path. */
  readonly seed: string
  readonly limits: 'on' | 'off'
  readonly tls: boolean
  /** Whether a code is mailed to a user before a User API Token is made. */
  readonly tokenConfirmation: 'email' | 'off'
  /** What counts where the document of v7 and recorded answers differ. */
  readonly fidelity: Fidelity
}

const port = wholeNumber(0, 65_535)

const originWords = 'allowed is http://HOST or https://HOST, with a port or without, and no path'
const origin = z
  .string(originWords)
  .refine(
    (words) => /^https?:/.test(words) && URL.parse(words)?.origin === words.replace(/\/$/, ''),
    originWords,
  )
  .transform((words) => new URL(words))

const storeWords = `allowed is ${redisAddressWords}`
const storeAddress = z.string(storeWords).transform((words, context): RedisAddress => {
  const address = parseRedisAddress(words)
  if (!address) context.addIssue({ code: 'custom', message: storeWords, input: words })
  return address ?? z.NEVER
})

function isProxy(words: string): boolean {
  const [address = '', prefix] = words.split('/')
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return longest > 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest))
}
const hostWords = 'allowed is a list of HOST or HOST:PORT'

/** Whether words are a host as a `Host` header names it: a name or an address, with a port or without. */
export const isHost = (words: string): boolean =>
  /^[^\s/@?#\\]+$/.test(words) && URL.canParse(`http://${words}`)

const proxyWords = 'allowed is a list of addresses and of ranges as 10.0.0.0/8'
const fileWords = 'allowed is the path of a file'
const tokenWords = 'allowed are 16 characters or more, none of them a space'

/** What stands at the side of an unknown key, or of something that is no mapping. */
const mappingError =
  (what: string, shape: object) =>
  ({ code }: { code: string | undefined }): string | undefined => {
    if (code === 'unrecognized_keys') return `allowed are ${Object.keys(shape).join(', ')}`
    return code === 'invalid_type' ? `allowed is a mapping of ${what}` : undefined
  }

const spanShape = {
  authorizationCode: span('60s').default(60),
  deviceCode: span().default(600),
  devicePollingInterval: span().default(5),
  refreshReplayWindow: span('300s').default(10),
  interaction: span().default(600),
  sessionIdle: span().default(1_800),
  sessionAbsolute: span().default(43_200),
  idToken: span().default(300),
  identityProvider: span('60s').default(5),
  deviceSignInAge: spanOrOff.default(900),
}
const spans = z.strictObject(spanShape, { error: mappingError('spans', spanShape) }).prefault({})

/** @param passwordCost what it costs by default */
const signInWith = (passwordCost: CheckedCommon['signIn']['passwordCost']) => {
  const shape = {
    lockAfter: wholeNumber(1, 100).default(10),
    passwordCost: z.enum(['light', 'strong'], 'allowed are light and strong').default(passwordCost),
  }
  return z.strictObject(shape, { error: mappingError('settings', shape) }).prefault({})
}

const addressWords = 'allowed is an address or a name of this machine'
const directoryWords = 'allowed is the path of a directory'

const commonShape = {
  host: text(addressWords).default('127.0.0.1'),
  port: port.default(7070),
  operatorHost: text(addressWords).default('127.0.0.1'),
  operatorPort: port.default(7071),
  origin: origin.optional(),
  store: storeAddress.optional(),
  replicas: wholeNumber(0, 8).default(0),
  checkpoint: text(fileWords).optional(),
  callsPerMinute: wholeNumber(1, 1_000_000_000).default(240),
  mostRequests: wholeNumber(16, 10_000).default(1_024),
  operatorToken: z
    .string(tokenWords)
    .regex(/^\S{16,}$/, tokenWords)
    .optional(),
  integrations: text(fileWords).optional(),
  allowedHosts: z.array(z.string(hostWords).refine(isHost, hostWords), hostWords).default([]),
  trustedProxies: z.array(z.string(proxyWords).refine(isProxy, proxyWords), proxyWords).default([]),
  drainNotice: notice.default(0),
  advertisedScopes: z.enum(['all', 'live'], 'allowed are all and live').default('all'),
  spans,
}

const registration = z.enum(['open', 'closed'], 'allowed are open and closed')

const emulatorShape = {
  ...commonShape,
  data: text(directoryWords).optional(),
  seed: text('allowed is a name in config/seeds or the path of a YAML file').default('default'),
  limits: onOff.default('on'),
  tls: flag.default(false),
  registration: registration.default('open'),
  sso: emulatorSso,
  signIn: signInWith('light'),
  tokenConfirmation: emailOrOff.default('off'),
  fidelity: z.enum(fidelities, 'allowed are live and spec').default('live'),
}
const emulatorSchema = z.strictObject(emulatorShape, { error: mappingError('settings', emulatorShape) })

/** What the broker's says besides. */
export interface CheckedBrokerSettings extends CheckedCommon {
  readonly data: string
  /** `ID:KEY`, newest first; broker/local-keys.ts reads them. */
  readonly keyEncryptionKeys?: string | undefined
  /** The path of a file of them, from where the configuration is. */
  readonly keyEncryptionKeyFile?: string | undefined
  readonly upstream: CheckedUpstream
}

const brokerShape = {
  ...commonShape,
  data: text(directoryWords),
  keyEncryptionKeys: text('allowed is ID:KEY, newest first, apart by commas').optional(),
  keyEncryptionKeyFile: text(fileWords).optional(),
  registration: registration.default('closed'),
  sso: brokerSso,
  signIn: signInWith('strong'),
  upstream: upstreamSettings,
}
const brokerSchema = z.strictObject(brokerShape, { error: mappingError('settings', brokerShape) })

/** Keys whose values are nobody's business, not even in an error. */
const secretKeys: ReadonlySet<string> = new Set([
  'operatorToken',
  'store',
  'clientSecret',
  'proxy',
  'keyEncryptionKeys',
])

/** What was found, as far as anybody may see it: under a mapping there may be secrets. */
function shown(input: unknown, path: readonly string[]): string {
  if (input === undefined) return 'nothing'
  const isSecret = [path[0], path.at(-1)].some((key) => secretKeys.has(key ?? ''))
  const isNested = path.length > 1 && typeof input === 'object' && input !== null
  return isSecret || isNested || /:\/\/[^/]*@/.test(String(input))
    ? 'a value that is not shown here'
    : JSON.stringify(input)
}

/** What is wrong with one key. */
export interface SettingsProblem {
  /** As `spans.sessionIdle`. */
  readonly key: string
  /** What was found, and what is allowed. */
  readonly words: string
}

const checkBy =
  <Checked>(schema: z.ZodType<Checked>) =>
  (configured: object): Checked | SettingsProblem => {
    const result = schema.safeParse(configured, { reportInput: true, jitless: true })
    if (result.success) return result.data
    const [issue] = result.error.issues
    const path = issue?.path.map(String) ?? []
    if (issue?.code === 'unrecognized_keys')
      return { key: [...path, issue.keys[0]].join('.'), words: `found an unknown key; ${issue.message}` }
    return { key: path.join('.'), words: `found ${shown(issue?.input, path)}; ${issue?.message}` }
  }

/** Checks all that was configured of an emulator. @returns the settings, or the first problem */
export const checkSettings: (configured: object) => CheckedSettings | SettingsProblem =
  checkBy(emulatorSchema)

/** Checks all that was configured of a broker. @returns the settings, or the first problem */
export const checkBrokerSettings: (configured: object) => CheckedBrokerSettings | SettingsProblem =
  checkBy(brokerSchema)
