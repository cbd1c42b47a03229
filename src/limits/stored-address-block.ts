import type { Awaitable } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import type { Store, StoredRecord } from '#store/store.ts'
import type { AddressBlock, Admission } from './upstream-budgets.ts'

interface Standing {
  /** In a row, by all nodes. */
  readonly refusals: number
  /** Epoch ms from which one call may try. */
  readonly probeAt: number
}

export interface AddressBlockParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: (entry: object) => void
}

const key = 'upstream:address-block'

/** Ours, all: nothing is published of how long a block lasts (thousandeyes-facts 6.4). */
const mostRefusals = 3
const restMs = 300_000
const keptMs = 86_400_000

const freshMs = 1_000
const maxConflicts = 32
const clear: Standing = { refusals: 0, probeAt: 0 }

const standingOf = (record: StoredRecord | undefined): Standing =>
  record ? (JSON.parse(record.value) as Standing) : clear

/** Three refusals in a row, of whichever nodes, and nothing goes out but one call in five minutes, of one node. */
class StoredAddressBlock implements AddressBlock {
  readonly #parts: AddressBlockParts
  /** As it was last read or written. */
  #known: Standing = clear
  /** How often this node has written it: what was read before is older. */
  #written = 0
  #readAt = Number.NaN
  /** Refusals that are not written yet. */
  #uncounted = 0
  #counting: Promise<void> | undefined

  constructor(parts: AddressBlockParts) {
    this.#parts = parts
  }

  admit(): Awaitable<Admission> {
    // While it may be about to be a block, what other nodes were refused a moment ago counts too.
    const isSuspect = this.#refusals > 0 && this.#refusals < mostRefusals
    if (isSuspect || Number.isNaN(this.#readAt)) return this.#read().then(() => this.#admitKnown())
    this.#lookAgain(this.#parts.clock.now())
    return this.#admitKnown()
  }

  #admitKnown(): Awaitable<Admission> {
    const now = this.#parts.clock.now()
    if (this.#refusals < mostRefusals) return 'open'
    return now < this.#known.probeAt ? secondsUntil(this.#known.probeAt, now) : this.#claim(now)
  }

  isBlocked(): boolean {
    this.#lookAgain(this.#parts.clock.now())
    return this.#refusals >= mostRefusals
  }

  refused(): Promise<void> {
    this.#uncounted += 1
    const probeAt = this.#parts.clock.now() + restMs
    this.#known = { ...this.#known, probeAt }
    if (this.#refusals === mostRefusals) this.#parts.log({ event: 'upstream-address-blocked' })
    this.#counting ??= this.#count()
    return this.#counting
  }

  answered(admission: Admission): void {
    const refusals = this.#refusals
    if (refusals === 0 || (refusals >= mostRefusals && admission !== 'probe')) return
    if (admission === 'probe') this.#parts.log({ event: 'upstream-address-free' })
    this.#wrote(clear)
    this.#parts.store.commit([{ kind: 'delete', key }]).catch(() => undefined)
  }

  get #refusals(): number {
    return this.#known.refusals + this.#uncounted
  }

  #wrote(standing: Standing): void {
    this.#known = standing
    this.#written += 1
  }

  #lookAgain(now: number): void {
    if (now - this.#readAt < freshMs && now >= this.#readAt) return
    // Until it was read once nothing may be believed.
    if (!Number.isNaN(this.#readAt)) this.#readAt = now
    // A store that is away is told of by those who need an answer.
    this.#read().catch(() => undefined)
  }

  async #read(): Promise<void> {
    const written = this.#written
    const [record] = await this.#parts.store.read([key], 'recent')
    this.#readAt = this.#parts.clock.now()
    if (this.#uncounted === 0 && this.#written === written) this.#known = standingOf(record)
  }

  /** The turn of the one call that tries: of any nodes exactly one gets it. */
  async #claim(now: number): Promise<Admission> {
    const [record] = await this.#parts.store.read([key])
    const standing = standingOf(record)
    if (standing.refusals >= mostRefusals && standing.probeAt > now) {
      this.#known = standing
      return secondsUntil(standing.probeAt, now)
    }
    const next = { refusals: Math.max(standing.refusals, mostRefusals), probeAt: now + restMs }
    if (!(await this.#put(next, record))) return 1
    this.#wrote(next)
    return 'probe'
  }

  async #count(): Promise<void> {
    try {
      for (let conflicts = 0; this.#uncounted > 0 && conflicts < maxConflicts; ) {
        const counted = this.#uncounted
        const [record] = await this.#parts.store.read([key])
        const refusals = standingOf(record).refusals + counted
        const next = { refusals, probeAt: this.#parts.clock.now() + restMs }
        if (await this.#put(next, record)) {
          this.#uncounted -= counted
          this.#wrote(next)
        } else conflicts += 1
      }
    } catch (failure) {
      this.#uncounted = 0
      this.#parts.log({ event: 'upstream-address-block-unshared', error: String(failure) })
    } finally {
      this.#counting = undefined
    }
  }

  async #put(standing: Standing, record: StoredRecord | undefined): Promise<boolean> {
    const { store, clock } = this.#parts
    const expiresAt = clock.now() + keptMs
    const value = JSON.stringify(standing)
    const expected = record?.version ?? 'absent'
    return (await store.commit([{ kind: 'put', key, value, expiresAt, expected }])) === 'committed'
  }
}

const secondsUntil = (at: number, now: number): number => Math.max(1, Math.ceil((at - now) / 1_000))

export const openAddressBlock = (parts: AddressBlockParts): AddressBlock => new StoredAddressBlock(parts)
