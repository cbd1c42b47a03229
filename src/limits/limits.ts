/**
 * Limits: how much is too much. Three kinds, because they fail differently:
 * windows count calls in memory, and nodes of one Redis tell each other of them once a second; guards count misses (guessed codes, wrong
 * passwords) and survive restarts; the source block counts 401 answers of an address, which the gateway asks on every call.
 * Knows no requests and no answers: the surfaces decide what a refusal looks like. Adapter: store-limits.ts.
 */
import type { Awaitable } from '#domain/awaitable.ts'

export interface LimitRule {
  readonly limit: number
  readonly windowSeconds: number
}

/** One call drawn from a window, or the refusal to. */
export interface Draw {
  readonly allowed: boolean
  readonly limit: number
  /** Calls left in the window after this one. */
  readonly remaining: number
  /** Epoch ms at which the window is full again. */
  readonly resetAt: number
}

/** Rate windows: in memory, bounded in number; about a second behind what other nodes of the same Redis counted. */
export interface RateWindows {
  /** Draws one call from the bucket's window; a refused call is not counted. Never waits. */
  draw(bucket: string, rule: LimitRule): Draw
  /** What the next draw would find; counts nothing, and `remaining` is what is left now. */
  peek(bucket: string, rule: LimitRule): Draw
}

/** Guards: attempts under a key, counted exactly on every process of the store, over restarts, in a sliding window. */
export interface Guards {
  /**
   * Counts one attempt. Ask before the attempt is made, so that a parallel burst gains nothing: of any number of parallel
   * hits on any number of processes exactly `limit` pass within the window. `retryAfterSeconds` is 0 while not blocked.
   * @param key any text, as `password:us1:someone@example.com`; at rest it is a digest @throws when the store cannot answer
   */
  hit(
    key: string,
    rule: LimitRule,
  ): Promise<{ readonly blocked: boolean; readonly retryAfterSeconds: number }>
  /** Whether the next hit would be refused; counts nothing. @throws when the store cannot answer */
  isBlocked(key: string, rule: LimitRule): Promise<boolean>
  /** Takes the newest attempt back, as after the right user code: being right must not use up the guesses of others. @throws when the store cannot answer */
  release(key: string): Promise<void>
  /** Forgets the attempts, as after the right password. @throws when the store cannot answer */
  clear(key: string): Promise<void>
}

/** The block of addresses that cause too many 401 answers (thousandeyes-facts 6.4: 120 within an hour). */
export interface SourceBlock {
  /**
   * Asked on every call, so it answers from memory, at most about a second behind other processes; it waits for the store
   * only when it has not seen the address lately. @returns epoch ms until which the address is blocked; 0 when it is not
   */
  blockedUntil(address: string): Awaitable<number>
  /**
   * Counts one 401 that is about to be answered. @returns 0 when it may be, else epoch ms until which the address is blocked
   * @throws when the store cannot answer
   */
  count(address: string): Promise<number>
  /** Lifts the block and forgets the count; other processes follow within about a second. */
  lift(address: string): Promise<void>
}

export interface Limits {
  readonly windows: RateWindows
  readonly guards: Guards
  readonly sourceBlock: SourceBlock
}
