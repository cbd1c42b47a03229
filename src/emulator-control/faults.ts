import { z } from 'zod'
import type { Disturbance, FaultOccasion, FaultRule, StandingFault } from '#traffic/traffic.ts'
import { hundredYears, instant, members, span, text, wholeNumber } from './members.ts'
import { nearNames } from './near-names.ts'
import { type ControlRefusal, found, refuseWith } from './refusals.ts'

const day = { least: '0s', most: '1d' }
const seconds = { least: '1s', most: hundredYears }
const probabilityWords = 'allowed is a number above 0 and at most 1'
const trueWords = 'allowed is true'
const million = 1_000_000

/** A fault as a request says it: on what, exactly one disturbance, and when. */
export const faultBody: z.ZodType<FaultBody> = members({
  on: text('allowed is a name of an endpoint or operation, oauth, v7, pages or *', 200),
  latency: span({ least: '1ms', most: '5m' }).optional(),
  status: wholeNumber(400, 599).optional(),
  error: z
    .string('allowed is an error code, as invalid_grant')
    .regex(/^[a-z_]{1,64}$/, 'allowed is an error code, as invalid_grant')
    .optional(),
  rateLimit: z.literal(true, trueWords).optional(),
  maintenance: z.literal(true, trueWords).optional(),
  retryAfter: span(day).transform(Math.round).optional(),
  drop: z.enum(['before', 'after'], 'allowed are before, after').optional(),
  truncate: wholeNumber(0, 10 * million).optional(),
  slow: wholeNumber(1, 10 * million).optional(),
  skip: wholeNumber(0, million).optional(),
  times: wholeNumber(1, million).optional(),
  probability: z.number(probabilityWords).gt(0, probabilityWords).max(1, probabilityWords).optional(),
  seed: wholeNumber(0, 4_294_967_295).optional(),
  from: instant.optional(),
  until: instant.optional(),
  every: span(seconds).optional(),
  for: span(seconds).optional(),
})

export interface FaultBody {
  readonly on: string
  readonly latency?: number | undefined
  readonly status?: number | undefined
  readonly error?: string | undefined
  readonly rateLimit?: true | undefined
  readonly maintenance?: true | undefined
  readonly retryAfter?: number | undefined
  readonly drop?: 'before' | 'after' | undefined
  readonly truncate?: number | undefined
  readonly slow?: number | undefined
  readonly skip?: number | undefined
  readonly times?: number | undefined
  readonly probability?: number | undefined
  readonly seed?: number | undefined
  readonly from?: number | undefined
  readonly until?: number | undefined
  readonly every?: number | undefined
  readonly for?: number | undefined
}

const disturbanceNames = [
  'latency',
  'status',
  'rateLimit',
  'maintenance',
  'drop',
  'truncate',
  'slow',
] as const

/** What is wrong with members that are right by themselves. */
const togetherRules: readonly (readonly [wrong: (body: FaultBody) => boolean, words: string])[] = [
  [
    ({ error, status }) => error !== undefined && status === undefined,
    'error: allowed is together with status',
  ],
  [
    ({ retryAfter, maintenance }) => retryAfter !== undefined && maintenance === undefined,
    'retryAfter: allowed is together with maintenance',
  ],
  [
    ({ seed, probability }) => seed !== undefined && probability === undefined,
    'seed: allowed is together with probability',
  ],
  [
    (body) => (body.every === undefined) !== (body.for === undefined),
    'every, for: allowed are both or neither, as {"every": "1h", "for": "5m"}',
  ],
  [(body) => (body.for ?? 0) > (body.every ?? 0), 'for: allowed is at most the span of every'],
  [
    ({ from, until }) => from !== undefined && until !== undefined && from >= until,
    'until: allowed is an instant after from',
  ],
]

