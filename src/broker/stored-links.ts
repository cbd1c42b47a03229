import type { Audit, AuditEvent } from '#audit/audit.ts'
import type { AccountGroupId } from '#domain/account-group.ts'
import type { Clock } from '#domain/clock.ts'
import type { LinkProblem } from '#domain/link-problem.ts'
import { isRefusal, refuse } from '#domain/refusal.ts'
import { normalizedEmail } from '#domain/user.ts'
import type { Change, Store } from '#store/store.ts'
import type { AccountLinks, CheckedToken, LinkAsking, LinkedAccount, LinkRefusal } from './account-links.ts'
import type { CheckedTokens, WaitingToken } from './checked-tokens.ts'
import { type CredentialRecord, type CredentialRecords, sealContext } from './credential-records.ts'
import type { EndedConnections } from './ended-connections.ts'
import type { LinkBudget } from './link-budget.ts'
import type { Sealing } from './sealing.ts'
import { type Asked, isTokenForm, type UpstreamQuestions } from './upstream-questions.ts'

export interface StoredLinksParts {
  readonly store: Store
  readonly records: CredentialRecords
  readonly sealing: Sealing
  readonly waiting: CheckedTokens
  readonly budget: LinkBudget
  readonly questions: UpstreamQuestions
  readonly connections: EndedConnections
  readonly audit: Audit
  readonly clock: Clock
  readonly log: (entry: object) => void
  /** @returns what tells tokens apart */
  readonly fingerprintOf: (token: string) => string
}

/** What people read of it is the pages' affair (http/link-forms.ts). */
const no = (problem: LinkProblem): LinkRefusal => refuse(problem, `The account was not linked: ${problem}.`)

/** What a question that got no good answer means for whoever pasted the token. */
function problemOf({ kind }: Exclude<Asked<unknown>, { kind: 'answered' }>): LinkProblem {
  switch (kind) {
    case 'rejected':
      return 'token-rejected'
    case 'refused':
      return 'token-without-reach'
    case 'unreached':
    case 'unknown':
      return 'upstream-away'
    default:
      return kind satisfies never
  }
}

/** @returns the record as its user may see it */
export function linkedAccount(record: CredentialRecord, now: number): LinkedAccount {
  const { token, next, rejectedAt, linkedAt, owner, reach, chosen, rotation } = record
  const validUntil = (next ?? token).validUntil
  const isOver = validUntil !== undefined && validUntil <= now
  const living = isOver ? 'expired' : 'good'
  const wanted = rotation.isWanted ? 'on' : 'off'
  return {
    ...{ fingerprint: token.fingerprint, validUntil, linkedAt, reach, chosen },
    owner: { name: owner.name, email: owner.email },
    standing: rejectedAt === undefined ? living : 'rejected',
    renewal: rotation.isLost ? 'lost' : wanted,
  }
}

interface Verdict {
  readonly checked: CheckedToken | LinkRefusal
  readonly mayBe401: boolean
}

const entryOf =
  ({ audit }: StoredLinksParts) =>
  (event: AuditEvent['event'], { user, address }: LinkAsking, detail: string): Change =>
    audit.entry({ event, actor: user.id, userId: user.id, address, detail })

/** @returns what asks ThousandEyes about a token, and keeps a good one for the choice that follows */
function checking(parts: StoredLinksParts): (asking: LinkAsking, token: string) => Promise<Verdict> {
  const { store, waiting, questions, fingerprintOf, log } = parts
  const entry = entryOf(parts)

  function unanswered(asked: Exclude<Asked<unknown>, { kind: 'answered' }>): Verdict {
    const { kind } = asked
    if (kind === 'unknown') log({ event: 'link-unanswered', cause: String(asked.cause) })
    return { checked: no(problemOf(asked)), mayBe401: kind === 'rejected' || kind === 'unknown' }
  }

  return async (asking, token) => {
    const { user } = asking
    const fingerprint = fingerprintOf(token)
    const open = { userId: user.id, token, fingerprint }
    const owner = await questions.ownerOf(open)
    if (owner.kind !== 'answered') return unanswered(owner)
    if (normalizedEmail(owner.value.email) !== normalizedEmail(user.email)) {
      await store.commit([entry('account-link-refused', asking, fingerprint)])
      return { checked: no('token-of-another'), mayBe401: false }
    }
    const reach = await questions.reachOf(open)
    if (reach.kind !== 'answered') return unanswered(reach)
    if (reach.value.length === 0) return { checked: no('token-without-reach'), mayBe401: false }
    await waiting.keep(asking, { token, fingerprint, owner: owner.value, reach: reach.value })
    return { checked: { fingerprint, reach: reach.value }, mayBe401: false }
  }
}

