/** ThousandEyes for a broker, as far as faults need it: users by their tokens, a count of what was answered, and bad behaviour on demand. */
import { onTestFinished } from 'vitest'
import type { Pem } from '../live/certificates.ts'
import {
  type Arrived,
  type Behaviour,
  type HostileUpstream,
  json,
  startHostileUpstream,
} from '../live/hostile-upstream.ts'

export interface CountingUpstream
  extends Omit<HostileUpstream, 'arrived' | 'behave' | 'port' | keyof AsyncDisposable> {
  /** Every request that reached it. */
  readonly answers: readonly Arrived[]
  /** From now on. @param behaviour what is left out serves everybody */
  behave(behaviour?: Behaviour): void
  /** From now on the token opens nothing; none does when it is left out. */
  revoke(token?: string): void
}

/** The User API Token of somebody there. @param issue they may have several */
export const userTokenOf = (email: string, issue = 0): string =>
  `${String(issue).padStart(8, '0')}-0000-4000-8000-${String(Number(/\d+/.exec(email)?.[0])).padStart(12, '0')}`

export const emailOf = (number: number): string => `user-${number}@company.example`

const bearerOf = ({ headers }: Pick<Arrived, 'headers'>): string =>
  headers.authorization?.replace('Bearer ', '') ?? ''

/** Whose request that was, by the number of the account. */
export const numberIn = (request: Pick<Arrived, 'headers'>): number => Number(bearerOf(request).slice(-12))

const bodies: Readonly<Record<string, (number: number) => object>> = {
  '/v7/users/current': (number) => ({ uid: String(number), email: emailOf(number), name: `User ${number}` }),
  '/v7/account-groups': () => ({
    accountGroups: [{ aid: '1101', accountGroupName: 'All', isDefaultAccountGroup: true }],
  }),
}

/** Knows whoever asks, and has nothing else to tell. */
export const serving: Behaviour = (request, response, socket) => {
  const body = bodies[new URL(request.url ?? '', 'http://upstream').pathname] ?? (() => ({}))
  json(JSON.stringify(body(numberIn(request))))(request, response, socket)
}

/** @param tls its certificate, for https @returns it ends with the test */
export async function startCountingUpstream(tls?: Pem): Promise<CountingUpstream> {
  const revoked = new Set<string>()
  let areAllRevoked = false
  let current = serving
  const upstream = await startHostileUpstream((request, response, socket) => {
    const isRevoked = areAllRevoked || revoked.has(bearerOf(request))
    const behaviour = isRevoked ? json('{}', 401) : current
    behaviour(request, response, socket)
  }, tls)
  onTestFinished(() => upstream[Symbol.asyncDispose]())
  return {
    ...upstream,
    answers: upstream.arrived,
    behave(behaviour = serving) {
      current = behaviour
    },
    revoke(token) {
      if (token === undefined) areAllRevoked = true
      else revoked.add(token)
    },
  }
}