function disturbanceOf(body: FaultBody): Disturbance {
  if (body.latency !== undefined) return { kind: 'latency', milliseconds: Math.round(body.latency * 1_000) }
  if (body.status !== undefined)
    return { kind: 'status', status: body.status, ...(body.error === undefined ? {} : { error: body.error }) }
  if (body.rateLimit) return { kind: 'rate-limit' }
  if (body.drop !== undefined) return { kind: 'drop', after: body.drop === 'after' }
  if (body.truncate !== undefined) return { kind: 'truncate', bytes: body.truncate }
  if (body.slow !== undefined) return { kind: 'slow', bytesPerSecond: body.slow }
  return {
    kind: 'maintenance',
    ...(body.retryAfter === undefined ? {} : { retryAfterSeconds: body.retryAfter }),
  }
}

/** Chance without a seed would make a test that fails now and then: it begins at 1. */
const occasionOf = (body: FaultBody): FaultOccasion => ({
  ...(body.skip === undefined ? {} : { skip: body.skip }),
  ...(body.times === undefined ? {} : { times: body.times }),
  ...(body.probability === undefined ? {} : { probability: body.probability, seed: body.seed ?? 1 }),
  ...(body.from === undefined ? {} : { from: body.from }),
  ...(body.until === undefined ? {} : { until: body.until }),
  ...(body.every === undefined ? {} : { everySeconds: body.every }),
  ...(body.for === undefined ? {} : { forSeconds: body.for }),
})

/** Names that stand for several endpoints and operations. */
export const collectiveNames = ['*', 'oauth', 'v7', 'pages'] as const

/** @returns why nothing bears the name, with those that somebody may have meant */
export function unknownName(key: string, name: string, names: readonly string[]): ControlRefusal {
  const near = nearNames(name, names)
  const meant =
    near.length > 0
      ? `did you mean ${near.join(', ')}?`
      : 'allowed is an endpoint, as token, or the id of a v7 operation, as getTests'
  return refuseWith(422, 'unknown_name', `${key}: ${found(name)}; ${meant}`)
}

/** @returns the rule, or what is wrong with the members together */
export function faultRule(body: FaultBody, names: readonly string[]): FaultRule | ControlRefusal {
  const known = [...collectiveNames, ...names]
  if (!known.includes(body.on)) return unknownName('on', body.on, known)
  const given = disturbanceNames.filter((name) => body[name] !== undefined)
  if (given.length !== 1)
    return refuseWith(
      422,
      'invalid_fault',
      `found ${given.length === 0 ? 'no disturbance' : given.join(' and ')}; allowed is exactly one of ${disturbanceNames.join(', ')}`,
    )
  const wrong = togetherRules.find(([isWrong]) => isWrong(body))
  if (wrong) return refuseWith(422, 'invalid_fault', wrong[1])
  return { on: body.on, does: disturbanceOf(body), when: occasionOf(body) }
}

function disturbanceAnswer(does: Disturbance): object {
  switch (does.kind) {
    case 'latency':
      return { latency: does.milliseconds / 1_000 }
    case 'status':
      return { status: does.status, ...(does.error === undefined ? {} : { error: does.error }) }
    case 'rate-limit':
      return { rateLimit: true }
    case 'maintenance':
      return {
        maintenance: true,
        ...(does.retryAfterSeconds === undefined ? {} : { retryAfter: does.retryAfterSeconds }),
      }
    case 'drop':
      return { drop: does.after ? 'after' : 'before' }
    case 'truncate':
      return { truncate: does.bytes }
    case 'slow':
      return { slow: does.bytesPerSecond }
  }
}

/** @returns a fault in the words in which it was given, with its counts; spans are seconds */
export function faultAnswer({ id, on, does, when, seen, hits }: StandingFault): object {
  const { from, until, everySeconds, forSeconds, ...rest } = when
  return {
    id,
    on,
    ...disturbanceAnswer(does),
    ...rest,
    ...(from === undefined ? {} : { from: new Date(from).toISOString() }),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
    ...(everySeconds === undefined ? {} : { every: everySeconds }),
    ...(forSeconds === undefined ? {} : { for: forSeconds }),
    seen,
    hits,
  }
}
