import type { Clock } from '#domain/clock.ts'

/** Payload members that are instants in epoch seconds (oidc-provider's models). */
const instants = ['exp', 'iat', 'iiat', 'loginTs', 'authTime', 'consumed'] as const

/** Members of an interaction that hold a sign-in with its instant. */
const results = ['result', 'lastSubmission'] as const

interface Result {
  readonly login?: { readonly ts?: unknown }
}

export interface EngineTime {
  /** From the engine's clock to ours, for storing. */
  toStored<T extends object>(payload: T): T
  /** From our clock to the engine's, for handing back. */
  toEngine<T extends object>(payload: T): T
  /** Now on our clock, in epoch seconds. */
  nowSeconds(): number
}

function shifted<T extends object>(payload: T, seconds: number): T {
  if (seconds === 0) return payload
  const copy = { ...payload } as Record<string, unknown>
  for (const name of instants) {
    const value = copy[name]
    if (typeof value === 'number') copy[name] = value + seconds
  }
  for (const name of results) {
    const result = copy[name] as Result | undefined
    const ts = result?.login?.ts
    if (typeof ts === 'number') copy[name] = { ...result, login: { ...result?.login, ts: ts + seconds } }
  }
  return copy as T
}

/**
 * The engine reads the system clock itself, ours is an argument. So what it stores is shifted by the difference on the way in
 * and back on the way out: moving our clock moves its codes, tokens and sessions, and `Date` is never patched (DECISIONS 12).
 * @param engineNow the engine's clock, epoch ms
 */
export function engineTime(clock: Clock, engineNow: () => number): EngineTime {
  const offsetSeconds = (): number => Math.round((clock.now() - engineNow()) / 1000)
  return {
    toStored: (payload) => shifted(payload, offsetSeconds()),
    toEngine: (payload) => shifted(payload, -offsetSeconds()),
    nowSeconds: () => Math.floor(clock.now() / 1000),
  }
}
