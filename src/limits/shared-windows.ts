import type { Clock } from '#domain/clock.ts'
import type { Store } from '#store/store.ts'
import type { NodeWindows, WindowNews } from './organization-windows.ts'
import type { OrganizationWindows } from './upstream-budgets.ts'

export interface SharedWindowsParts {
  readonly store: Store
  readonly clock: Clock
  /** Runs the work once after so many milliseconds. @returns what calls it off */
  readonly after: (milliseconds: number, work: () => void) => () => void
  /** The name of this process, that no other one ever has. */
  readonly node: string
  readonly windows: NodeWindows
  readonly log: (entry: object) => void
}

export interface SharedWindows extends OrganizationWindows {
  /** Ends the rounds; no call is under way. */
  close(): Promise<void>
}

const index = 'upstream-windows'
const prefix = 'upstream-windows:'

/** Ours, all. */
const roundMs = 1_000
/** A node that hears of no other says so often that it is there. */
const aloneMs = 10_000
/** A window and the one before it. */
const keptMs = 120_000

/**
 * Windows of organizations, told from node to node in rounds while calls go out: each node writes all that it knows in one record of its
 * own, and reads those of the others. Calls themselves neither write nor wait.
 */
class ToldWindows implements SharedWindows {
  readonly #parts: SharedWindowsParts
  #callOff: (() => void) | undefined
  #underWay: Promise<void> = Promise.resolve()
  /** Something happened that no round has told yet. */
  #hasNews = false
  #isClosing = false
  #isAway = false
  #wroteAt = Number.NEGATIVE_INFINITY
  #hasBegun = false

  constructor(parts: SharedWindowsParts) {
    this.#parts = parts
  }

  draw(organization: string, client: string): ReturnType<OrganizationWindows['draw']> {
    this.#plan()
    return this.#parts.windows.draw(organization, client)
  }

  ended(...call: Parameters<OrganizationWindows['ended']>): void {
    this.#plan()
    this.#parts.windows.ended(...call)
  }

  standing(): ReturnType<OrganizationWindows['standing']> {
    return this.#parts.windows.standing()
  }

  async close(): Promise<void> {
    this.#isClosing = true
    this.#callOff?.()
    await this.#underWay
  }

  /** The first one at once: others may know of a window that is used up. */
  #plan(): void {
    this.#hasNews = true
    if (this.#callOff || this.#isClosing) return
    this.#callOff = this.#parts.after(this.#hasBegun ? roundMs : 0, () => {
      this.#underWay = this.#round()
    })
    this.#hasBegun = true
  }

  async #round(): Promise<void> {
    try {
      const others = await this.#others()
      this.#hasNews = false
      this.#parts.windows.hear(others.flat())
      await this.#tell(others.length > 0)
      this.#isAway = false
    } catch (failure) {
      // Each node goes on by what it is told itself, as the only one would.
      if (!this.#isAway) this.#parts.log({ event: 'upstream-windows-unshared', error: String(failure) })
      this.#isAway = true
      this.#hasNews = true
    }
    this.#callOff = undefined
    // What came while this one was telling, or could not be told, is told by the next; else the next call plans it.
    if (this.#hasNews) this.#plan()
  }

  async #others(): Promise<readonly (readonly WindowNews[])[]> {
    const { store, node } = this.#parts
    const records = await store.list(index)
    return records
      .filter(({ key }) => key !== prefix + node)
      .map(({ value }) => JSON.parse(value) as readonly WindowNews[])
  }

  async #tell(isHeard: boolean): Promise<void> {
    const { store, clock, node, windows } = this.#parts
    const now = clock.now()
    if (!isHeard && now - this.#wroteAt < aloneMs) return
    const value = JSON.stringify(windows.news())
    const expiresAt = now + keptMs
    await store.commit([
      { kind: 'put', key: prefix + node, value, expiresAt, expected: 'any', indexes: [index] },
    ])
    this.#wroteAt = now
  }
}

export const sharedWindows = (parts: SharedWindowsParts): SharedWindows => new ToldWindows(parts)
