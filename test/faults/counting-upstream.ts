/** ThousandEyes for a broker, as far as faults need it: users by their tokens, and a count of what was answered. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface CountingUpstream {
  readonly origin: string
  /** Every request that reached it, with the monotonic instant in ms. */
  readonly answers: readonly { readonly at: number; readonly status: number }[]
  /** From now on no token opens anything. */
  revokeAll(): void
}

/** The User API Token of somebody there. */
export const userTokenOf = (email: string): string =>
  `00000000-0000-4000-8000-${String(Number(/\d+/.exec(email)?.[0])).padStart(12, '0')}`

export const emailOf = (number: number): string => `user-${number}@company.example`

const numberIn = (authorization = ''): number => Number(authorization.slice(-12))

const bodies: Readonly<Record<string, (number: number) => object>> = {
  '/v7/users/current': (number) => ({ uid: String(number), email: emailOf(number), name: `User ${number}` }),
  '/v7/account-groups': () => ({
    accountGroups: [{ aid: '1101', accountGroupName: 'All', isDefaultAccountGroup: true }],
  }),
}

export async function startCountingUpstream(): Promise<CountingUpstream> {
  const answers: { at: number; status: number }[] = []
  let areRevoked = false
  const server = createServer((request, response) => {
    const body = bodies[new URL(request.url ?? '', 'http://upstream').pathname] ?? (() => ({}))
    const status = areRevoked ? 401 : 200
    answers.push({ at: performance.now(), status })
    response.writeHead(status, { 'content-type': 'application/hal+json' })
    response.end(JSON.stringify(areRevoked ? {} : body(numberIn(request.headers.authorization))))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    revokeAll() {
      areRevoked = true
    },
  }
}
