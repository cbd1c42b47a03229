import type { Awaitable } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import { UpstreamUnavailable } from '#upstream/upstream.ts'

/** How a call enters: its credential opens something, it is the one to find out, or it is known to open nothing. */
export type Entry = 'proven' | 'trial' | 'refused'

/** What an answer says of the credential; an error is what the others are told that waited for it. */
export type Verdict = 'proven' | 'refused' | 'undecided' | Error

interface Standing {
  provenAt: number
  refusedAt: number
  /** Whether one is out to find out. */
  isTrying: boolean
  /** Others that are out. */
  underWay: number
  readonly waiting: Waiting[]
}

interface Waiting {
  readonly enter: (entry: Entry) => void
  readonly fail: (error: Error) => void
}

/** Ours, all. What was refused is not asked again before its quarantine is known to every call of this node. */
const provenMs = 60_000
const refusedMs = 10_000

/** Calls of one credential whose answers are awaited, as each is one 401 when it is revoked just then. */
const mostUnderWay = 10
const mostWaiting = 100
const mostStandings = 10_000

/**
 * A credential that got no good answer within a minute goes out alone, and others wait for what becomes of it: so many calls with
 * one revoked credential cost one answer of 401 (reliability-cases R26). One that is revoked while it is in use costs no more than the
 * calls that were out, which are few.
 */
export class CredentialTrials {
  readonly #clock: Clock
  readonly #standings = new Map<string, Standing>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param name of the credential @throws UpstreamUnavailable when too many wait, or what became of the one that tried */
  enter(name: string): Awaitable<Entry> {
    const standing = this.#standingOf(name)
    const entry = this.#admitted(standing)
    if (entry) return entry
    const { waiting } = standing
    if (waiting.length >= mostWaiting) throw new UpstreamUnavailable('full', { retryAfterSeconds: 1 })
    return new Promise((enter, fail) => waiting.push({ enter, fail }))
  }

  /** What became of a call that entered, unless it was refused. */
  learn(name: string, verdict: Verdict, entry: Entry): void {
    const standing = this.#standingOf(name)
    const now = this.#clock.now()
    if (verdict === 'proven' || verdict === 'refused') {
      standing.provenAt = verdict === 'proven' ? now : Number.NaN
      standing.refusedAt = verdict === 'refused' ? now : Number.NaN
    }
    if (entry === 'trial') standing.isTrying = false
    else standing.underWay -= 1
    if (entry === 'trial' && verdict instanceof Error)
      for (const one of standing.waiting.splice(0)) one.fail(verdict)
    this.#serve(standing)
  }

  #serve(standing: Standing): void {
    while (standing.waiting.length > 0) {
      const entry = this.#admitted(standing)
      if (!entry) return
      standing.waiting.shift()?.enter(entry)
    }
  }

  /** How the next call enters; undefined when it has to wait. */
  #admitted(standing: Standing): Entry | undefined {
    const now = this.#clock.now()
    if (isRecent(standing.refusedAt, now, refusedMs)) return 'refused'
    if (isRecent(standing.provenAt, now, provenMs)) {
      if (standing.underWay >= mostUnderWay) return undefined
      standing.underWay += 1
      return 'proven'
    }
    if (standing.isTrying) return undefined
    standing.isTrying = true
    return 'trial'
  }

  #standingOf(name: string): Standing {
    const known = this.#standings.get(name)
    if (known) return known
    if (this.#standings.size >= mostStandings) this.#forgetOne()
    const standing: Standing = {
      ...{ provenAt: Number.NaN, refusedAt: Number.NaN, isTrying: false, underWay: 0 },
      waiting: [],
    }
    this.#standings.set(name, standing)
    return standing
  }

  /** Those with calls under way stay. */
  #forgetOne(): void {
    for (const [name, { isTrying, underWay }] of this.#standings)
      if (!isTrying && underWay === 0) {
        this.#standings.delete(name)
        return
      }
  }
}

const isRecent = (at: number, now: number, spanMs: number): boolean => now >= at && now - at < spanMs
