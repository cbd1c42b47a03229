import type { AccountGroup } from '#domain/account-group.ts'
import type { Clock } from '#domain/clock.ts'
import type { UpstreamCredential } from '#domain/upstream-credential.ts'
import type { UserId } from '#domain/user.ts'
import { type Upstream, UpstreamUnavailable } from '#upstream/upstream.ts'
import type { CredentialRecord, CredentialRecords } from './credential-records.ts'

type UserApiToken = Extract<UpstreamCredential, { kind: 'user-api-token' }>

export interface LinkedUpstreamParts {
  readonly upstream: Upstream
  readonly records: CredentialRecords
  readonly clock: Clock
  /** Told of a credential that got a 401. */
  readonly rejected: (credential: UserApiToken) => Promise<void>
}

/** How long pages believe the account groups of a link; and how often what was read without a change is noted. */
const believedMs = 300_000

const isRead = ({ reachReadAt }: CredentialRecord, now: number): boolean =>
  now >= reachReadAt && now - reachReadAt < believedMs

const areSame = (one: readonly AccountGroup[], other: readonly AccountGroup[]): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/** Keeps with a link what it was found to reach. */
function noting({ records, clock }: Pick<LinkedUpstreamParts, 'records' | 'clock'>) {
  return async ({ userId, credential }: UserApiToken, reach: readonly AccountGroup[]): Promise<void> => {
    await records.change(userId, (before) => {
      if (!before || ![before.token, before.next].some((token) => token?.fingerprint === credential))
        return undefined
      if (areSame(before.reach, reach) && isRead(before, clock.now())) return undefined
      return { record: { ...before, reach, reachReadAt: clock.now() } }
    })
  }
}

/** The upstream of linked accounts: a credential that gets a 401 is out of use before anybody hears of the answer. */
export function linkedUpstream(parts: LinkedUpstreamParts): Upstream {
  const { upstream, rejected } = parts
  const note = noting(parts)
  return {
    async send(request) {
      const answer = await upstream.send(request)
      if (answer.status === 401 && request.credential.kind === 'user-api-token')
        await rejected(request.credential)
      return answer
    },
    async accountGroups(region, credential) {
      if (credential.kind !== 'user-api-token') return upstream.accountGroups(region, credential)
      try {
        const reach = await upstream.accountGroups(region, credential)
        await note(credential, reach)
        return reach
      } catch (failure) {
        if (failure instanceof UpstreamUnavailable && failure.trouble === 'credential-rejected')
          await rejected(credential)
        throw failure
      }
    },
  }
}

export interface OfferedUpstreamParts {
  /** As linkedUpstream gives it. */
  readonly linked: Upstream
  readonly records: Pick<CredentialRecords, 'find'>
  readonly clock: Clock
  readonly log: (entry: object) => void
}

/**
 * The same for pages that offer account groups to people: those that the user chose, as the link has them; read anew when they are
 * used and old, and from the record alone when ThousandEyes does not answer.
 */
export function offeredUpstream({ linked, records, clock, log }: OfferedUpstreamParts): Upstream {
  const chosenOf = async (userId: UserId): Promise<CredentialRecord | undefined> =>
    (await records.find(userId))?.record
  return {
    send: (request) => linked.send(request),
    async accountGroups(region, credential) {
      const record = await chosenOf(credential.userId)
      if (!record) return []
      let { reach } = record
      if (!isRead(record, clock.now()))
        reach = await linked.accountGroups(region, credential).catch((failure: unknown) => {
          log({ event: 'account-groups-unread', user: credential.userId, error: String(failure) })
          return record.reach
        })
      return reach.filter(({ aid }) => record.chosen.includes(aid))
    },
  }
}
