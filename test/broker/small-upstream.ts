import { randomUUID } from 'node:crypto'
import type { Clock } from '#domain/clock.ts'
import type { Upstream, UpstreamAnswer, UpstreamRequest } from '#upstream/upstream.ts'

const dayMs = 86_400_000

/** What ThousandEyes does with the User API Tokens of one user (thousandeyes-facts 5.3), and nothing else. */
export interface SmallUpstream extends Upstream {
  /** Whether the token opens anything now. */
  takes(token: string): boolean
  /** How many tokens were made. */
  made(): number
  /** How many answers were 401. */
  refusals(): number
  /** Ends a token, as its user may. */
  revoke(token: string): void
  /** From now on every question is answered so; undefined as usual. */
  answer(status: number | undefined): void
}

const json = (status: number, body: object): UpstreamAnswer => ({
  status,
  headers: { 'content-type': 'application/hal+json' },
  body: JSON.stringify(body),
})

export function smallUpstream(clock: Clock, first: string, email: string): SmallUpstream {
  const ends = new Map([[first, clock.now() + 20 * dayMs]])
  let made = 0
  let refusals = 0
  let forced: number | undefined
  const takes = (token: string): boolean => (ends.get(token) ?? 0) > clock.now()

  function renew(presented: string): UpstreamAnswer {
    if ([...ends.keys()].filter(takes).length > 1) return json(409, { title: 'two are active' })
    const token = randomUUID()
    made += 1
    const validUntil = clock.now() + 730 * dayMs
    ends.set(token, validUntil)
    ends.set(presented, Math.min(ends.get(presented) ?? 0, clock.now() + 14 * dayMs))
    return json(201, { bearerToken: token, validUntil: new Date(validUntil).toISOString() })
  }

  function refused(status: number): UpstreamAnswer {
    if (status === 401) refusals += 1
    return json(status, { title: 'no' })
  }

  return {
    takes,
    made: () => made,
    refusals: () => refusals,
    revoke: (token) => void ends.delete(token),
    answer: (status) => {
      forced = status
    },
    send({ credential, operation }: UpstreamRequest): UpstreamAnswer {
      const token = credential.kind === 'user-api-token' ? credential.token : ''
      if (forced !== undefined) return refused(forced)
      if (!takes(token)) return refused(401)
      if (operation.id === 'regenerateApiToken') return renew(token)
      if (operation.id === 'getCurrentUser') return json(200, { uid: '7', email, name: 'Someone' })
      return json(200, {
        accountGroups: [{ aid: '1', accountGroupName: 'One', isDefaultAccountGroup: true }],
      })
    },
    accountGroups: () => Promise.resolve([]),
  }
}
