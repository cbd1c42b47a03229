/** What the configuration of a broker may say of the upstream: where ThousandEyes is, how it is reached, how long it is waited for. */
import { z } from 'zod'
import type { LiveSettings } from '#upstream/live/live-settings.ts'
import { flag, mapping, span, text, wholeNumber } from './settings-words.ts'

export interface CheckedUpstream extends Omit<LiveSettings, 'proxy' | 'authorities'> {
  readonly allowPlaintextLoopback: boolean
  readonly proxy?: LiveSettings['proxy']
  /** The path of a PEM file, from where the configuration is. */
  readonly authorities?: string | undefined
  /** Answers of 401 in an hour, to all nodes together; ThousandEyes blocks an address at 120. */
  readonly unauthorizedPerHour: number
  /** How long a call waits while all that is left of them is held by others. */
  readonly budgetWait: number
  /** Calls of an organization in a minute, until ThousandEyes says how many. */
  readonly organizationPerMinute: number
  /** Whether identical reads at the same time share one call. */
  readonly coalesce: boolean
  /** Seconds for which answers of an operation are given again, by its id or its method and path. */
  readonly cache: Readonly<Record<string, number>>
}

const originWords =
  'allowed is https://HOST, with a port or without, and no path; or with allowPlaintextLoopback http://HOST of this machine'

/** The API of ThousandEyes, which knows by the token where a user is (thousandeyes-facts 2). */
const api = 'https://api.thousandeyes.com'

const apiOrigin = z
  .string(originWords)
  .refine(
    (words) => /^https?:/.test(words) && URL.parse(words)?.origin === words.replace(/\/$/, ''),
    originWords,
  )
  .transform((words) => new URL(words).origin)
  .prefault(api)

const loopback = /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)$/

/** HTTPS required; what is sent there is a credential. */
const isSafe = (origin: string, allowPlaintextLoopback: boolean): boolean =>
  origin.startsWith('https:') || (allowPlaintextLoopback && loopback.test(new URL(origin).hostname))

/** A `%` that is no encoding, as in a password that was not encoded. */
const hasBrokenEncoding = (words: string): boolean => {
  try {
    decodeURIComponent(words)
    return false
  } catch {
    return true
  }
}

const proxyWords = 'allowed is http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ or without'
const proxy = z
  .string(proxyWords)
  .refine((words) => {
    const url = URL.parse(words)
    return (
      !hasBrokenEncoding(words) &&
      /^https?:$/.test(url?.protocol ?? '') &&
      url?.pathname === '/' &&
      url.search === '' &&
      url.hash === ''
    )
  }, proxyWords)
  .transform((words) => new URL(words))

const upstream = mapping({
  regions: mapping({ us1: apiOrigin, us2: apiOrigin, eu1: apiOrigin }).prefault({}),
  allowPlaintextLoopback: flag.default(false),
  proxy: proxy.optional(),
  authorities: text('allowed is the path of a PEM file').optional(),
  connectTimeout: span('60s').default(3),
  headersTimeout: span('10m').default(30),
  bodyTimeout: span('10m').default(30),
  totalTimeout: span('1h').default(300),
  maxInFlight: wholeNumber(1, 10_000).default(100),
  breakerFailures: wholeNumber(1, 1_000).default(5),
  breakerRest: span('10m').default(10),
  coalesce: flag.default(true),
  unauthorizedPerHour: wholeNumber(1, 119).default(100),
  budgetWait: span('30s').default(5),
  organizationPerMinute: wholeNumber(1, 1_000_000).default(240),
  cache: z.record(z.string(), span('5m'), 'allowed is a mapping of operations to spans').default({}),
})

export const upstreamSettings: z.ZodType<CheckedUpstream> = upstream
  .superRefine(({ regions, allowPlaintextLoopback }, { addIssue }) => {
    for (const [region, origin] of Object.entries(regions))
      if (!isSafe(origin, allowPlaintextLoopback))
        addIssue({ code: 'custom', input: origin, path: ['regions', region], message: originWords })
  })
  .prefault({})
