import type { Clock } from '#domain/clock.ts'
import type { Store } from '#store/store.ts'

/** What nodes that tell each other something stand on. */
export interface NodeGround {
  readonly store: Store
  readonly clock: Clock
  /** Runs the work once after so many milliseconds. @returns what calls it off */
  readonly after: (milliseconds: number, work: () => void) => () => void
  /** The name of this process, that no other one ever has. */
  readonly node: string
  readonly log: (entry: object) => void
}

export interface Telling<News> {
  readonly news: News
  /** Epoch ms from which on nothing of it matters to anybody. */
  readonly endsAt: number
}

export interface NodeNewsParts<News> extends NodeGround {
  /** What it is about: the index, and the beginning of the keys. */
  readonly name: string
  /** All that this node knows, as JSON can say it. */
  readonly tell: () => Telling<News>
  /** Takes all that other nodes said in the place of what they said before. */
  readonly hear: (others: readonly News[]) => void
}

export interface NodeNews {
  /** Something happened: it is told soon, and what others have to say is heard. Costs nothing while a round is planned. */
  stir(): void
  /** Tells what no round has told yet, and ends the rounds; nothing happens any more. */
  close(): Promise<void>
}

/** Ours, all. */
const roundMs = 1_000
/** A node that hears of no other says so often that it is there. */
const aloneMs = 10_000
/** Records outlive what they say by that: clocks of nodes differ, and some windows are asked for after they ended. */
const spareMs = 60_000

/**
 * Rounds in which nodes tell each other what they count, while something happens: each writes all that it knows in one record of its
 * own, when that is another than before, and reads those of the others. What is counted neither writes nor waits.
 */
class Rounds<News> implements NodeNews {
  readonly #parts: NodeNewsParts<News>
  readonly #ownKey: string
  #callOff: (() => void) | undefined
  #underWay: Promise<void> = Promise.resolve()
  /** Something happened that no round has told yet. */
  #isStirred = false
  #isClosing = false
  #isAway = false
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(parts: NodeNewsParts<News>) {
    this.#parts = parts
    this.#ownKey = `${parts.name}:${parts.node}`
  }

  /** At once after a time of rest: others may know of something that is used up. */
  stir(): void {
    this.#isStirred = true
    if (this.#callOff === undefined && !this.#isClosing) this.#plan(0)
  }

  async close(): Promise<void> {
    this.#isClosing = true
    this.#callOff?.()
    await this.#underWay
    if (this.#isStirred && !this.#isAway) await this.#round()
  }

  #plan(milliseconds: number): void {
    this.#callOff = this.#parts.after(milliseconds, () => {
      if (this.#isStirred) this.#underWay = this.#round()
      else this.#callOff = undefined
    })
  }

  async #round(): Promise<void> {
    try {
      await this.#hearAndTell()
      this.#isAway = false
    } catch (failure) {
      // Each node goes on by what it counts itself and heard last.
      const { name, log } = this.#parts
      if (!this.#isAway) log({ event: `${name}-unshared`, error: String(failure) })
      this.#isAway = true
      this.#isStirred = true
    }
    // What came while this one was telling, or could not be told, is told by the next.
    if (!this.#isClosing) this.#plan(roundMs)
  }

  async #hearAndTell(): Promise<void> {
    const { store, clock, name, hear, tell } = this.#parts
    const records = await store.list(name)
    const others = records.filter(({ key }) => key !== this.#ownKey)
    this.#isStirred = false
    hear(others.map(({ value }) => JSON.parse(value) as News))
    const now = clock.now()
    const { news, endsAt } = tell()
    const value = JSON.stringify(news)
    const own = records.find(({ key }) => key === this.#ownKey)
    if (own?.value === value && own.expiresAt - now > spareMs) return
    if (others.length === 0 && Math.abs(now - this.#toldAt) < aloneMs && !this.#isClosing) {
      this.#isStirred = true // until it is told: there may be another one by then
      return
    }
    const expiresAt = Math.max(now + spareMs, endsAt) + spareMs
    const record = { key: this.#ownKey, value, expiresAt, expected: 'any', indexes: [name] } as const
    await store.commit([{ kind: 'put', ...record }])
    this.#toldAt = now
  }
}

export const nodeNews = <News>(parts: NodeNewsParts<News>): NodeNews => new Rounds(parts)
