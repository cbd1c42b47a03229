import type { Timers } from './timers.ts'
import type { Exchange, ExchangeQuery, Journal } from './traffic.ts'

interface Waiter {
  readonly query: ExchangeQuery
  readonly settle: (exchange: Exchange | undefined) => void
}

/** Who wants to hear of exchanges as they end. */
export interface Audience extends Pick<Journal, 'subscribe'> {
  isEmpty(): boolean
  /** @returns the next one told that matches; undefined when there is none in time or the signal fires */
  wait: Journal['next']
  tell(exchange: Exchange): void
}

/** @param isFor whether an exchange is what somebody waits for */
export function openAudience(
  timers: Timers,
  isFor: (exchange: Exchange, query: ExchangeQuery) => boolean,
): Audience {
  const waiters = new Set<Waiter>()
  const listeners = new Set<(exchange: Exchange) => void>()
  return {
    isEmpty: () => waiters.size === 0 && listeners.size === 0,
    wait(query, { timeoutMs, signal }) {
      if (signal.aborted) return Promise.resolve(undefined)
      return new Promise((resolve) => {
        const settle = (exchange: Exchange | undefined): void => {
          waiters.delete(waiter)
          callOff()
          signal.removeEventListener('abort', leave)
          resolve(exchange)
        }
        const waiter = { query, settle }
        const leave = (): void => settle(undefined)
        const callOff = timers.after(timeoutMs, leave)
        signal.addEventListener('abort', leave)
        waiters.add(waiter)
      })
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    tell(exchange) {
      for (const { query, settle } of [...waiters]) if (isFor(exchange, query)) settle(exchange)
      for (const listener of [...listeners]) listener(exchange)
    },
  }
}
