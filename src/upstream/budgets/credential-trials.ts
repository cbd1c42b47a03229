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
  /** Calls that wait for the one that tries; undefined while none does. */
  waiting: Waiting[] | undefined
}

interface Waiting {
  readonly enter: (entry: Entry) => void
  readonly fail: (error: Error) => void
}

/** Ours, both. What was refused is not asked again before its quarantine is known to every call of this node. */
const provenMs = 60_000
const refusedMs = 10_000

const mostWaiting = 100
const mostStandings = 10_000

/**
 * A credential that got no good answer within a minute goes out alone, and others wait for what becomes of it: so many calls with
 * one revoked credential cost one answer of 401 (reliability-cases R26).
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
    const now = this.#clock.now()
    if (isRecent(standing.provenAt, now, provenMs)) return 'proven'
    if (isRecent(standing.refusedAt, now, refusedMs)) return 'refused'
    const { waiting } = standing
    if (!waiting) {
      standing.waiting = []
      return 'trial'
    }
    if (waiting.length >= mostWaiting) throw new UpstreamUnavailable('full', { retryAfterSeconds: 1 })
    return new Promise((enter, fail) => waiting.push({ enter, fail }))
  }

  /** What became of a call that entered. */
  learn(name: string, verdict: Verdict, entry: Entry): void {
    const standing = this.#standingOf(name)
    if (verdict === 'proven' || verdict === 'refused') this.#note(standing, verdict)
    if (entry !== 'trial') return
    const waiting = standing.waiting ?? []
    standing.waiting = undefined
    if (verdict instanceof Error) for (const one of waiting) one.fail(verdict)
    const [next, ...others] = verdict === 'undecided' ? waiting : []
    if (!next) return
    standing.waiting = others
    next.enter('trial')
  }

  #note(standing: Standing, verdict: 'proven' | 'refused'): void {
    const now = this.#clock.now()
    standing.provenAt = verdict === 'proven' ? now : Number.NaN
    standing.refusedAt = verdict === 'refused' ? now : Number.NaN
    for (const one of standing.waiting?.splice(0) ?? []) one.enter(verdict)
  }

  #standingOf(name: string): Standing {
    const known = this.#standings.get(name)
    if (known) return known
    if (this.#standings.size >= mostStandings) this.#forgetOne()
    const standing: Standing = { provenAt: Number.NaN, refusedAt: Number.NaN, waiting: undefined }
    this.#standings.set(name, standing)
    return standing
  }

  /** Those with a trial stay: as many as there are calls under way. */
  #forgetOne(): void {
    for (const [name, { waiting }] of this.#standings)
      if (!waiting) {
        this.#standings.delete(name)
        return
      }
  }
}

const isRecent = (at: number, now: number, spanMs: number): boolean => now >= at && now - at < spanMs
