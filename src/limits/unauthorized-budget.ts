import type { Awaitable } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import type { Store } from '#store/store.ts'
import { nextSlots, SlotDemand, shareOf } from './slot-demand.ts'
import { type LeaseAttempt, SlotLease } from './slot-lease.ts'
import { openSlotQueue, type SlotQueue } from './slot-queue.ts'
import {
  emptyLedger,
  freeSlots,
  type Lease,
  type Ledger,
  ledgerAt,
  ledgerExpiry,
  ledgerText,
  nextFreeAt,
  parseLedger,
  restored,
} from './unauthorized-ledger.ts'
import type { Slot, UnauthorizedBudget } from './upstream-budgets.ts'

export interface UnauthorizedBudgetParts {
  readonly store: Store
  readonly clock: Clock
  /** Runs the work once after so many milliseconds. @returns what calls it off */
  readonly after: (milliseconds: number, work: () => void) => () => void
  /** The name of this process, that no other one ever has. */
  readonly node: string
  /** Answers of 401 in an hour. */
  readonly budget: number
  /** The longest that a call may take. */
  readonly callSeconds: number
  /** How long a call waits for a slot. */
  readonly waitSeconds: number
  readonly log: (entry: object) => void
}

const ledgerKey = 'upstream:unauthorized'

/** So long calls go on while the store is away, a round at the most less. */
const slackMs = 120_000
const renewedMs = 30_000
const roundMs = 15_000
const scarceRoundMs = 500
/** For so long a node that has nothing says that it needs something. */
const wantingMs = 10_000
const maxConflicts = 32

/**
 * The budget in one record of the store. Nodes lease slots of it, so that a call costs no commit: one is made when a lease grows,
 * shrinks or gets old, and for answers of 401.
 */
class LeasedBudget implements UnauthorizedBudget {
  readonly #parts: UnauthorizedBudgetParts
  readonly #lease: SlotLease
  readonly #queue: SlotQueue
  readonly #demand: SlotDemand
  readonly #callMs: number
  /** The ledger as it was seen last. */
  #known: Ledger = emptyLedger
  #attempts = 0
  /** Nothing at all is left until then, epoch ms. */
  #exhaustedUntil = 0
  #isClosing = false
  #underWay: Promise<void> | undefined
  #isDue = false
  #callOff: () => void = () => undefined