/** The same token again loses neither its end nor the renewed one that waits beside it: ThousandEyes makes no third. */
function replacing(before: CredentialRecord, record: CredentialRecord): CredentialRecord {
  const { token, next, rotation } = before
  if (token.fingerprint !== record.token.fingerprint)
    return { ...record, rotation: { isWanted: rotation.isWanted } }
  const { validUntil } = token
  return {
    ...record,
    token: { ...record.token, ...(validUntil === undefined ? {} : { validUntil }) },
    ...(next ? { next, rotation } : { rotation: { isWanted: rotation.isWanted } }),
  }
}

/** The link of each user, in one record of the store. */
export function storedLinks(parts: StoredLinksParts): AccountLinks {
  const { records, sealing, waiting, budget, connections, clock } = parts
  const entry = entryOf(parts)
  const judge = checking(parts)

  async function recordOf(
    { user }: LinkAsking,
    { token, fingerprint, owner, reach }: WaitingToken,
    chosen: readonly AccountGroupId[],
  ): Promise<CredentialRecord> {
    const now = clock.now()
    return {
      ...{ schema: 1, kind: 'user-api-token', linkedAt: now, owner, reach, reachReadAt: now },
      token: { ...(await sealing.seal(sealContext(user.id), token)), fingerprint },
      chosen: reach.map(({ aid }) => aid).filter((aid) => chosen.includes(aid)),
      rotation: { isWanted: false },
    }
  }

  return {
    async of(userId) {
      const found = await records.find(userId)
      return found && linkedAccount(found.record, clock.now())
    },

    async check(asking, text) {
      const token = text.trim()
      if (!isTokenForm(token)) return no('token-malformed')
      const attempt = await budget.draw(asking.user.id)
      if (typeof attempt === 'number') return { ...no('too-many'), retryAfterSeconds: attempt }
      let verdict: Verdict = { checked: no('upstream-away'), mayBe401: true }
      try {
        verdict = await judge(asking, token)
      } finally {
        await attempt.settle({ isLinked: !isRefusal(verdict.checked), mayBe401: verdict.mayBe401 })
      }
      return verdict.checked
    },

    async checked(asking) {
      const found = await waiting.find(asking)
      return found && { fingerprint: found.waiting.fingerprint, reach: found.waiting.reach }
    },

    async link(asking, chosen) {
      const found = await waiting.find(asking)
      if (!found) return no('choice-expired')
      const record = await recordOf(asking, found.waiting, chosen)
      if (record.chosen.length === 0) return no('none-chosen')
      const { id } = asking.user
      await connections.endBeyond(id, record.chosen)
      const linked = await records.change(id, async (before) => {
        // Anew at each try: a second press of the button may have been faster.
        const taking = (await waiting.find(asking))?.taking
        const event = before ? 'account-link-replaced' : 'account-linked'
        return (
          taking && {
            record: before ? replacing(before, record) : record,
            isSealedAnew: true,
            also: [taking, entry(event, asking, record.token.fingerprint)],
          }
        )
      })
      if (isRefusal(linked)) return no('keys-out-of-order')
      if (!linked) return no('choice-expired')
      await connections.endBeyond(id, record.chosen)
      return linkedAccount(linked, clock.now())
    },
  }
}
