/**
 * Invariants: judges a run by its evidence alone, I1 to I7 of reliability 3. What there is no evidence of is not judged, so a scenario says
 * what it gathered.
 */
import { type Entry, isSpending } from './history.ts'
import { brokenPromises, spentTwice, wrongAnswers } from './promises.ts'

/** One event of the audit trail. */
export interface AuditEvent {
  readonly event: string
  /** What the connection's tokens begin with. */
  readonly grant?: string
}

/** What a process had at one moment. */
export interface Resources {
  readonly openFiles: number
  /** After a collection of garbage: what waits to be collected is no leak, and how long it waits is V8's affair. */
  readonly memory?: {
    /** Of objects and buffers that something still holds. */
    readonly heldBytes: number
    /** Of the whole process. */
    readonly residentBytes: number
  }
}

export interface Evidence {
  readonly history: readonly Entry[]
  /** Requests that reached the upstream, with the monotonic instant in ms; and how many 401 it may answer in an hour. */
  readonly upstream?: { readonly answers: readonly { at: number; status: number }[]; readonly budget: number }
  /** The whole trail. */
  readonly audit?: readonly AuditEvent[]
  readonly logs?: readonly string[]
  /** Passwords and keys; tokens and codes of the history are looked for too. */
  readonly secrets?: readonly string[]
  /** Of one process that lived through the fault: under load before it, and once all is over. */
  readonly resources?: readonly { readonly before: Resources; readonly after: Resources }[]
  /** Of a process over a long time: what it held, after a collection, once so many requests had been made. */
  readonly soak?: readonly { readonly requests: number; readonly heldBytes: number }[]
}

const hourMs = 3_600_000

/** I4, in every sliding hour. */
function overBudget({ upstream }: Evidence): readonly string[] {
  if (!upstream) return []
  const refused = upstream.answers.filter(({ status }) => status === 401).map(({ at }) => at)
  const over = refused
    .toSorted((one, other) => one - other)
    .find((at, index, all) => at - (all[index - upstream.budget] ?? -Infinity) < hourMs)
  return over === undefined
    ? []
    : [`I4: more than ${upstream.budget} answers of 401 in the hour before ${over}`]
}

const endings = ['grant-revoked', 'refresh-reuse-detected', 'code-replay-detected']

/** I5. There is one event for each acknowledged beginning and each acknowledged end of a connection. */
function unaudited({ history, audit }: Evidence): readonly string[] {
  if (!audit) return []
  const byGrant = Map.groupBy(audit, ({ grant }) => grant ?? '')
  return [...Map.groupBy(history, ({ chain }) => chain)].flatMap(([chain, own]) => {
    const token = own.filter(isSpending).find(({ access }) => access !== undefined)?.access
    if (token === undefined) return []
    const events = [...byGrant].find(([grant]) => grant !== '' && token.startsWith(grant))?.[1] ?? []
    const begun = events.filter(({ event }) => event === 'grant-created').length
    const ended = events.filter(({ event }) => endings.includes(event)).length
    const isRevoked = own.some(({ kind, status }) => kind === 'revoke' && status === 200)
    return [
      ...(begun === 1 ? [] : [`I5: chain ${chain} has ${begun} events of its beginning`]),
      ...(ended === 1 || (ended === 0 && !isRevoked)
        ? []
        : [`I5: chain ${chain} has ${ended} events of its end`]),
    ]
  })
}

/** I6. */
function leaked({ history, logs, secrets = [] }: Evidence): readonly string[] {
  if (!logs) return []
  const issued = history.filter(isSpending).flatMap(({ successor, access }) => [successor, access])
  const all = [...secrets, ...issued, ...history.map(({ token }) => token)]
  const wanted = new Set(all.filter((secret): secret is string => secret !== undefined && secret !== ''))
  return logs
    .flatMap((log) => [...wanted].filter((secret) => log.includes(secret)))
    .map((secret) => `I6: a log has ${secret}`)
}

const allowance = 1.1
/** Of a process that has handled a few more things than before; less is noise of the measuring. */
const fewFiles = 3

/** I7. */
const kept = ({ resources = [] }: Evidence): readonly string[] =>
  resources.flatMap(({ before, after }) => [
    ...(after.openFiles <= Math.max(before.openFiles * allowance, before.openFiles + fewFiles)
      ? []
      : [`I7: ${after.openFiles} files are open, before ${before.openFiles}`]),
    ...(['heldBytes', 'residentBytes'] as const).flatMap((what) => {
      const [had = 0, has = 0] = [before.memory?.[what], after.memory?.[what]]
      return has <= had * allowance ? [] : [`I7: ${what} of ${has}, before ${had}`]
    }),
  ])

/** Less is noise of half a megabyte over some ten thousand requests. */
const mostBytesARequest = 50

/** I7, where time is given: the slope of the second half, by least squares, as everything that fills by design has filled by then. */
function growing({ soak }: Evidence): readonly string[] {
  if (!soak) return []
  const half = soak.slice(Math.floor(soak.length / 2))
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const [requests, held] = [mean(half.map((one) => one.requests)), mean(half.map((one) => one.heldBytes))]
  const spread = mean(half.map((one) => (one.requests - requests) ** 2))
  const slope = mean(half.map((one) => (one.requests - requests) * (one.heldBytes - held))) / spread
  return slope <= mostBytesARequest ? [] : [`I7: ${Math.round(slope)} bytes more are held with each request`]
}

/** @returns each broken invariant in words; none is what is hoped for */
export const brokenInvariants = (evidence: Evidence): readonly string[] => [
  ...spentTwice(evidence.history),
  ...brokenPromises(evidence.history),
  ...overBudget(evidence),
  ...unaudited(evidence),
  ...leaked(evidence),
  ...kept(evidence),
  ...growing(evidence),
  ...wrongAnswers(evidence.history),
]
