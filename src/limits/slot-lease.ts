import { type Lease, type Ledger, marginMs } from './unauthorized-ledger.ts'
import type { Slot } from './upstream-budgets.ts'

/** What a commit makes of this node's lease, and how many of its spent slots it writes down. */
export interface LeaseAttempt {
  readonly lease: Lease
  readonly settles: number
}

export interface SlotLeaseParts {
  readonly node: string
  /** The longest that a call may take, in ms. */
  readonly callMs: number
  readonly now: () => number
  /** Told of a slot that can be given to whoever waits. */
  readonly freed: () => void
  /** Told of a slot that has to be written down as spent. */
  readonly spent: () => void
}

/**
 * The slots that this node may use, and those that it uses. What is in use never grows beyond what the store has for us, whichever
 * of the commits whose end is unknown took effect.
 */
export class SlotLease {
  /** Fewer slots than are leased, as others need some. */
  limit: number = Number.POSITIVE_INFINITY
  readonly #parts: SlotLeaseParts
  #lease: Lease | undefined
  /** What calls of an older lease have to say says nothing: its slots were counted as spent. */
  #epoch = 0
  #taken = 0
  #unsettled: readonly number[] = []
  /** Commits that may have taken effect. */
  #open: readonly LeaseAttempt[] = []

  constructor(parts: SlotLeaseParts) {
    this.#parts = parts
  }

  get isHeld(): boolean {
    return this.#lease !== undefined
  }

  get slots(): number {
    return this.#lease?.slots ?? 0
  }

  /** Calls under way. */
  get taken(): number {
    return this.#taken
  }

  /** Epoch ms of what is spent and not written down. */
  get unsettled(): readonly number[] {
    return this.#unsettled
  }

  /** Whether a call that begins now ends before the lease does. */
  get isLongEnough(): boolean {
    const { now, callMs } = this.#parts
    return this.#lease !== undefined && now() + callMs <= this.#lease.until
  }

  /** @returns a slot; undefined when all are in use, or a call could outlive the lease */
  take(): Slot | undefined {
    if (!this.isLongEnough || this.#taken + this.#unsettled.length >= this.#usable()) return undefined
    this.#taken += 1
    return this.#slotOf(this.#epoch)
  }

  /** @param ledger as it was read @returns the same with our lease in it as it has to be */
  reconciled(ledger: Ledger, now: number): Ledger {
    const { node } = this.#parts
    const stored = ledger.leases[node]
    const landed = this.#open.find(({ lease }) =>
      stored ? lease.attempt === stored.attempt : lease.slots === 0,
    )
    if (landed) {
      this.committed(landed)
      return ledger
    }
    const lease = this.#lease
    if (stored?.attempt === lease?.attempt) return ledger
    // The store lost it, unless it ran out.
    if (lease && lease.until > now + marginMs)
      return { ...ledger, leases: { ...ledger.leases, [node]: lease } }
    this.#lapse()
    return ledger
  }

  /** A commit is about to be tried. */
  attempted(attempt: LeaseAttempt): void {
    this.#open = [...this.#open, attempt]
  }

  committed({ lease, settles }: LeaseAttempt): void {
    this.#unsettled = this.#unsettled.slice(settles)
    // What was tried before expected a version that is gone by now.
    this.#open = []
    if (lease.slots > 0) this.#lease = lease
    else this.#lapse()
  }

  conflicted(attempt: LeaseAttempt): void {
    this.#open = this.#open.filter((other) => other !== attempt)
  }

  #usable(): number {
    let most = Math.min(this.slots, this.limit)
    for (const { lease, settles } of this.#open) most = Math.min(most, lease.slots + settles)
    return most
  }

  #lapse(): void {
    this.#epoch += 1
    this.#lease = undefined
    this.#taken = 0
    this.#unsettled = []
    this.#open = []
    this.limit = Number.POSITIVE_INFINITY
  }

  #slotOf(epoch: number): Slot {
    let isOver = false
    const isOurs = (): boolean => {
      const is = !isOver && epoch === this.#epoch
      isOver = true
      if (is) this.#taken -= 1
      return is
    }
    return {
      free: () => {
        if (isOurs()) this.#parts.freed()
      },
      spend: () => {
        if (!isOurs()) return
        this.#unsettled = [...this.#unsettled, this.#parts.now()]
        this.#parts.spent()
      },
    }
  }
}
