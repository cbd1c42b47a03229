/** What a configuration may say: every key, its default, and in words what is allowed. */
import { isIP } from 'node:net'
import { z } from 'zod'
import type { ProtocolSpans } from '#authorization-server/parts.ts'
import type { SsoRule } from '#sso/sso.ts'
import { ssoSettings } from './settings-sso.ts'

/** What a configuration says once every key of it is checked; most keys are also options and variables (settings.ts). */
export interface CheckedSettings {
  readonly host: string
  readonly port: number
  readonly operatorHost: string
  readonly operatorPort: number
  /** The canonical origin; left out, it follows the bound port. */
  readonly origin?: URL | undefined
  /** A directory that keeps everything. */
  readonly data?: string | undefined
  /** Of a Redis or Valkey. */
  readonly store?: string | undefined
  /** A name in config/seeds, or a path. */
  readonly seed: string
  readonly limits: 'on' | 'off'
  /** v7 calls of one client or organization in a minute, while limits are on. */
  readonly callsPerMinute: number
  readonly tls: boolean
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
  /** Whether a code is mailed to a user before a User API Token is made. */
  readonly tokenConfirmation: 'email' | 'off'
  readonly spans: ProtocolSpans
}

const text = (allowed: string): z.ZodString => z.string(allowed).min(1, allowed)

const wholeNumber = (least: number, most: number): z.ZodType<number, string | number> => {
  const allowed = `allowed is a whole number from ${least} to ${most}`
  return z
    .union([z.number(), z.string()], allowed)
    .refine(
      (value) => /^\d{1,10}$/.test(String(value)) && Number(value) >= least && Number(value) <= most,
      allowed,
    )
    .transform(Number)
}
const port = wholeNumber(0, 65_535)

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

const secondsIn = (words: string): number =>
  /^[1-9]\d{0,8}[smhd]$/.test(words) ? Number(words.slice(0, -1)) * (secondsOf[words.slice(-1)] ?? 1) : 0

/** A span in seconds, written as a number and a unit. */
const span = (most = '3650d'): z.ZodType<number, string> => {
  const allowed = `allowed is a number and s, m, h or d, from 1s to ${most}`
  return z
    .string(allowed)
    .refine((words) => secondsIn(words) > 0 && secondsIn(words) <= secondsIn(most), allowed)
    .transform(secondsIn)
}

const isOff = (words: string | false): words is 'off' | false => words === 'off' || words === false
const spanOrOffWords = 'allowed is a number and s, m, h or d, from 60s to 3650d, or off'
// YAML reads a bare off as text, and false as what it is.
const spanOrOff: z.ZodType<number | 'off', string | false> = z
  .union([z.string(), z.literal(false)], spanOrOffWords)
  .refine((words) => isOff(words) || secondsIn(words) >= 60, spanOrOffWords)
  .transform((words) => (isOff(words) ? 'off' : secondsIn(words)))

const noticeWords = 'allowed is a number and s, from 1s to 60s, or off'
const notice: z.ZodType<number, string | false> = z
  .union([z.string(), z.literal(false)], noticeWords)
  .refine((words) => isOff(words) || (secondsIn(words) > 0 && secondsIn(words) <= 60), noticeWords)
  .transform((words) => (isOff(words) ? 0 : secondsIn(words)))

const originWords = 'allowed is http://HOST or https://HOST, with a port or without, and no path'
const origin = z
  .string(originWords)
  .refine(
    (words) => /^https?:/.test(words) && URL.parse(words)?.origin === words.replace(/\/$/, ''),
    originWords,
  )
  .transform((words) => new URL(words))

const storeWords = 'allowed is redis://HOST:PORT or rediss://HOST:PORT'
const storeUrl = z
  .string(storeWords)
  .refine((words) => ['redis:', 'rediss:'].includes(URL.parse(words)?.protocol ?? ''), storeWords)

// YAML reads a bare on or off as text, and true or false as what they are: all four are understood.
const onOff = z
  .union([z.enum(['on', 'off']), z.boolean()], 'allowed are on and off')
  .transform((value): 'on' | 'off' => (value === true || value === 'on' ? 'on' : 'off'))
