/**
 * Traffic: what passes over the public listener of an emulator: a journal of it, and faults that disturb it on purpose.
 * Knows names of endpoints and operations, never what they do. Absent from every other composition.
 * Adapter: open-traffic.ts. The wrapper around a listener is observe.ts.
 */

/** Which part of the surface a request was for. */
export type Surface = 'oauth' | 'v7' | 'pages'

/** What a request is called: an endpoint of OAuth, as `token`, the id of a v7 operation, as `getTests`, or a page. */
export interface Target {
  readonly surface: Surface
  /** Undefined when nothing of ours has that method and path. */
  readonly name: string | undefined
}

export type NameOf = (method: string, path: string) => Target

/** Name and value, in the order sent. */
export type Fields = readonly (readonly [name: string, value: string])[]

/** A body as the journal keeps it: redacted text, cut at a bound. Of a page its title and first heading, of what is no text nothing. */
export interface JournalBody {
  readonly text: string
  /** How long it was, all of it. */
  readonly bytes: number
  /** Less than all of it is in `text`. */
  readonly isCut: boolean
}

/** Why something was refused, as the log has it: for people and tests, never for the caller. */
export interface JournalNote {
  readonly event: string
  readonly code?: string
  readonly detail?: string
}

/** One request with its answer. Every credential in it is redacted: `<kind:xxxxxxxx>`, the same text for the same credential. */
export interface Exchange {
  /** Grows by one with each request of the workspace. */
  readonly id: number
  /** When it came, on the workspace's clock, epoch ms. */
  readonly at: number
  /** In machine time, until the answer had left; undefined when it never did as a whole. */
  readonly durationMs: number | undefined
  readonly surface: Surface
  readonly name: string | undefined
  readonly method: string
  /** Without the query. Ids of interactions are redacted. */
  readonly path: string
  readonly query: Fields
  readonly address: string
  readonly headers: Fields
  readonly body: JournalBody | undefined
  /** What was sent in earnest, a fault included; without the headers that Node adds by itself, as `Date`. */
  readonly answer:
    | {
        readonly status: number
        readonly headers: Fields
        readonly body: JournalBody | undefined
        readonly isWhole: boolean
      }
    /** The connection ended without an answer. */
    | undefined
  /** The fault that disturbed it. */
  readonly fault: string | undefined
  readonly notes: readonly JournalNote[]
}

/** What to look for; everything given must match. */
export interface ExchangeQuery {
  readonly surface?: Surface
  readonly name?: string
  readonly method?: string
  /** The beginning of the path. */
  readonly path?: string
  readonly status?: number
  /** `client_id` in the query or the form, or the name of a token's client where it is known. */
  readonly clientId?: string
  /** Only exchanges with a greater id. */
  readonly after?: number
  /** At most so many, the newest ones; in ascending order. No matter to `next`. */
  readonly limit?: number
}

export interface Journal {
  /** Exchanges that have ended and match, oldest first: with an answer, or with their connection. */
  find(query: ExchangeQuery): readonly Exchange[]
  /**
   * The first exchange that has ended and matches: at once when `after` is given and one is there, else the next one to end.
   * @returns undefined when none came in time or the signal fired first
   */
  next(
    query: ExchangeQuery,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Exchange | undefined>
  /** Calls back with every exchange once it has ended. A note that comes later is in what `find` returns. @returns what ends it */
  subscribe(listener: (exchange: Exchange) => void): () => void
  /** The id of the newest exchange; 0 before the first. */
  lastId(): number
  /**
   * Forgets all exchanges that have ended. Requests under way keep their ids and are there once they end, as those that a reset
   * holds back; ids go on from where they are.
   */
  clear(): void
}

/**
 * What a fault does. `latency`, `drop` after, `truncate` and `slow` let everything be done and spoil the answer; with the others
 * nobody looks at the request. What it had a part in bears the header `X-Panoptes-Fault`.
 */
export type Disturbance =
  /** The answer begins so much later, in machine time. */
  | { readonly kind: 'latency'; readonly milliseconds: number }
  /** Answers with the status and the body that the real surface has for it. `error` chooses among bodies, as `invalid_grant`. */
  | { readonly kind: 'status'; readonly status: number; readonly error?: string }
  /** 429 with the headers of an exhausted window. */
  | { readonly kind: 'rate-limit' }
  /** 503. */
  | { readonly kind: 'maintenance'; readonly retryAfterSeconds?: number }
  /** Ends the connection without an answer: before anything was done, or after everything was. */
  | { readonly kind: 'drop'; readonly after: boolean }
  /** Sends the head and so much of the body, but never its last byte; then ends the connection. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** Sends the body in small pieces. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }

/** When a fault strikes; everything given must hold. Nothing given: every time. */
export interface FaultOccasion {
  /** Lets so many requests pass first, of those that it is asked about. */
  readonly skip?: number
  /** Strikes so often, then never again. */
  readonly times?: number
  /** 0 to 1, drawn from a generator that `seed` begins (1 by default): the same seed, the same sequence. Drawn when all else holds. */
  readonly probability?: number
  readonly seed?: number
  /** On the workspace's clock, epoch ms; `until` is exclusive. */
  readonly from?: number
  readonly until?: number
  /** Of every so many seconds of the workspace's clock, since the epoch, the first `forSeconds`. */
  readonly everySeconds?: number
  readonly forSeconds?: number
}

export interface FaultRule {
  /** A name of an endpoint or operation, a surface (`oauth`, `v7`, `pages`), or `*`. */
  readonly on: string
  readonly does: Disturbance
  readonly when: FaultOccasion
}

export interface StandingFault extends FaultRule {
  /** `fault-1`, `fault-2`, ... */
  readonly id: string
  /** Requests that it was asked about: those it is for, which no fault added earlier has struck. */
  readonly seen: number
  /** Requests that it disturbed. */
  readonly hits: number
}

/** They are asked in the order in which they were added; the first that strikes is the only one. */
export interface Faults {
  add(rule: FaultRule): StandingFault
  list(): readonly StandingFault[]
  /** @returns whether it was there */
  remove(id: string): boolean
  /** Removes all; ids are never used again. */
  clear(): void
}

export interface Traffic {
  readonly journal: Journal
  readonly faults: Faults
}