  constructor(parts: UnauthorizedBudgetParts) {
    this.#parts = parts
    const { node, clock, after, waitSeconds } = parts
    this.#callMs = parts.callSeconds * 1_000
    this.#demand = new SlotDemand(clock.now())
    const lease = new SlotLease({
      node,
      callMs: this.#callMs,
      now: () => clock.now(),
      freed: () => this.#queue.serve(),
      spent: () => this.#begin(),
    })
    this.#lease = lease
    this.#queue = openSlotQueue({
      ...{ after, waitSeconds },
      take: () => lease.take(),
      retryAfter: () => this.#retryAfter(),
    })
  }

  take(): Awaitable<Slot | number> {
    const slot = this.#queue.length === 0 ? this.#lease.take() : undefined
    if (slot) {
      this.#demand.note(this.#lease.taken)
      return slot
    }
    if (!this.#lease.isHeld && this.#parts.clock.now() < this.#exhaustedUntil) return this.#retryAfter()
    const waiting = this.#queue.wait()
    this.#demand.note(this.#calls())
    // Whoever waits behind others is helped by the rounds that the first one began.
    if (this.#queue.length === 1) this.#begin()
    return waiting
  }

  standing(): ReturnType<UnauthorizedBudget['standing']> {
    const { budget, clock } = this.#parts
    const { slots: leased, unsettled } = this.#lease
    // A node without calls looks again for the next one who asks.
    if (leased === 0 && !this.#isClosing) this.#begin()
    return { budget, spent: ledgerAt(this.#known, clock.now()).spent.length + unsettled.length, leased }
  }

  async close(): Promise<void> {
    this.#isClosing = true
    this.#callOff()
    await this.#underWay
    if (this.#lease.isHeld) await this.#round()
  }

  #calls(): number {
    return this.#lease.taken + this.#queue.length
  }

  #retryAfter(): number {
    const { budget, clock } = this.#parts
    if (this.#known.spent.length < budget) return 1
    return Math.max(1, Math.ceil((nextFreeAt(this.#known) - clock.now()) / 1_000))
  }

  /** One round at a time: what comes up meanwhile is the next one's. */
  #begin(): void {
    this.#isDue = true
    this.#underWay ??= this.#rounds()
  }

  async #rounds(): Promise<void> {
    while (this.#isDue) {
      this.#isDue = false
      const before = this.#lease.slots
      await this.#round()
      if (this.#queue.length > 0 && this.#lease.slots > before) this.#isDue = true
    }
    this.#underWay = undefined
    if (!this.#isClosing) this.#plan()
  }

  #plan(): void {
    const lease = this.#lease
    // While there is none left another node may be in need of some of ours.
    const isScarce = lease.isHeld && freeSlots(this.#known, this.#parts.budget) <= 0
    const isPressing = isScarce || this.#queue.length > 0 || lease.unsettled.length > 0
    this.#callOff()
    if (isPressing || lease.isHeld)
      this.#callOff = this.#parts.after(isPressing ? scarceRoundMs : roundMs, () => this.#begin())
  }

  async #round(): Promise<void> {
    try {
      for (let conflicts = 0; !(await this.#settle()); conflicts += 1)
        if (conflicts === maxConflicts) throw new Error(`a lease met ${maxConflicts} conflicts in a row`)
      this.#noteExhaustion()
      this.#queue.serve()
      if (!this.#lease.isHeld && this.#exhaustedUntil > 0) this.#queue.refuse()
    } catch (failure) {
      this.#parts.log({ event: 'upstream-budget-unknown', error: String(failure) })
      if (!this.#lease.isLongEnough) this.#queue.fail(failure)
    }
  }

  #noteExhaustion(): void {
    const { budget, clock, log } = this.#parts
    const isOut = this.#known.spent.length >= budget
    if (isOut && this.#exhaustedUntil === 0) log({ event: 'upstream-budget-exhausted', budget })
    this.#exhaustedUntil = isOut ? Math.max(nextFreeAt(this.#known), clock.now()) : 0
  }

  /** @returns false when another node was faster */
  async #settle(): Promise<boolean> {
    const [record] = await this.#parts.store.read([ledgerKey])
    const now = this.#parts.clock.now()
    const read = record ? parseLedger(record.value) : emptyLedger
    const whole = read.revision < this.#known.revision ? restored(this.#known, read) : read
    const ledger = this.#lease.reconciled(ledgerAt(whole, now), now)
    this.#known = ledger
    const attempt = this.#nextLease(ledger, now)
    return attempt === undefined || this.#commit(ledger, attempt, record?.version ?? 'absent')
  }

  /** @returns our next lease; undefined when the one that stands will do */
  #nextLease(ledger: Ledger, now: number): LeaseAttempt | undefined {
    const { node, budget } = this.#parts
    const lease = this.#lease
    const mine = ledger.leases[node]
    const settles = lease.unsettled.length
    const have = (mine?.slots ?? 0) - settles
    const want = this.#isClosing ? 0 : this.#demand.wanted(this.#calls(), now, budget)
    lease.limit = shareOf(ledger, node, budget)
    const slots = Math.max(lease.taken, Math.min(lease.limit, nextSlots(ledger, budget, { have, want })))
    const isWanting = !this.#isClosing && slots <= lease.taken && this.#queue.length > 0
    if (slots === 0 && !mine && !isWanting) return undefined
    const term = slots > 0 ? this.#callMs + slackMs : wantingMs
    const isFresh = mine !== undefined && mine.until - now > term - (slots > 0 ? renewedMs : wantingMs / 2)
    if (isFresh && settles === 0 && slots === have && isWanting === mine.isWanting) return undefined
    this.#attempts += 1
    return { lease: { slots, until: now + term, attempt: this.#attempts, isWanting }, settles }
  }

  async #commit(ledger: Ledger, attempt: LeaseAttempt, expected: string): Promise<boolean> {
    const { node, store, clock } = this.#parts
    const { [node]: _, ...others } = ledger.leases
    const keeps = attempt.lease.slots > 0 || attempt.lease.isWanting
    const leases: Readonly<Record<string, Lease>> = keeps ? { ...others, [node]: attempt.lease } : others
    const spent = [...ledger.spent, ...this.#lease.unsettled.slice(0, attempt.settles)]
    const next: Ledger = { revision: ledger.revision + 1, spent, leases }
    const value = ledgerText(next)
    const expiresAt = ledgerExpiry(next, clock.now())
    this.#lease.attempted(attempt)
    if ((await store.commit([{ kind: 'put', key: ledgerKey, value, expiresAt, expected }])) === 'conflict') {
      this.#lease.conflicted(attempt)
      return false
    }
    this.#lease.committed(attempt)
    this.#known = next
    return true
  }
}

export const openUnauthorizedBudget = (parts: UnauthorizedBudgetParts): UnauthorizedBudget =>
  new LeasedBudget(parts)