// YAML reads a bare off as text, and some as false.
const emailOrOff = z
  .union([z.enum(['email', 'off']), z.literal(false)], 'allowed are email and off')
  .transform((value): 'email' | 'off' => (value === 'email' ? 'email' : 'off'))
const flag = z
  .union([z.boolean(), z.enum(['true', 'false'])], 'allowed are true and false')
  .transform((value) => value === true || value === 'true')

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

const spans = z
  .strictObject(
    {
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
    },
    { error: ({ code }) => (code === 'invalid_type' ? 'allowed is a mapping of spans' : undefined) },
  )
  .prefault({})

const signIn = z
  .strictObject(
    {
      lockAfter: wholeNumber(1, 100).default(10),
      passwordCost: z.enum(['light', 'strong'], 'allowed are light and strong').default('light'),
    },
    { error: ({ code }) => (code === 'invalid_type' ? 'allowed is a mapping of settings' : undefined) },
  )
  .prefault({})

const schema = z.strictObject({
  host: text('allowed is an address or a name of this machine').default('127.0.0.1'),
  port: port.default(7070),
  operatorHost: text('allowed is an address or a name of this machine').default('127.0.0.1'),
  operatorPort: port.default(7071),
  origin: origin.optional(),
  data: text('allowed is the path of a directory').optional(),
  store: storeUrl.optional(),
  seed: text('allowed is a name in config/seeds or the path of a YAML file').default('default'),
  limits: onOff.default('on'),
  callsPerMinute: wholeNumber(1, 1_000_000_000).default(240),
  tls: flag.default(false),
  operatorToken: z
    .string(tokenWords)
    .regex(/^\S{16,}$/, tokenWords)
    .optional(),
  integrations: text(fileWords).optional(),
  allowedHosts: z.array(z.string(hostWords).refine(isHost, hostWords), hostWords).default([]),
  trustedProxies: z.array(z.string(proxyWords).refine(isProxy, proxyWords), proxyWords).default([]),
  drainNotice: notice.default(0),
  registration: z.enum(['open', 'closed'], 'allowed are open and closed').default('open'),
  advertisedScopes: z.enum(['all', 'live'], 'allowed are all and live').default('all'),
  sso: ssoSettings,
  signIn,
  tokenConfirmation: emailOrOff.default('off'),
  spans,
})

const blocks: Readonly<Record<string, object>> = {
  signIn: signIn.unwrap().shape,
  spans: spans.unwrap().shape,
}

/** Keys whose values are nobody's business, not even in an error. */
const secretKeys: ReadonlySet<string> = new Set(['operatorToken', 'store', 'clientSecret'])

/** What was found, as far as anybody may see it: under a mapping there may be secrets. */
function shown(input: unknown, path: readonly string[]): string {
  const isSecret = [path[0], path.at(-1)].some((key) => secretKeys.has(key ?? ''))
  const isNested = path.length > 1 && typeof input === 'object' && input !== null
  return isSecret || isNested ? 'a value that is not shown here' : JSON.stringify(input)
}

/** What is wrong with one key. */
export interface SettingsProblem {
  /** As `spans.sessionIdle`. */
  readonly key: string
  /** What was found, and what is allowed. */
  readonly words: string
}

/** Checks all that was configured. @returns the settings, or the first problem */
export function checkSettings(configured: object): CheckedSettings | SettingsProblem {
  const result = schema.safeParse(configured, { reportInput: true, jitless: true })
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue?.path.map(String) ?? []
  if (issue?.code === 'unrecognized_keys') {
    const allowed = Object.keys(blocks[path[0] ?? ''] ?? schema.shape)
    const words = path[0] === 'sso' ? issue.message : `allowed are ${allowed.join(', ')}`
    return { key: [...path, issue.keys[0]].join('.'), words: `found an unknown key; ${words}` }
  }
  return { key: path.join('.'), words: `found ${shown(issue?.input, path)}; ${issue?.message}` }
}
