import type { Audit, AuditEvent } from '#audit/audit.ts'
import type { Clock } from '#domain/clock.ts'
import { isRefusal } from '#domain/refusal.ts'
import type { UserId } from '#domain/user.ts'
import {
  type CredentialChange,
  type CredentialRecord,
  type CredentialRecords,
  type FoundCredential,
  type SealedToken,
  sealContext,
} from './credential-records.ts'
import { again, begun, inForce, isDue, lost, renewed } from './renewal-steps.ts'
import type { Sealed, Sealing } from './sealing.ts'
import type { Asked, OpenToken, RenewedToken, UpstreamQuestions } from './upstream-questions.ts'

export interface RotationParts {
  readonly records: CredentialRecords
  readonly sealing: Sealing
  readonly questions: Pick<UpstreamQuestions, 'renew' | 'ownerOf'>
  readonly audit: Audit
  readonly clock: Clock
  readonly fingerprintOf: (token: string) => string
  readonly rejected: (credential: { readonly userId: UserId; readonly credential: string }) => Promise<void>
  /** Whether something can be sealed now. */
  readonly canSeal: () => Promise<boolean>
  readonly pause: (milliseconds: number) => Promise<void>
  readonly log: (entry: object) => void
}

export interface TokenRotation {
  /**
   * Does what is due, one user after the other.
   * @param isOver asked before each of them @returns how many users that were @throws what failed first, once all had their turn
   */
  pass(isOver?: () => boolean): Promise<number>
}

const soonMs = 600_000
const laterMs = 3_600_000
const pageSize = 100
/** A renewed token is in memory alone until it is kept: a store that fails meanwhile is asked again. */
const keepTries = 10
const keepPauseMs = 1_000
/** thousandeyes-facts 5.3, for an answer that does not say it. */
const lifetimeMs = 730 * 86_400_000

/** A record that this node has to itself for a while. */
interface Leased {
  readonly userId: UserId
  readonly record: CredentialRecord
  /** Whether nobody asked for a new token before. */
  readonly isFirst: boolean
}

/** What has to be at hand before a new token is asked for. */
interface Ready {
  readonly token: OpenToken
  /** Seals the new one, whatever becomes of those who hold the keys meanwhile. */
  readonly seal: (text: string) => Sealed
}

/** Steps of the record, each a compare-and-set. */
function recordSteps({ records, audit, clock }: RotationParts) {
  /** Changes what is still about the same token: the user may have replaced it meanwhile. */
  async function amend(
    { userId, record }: Pick<Leased, 'userId' | 'record'>,
    change: (before: CredentialRecord) => CredentialChange,
  ): Promise<CredentialRecord | undefined> {
    const { fingerprint } = record.token
    const amended = await records.change(userId, (before) =>
      before?.token.fingerprint === fingerprint ? change(before) : undefined,
    )
    return isRefusal(amended) ? undefined : amended
  }

  const entry = (event: AuditEvent['event'], userId: UserId, { fingerprint }: SealedToken) =>
    audit.entry({ event, actor: 'panoptes', userId, detail: fingerprint })

  return {
    /** @returns undefined when another node was faster, or there is nothing to do any more */
    async lease({ userId }: FoundCredential): Promise<Leased | undefined> {
      let isFirst = true
      const record = await records.change(userId, (before) => {
        if (!before || !isDue(before, clock.now())) return undefined
        isFirst = before.rotation.askedAt === undefined
        return { record: begun(before, clock.now()) }
      })
      return record && !isRefusal(record) ? { userId, record, isFirst } : undefined
    },

    keep: (lease: Leased, next: SealedToken) =>
      amend(lease, (before) => ({
        record: renewed(before, next, clock.now()),
        isSealedAnew: true,
        also: [entry('upstream-credential-renewed', lease.userId, next)],
      })),

    markLost: (lease: Leased) =>
      amend(lease, (before) => ({
        record: lost(before, clock.now()),
        also: [entry('upstream-credential-renewal-lost', lease.userId, before.token)],
      })),

    async tryAgain(lease: Leased, waitMs: number, { isUndone }: { isUndone: boolean }): Promise<void> {
      const notBefore = clock.now() + waitMs
      // An answer that was lost before may still have been one.
      const more = { notBefore, isUndone: isUndone && lease.isFirst }
      await amend(lease, (before) => ({ record: again(before, more) }))
    },

    bringIntoForce: (lease: Pick<Leased, 'userId' | 'record'>) =>
      amend(lease, (before) => ({ record: inForce(before) })),
  }
}

/**
 * Renews User API Tokens before they end, once, on however many nodes:
 *
 *   lease and instant kept -> key for the new token wrapped -> POST /api-tokens -> new token kept beside the old -> new token tried
 *   -> old one forgotten
 *
 * A node that ends between any two leaves the old token in use, and another one goes on when the lease is over. Should the answer
 * be lost, the second question gets 409 (two are live) and the user has to replace the token within the overlap.
 */
export function tokenRotation(parts: RotationParts): TokenRotation {
  const { questions, clock, log } = parts
  const steps = recordSteps(parts)
  const keepRenewed = keeping(parts, steps)
  const { opened, readied } = opening(parts)

  /** The new token comes into use once it opened something, or the old one is over. */
  async function tryRenewed(lease: Leased): Promise<void> {
    const { next, token } = lease.record
    const open = next && (await opened(lease.userId, next))
    if (!open) return
    const { validUntil } = token
    const isOver = validUntil !== undefined && validUntil <= clock.now()
    const isGood = isOver || (await questions.ownerOf(open)).kind === 'answered'
    if (isGood) await steps.bringIntoForce(lease)
    else await steps.tryAgain(lease, soonMs, { isUndone: true })
  }

  async function settle(lease: Leased, seal: Ready['seal'], asked: Asked<RenewedToken>): Promise<void> {
    const { userId, record } = lease
    const { fingerprint: credential } = record.token
    switch (asked.kind) {
      case 'answered': {
        const kept = await keepRenewed(lease, seal, asked.value)
        return kept && tryRenewed({ ...lease, record: kept })
      }
      case 'rejected':
        return parts.rejected({ userId, credential })
      case 'refused':
        log({ event: 'credential-renewal-refused', user: userId, credential, status: asked.status })
        if (asked.status === 409) return void (await steps.markLost(lease))
        return steps.tryAgain(lease, laterMs, { isUndone: true })
      case 'unreached':
        return steps.tryAgain(lease, soonMs, { isUndone: true })
      case 'unknown':
        return steps.tryAgain(lease, soonMs, { isUndone: false })
      default:
        return asked satisfies never
    }
  }

  async function renew(found: FoundCredential): Promise<void> {
    const lease = (await parts.canSeal()) ? await steps.lease(found) : undefined
    if (!lease) return
    if (lease.record.next) return tryRenewed(lease)
    let ready: Ready | undefined
    try {
      ready = await readied(lease)
    } catch (failure) {
      await steps.tryAgain(lease, soonMs, { isUndone: true })
      throw failure
    }
    if (ready) return settle(lease, ready.seal, await questions.renew(ready.token))
    await steps.tryAgain(lease, laterMs, { isUndone: true })
  }

  return {
    async pass(isOver = () => false) {
      let done = 0
      const failures: unknown[] = []
      for await (const found of dueOf(parts)) {
        // Whoever stops waits for the one that was begun, and not for all who want a new token.
        if (isOver()) break
        // One user whose token cannot be opened must not keep those behind from their turn.
        await renew(found).catch((failure: unknown) => failures.push(failure))
        done += 1
      }
      if (failures.length > 0) throw failures[0]
      return done
    },
  }
}

/** What opens a sealed token, and what there has to be before a new one is asked for; undefined where the token stays closed. */
function opening({ sealing }: Pick<RotationParts, 'sealing'>) {
  async function opened(userId: UserId, sealed: SealedToken): Promise<OpenToken | undefined> {
    const token = await sealing.unseal(sealContext(userId), sealed)
    return isRefusal(token) ? undefined : { userId, token, fingerprint: sealed.fingerprint }
  }
  return {
    opened,
    async readied({ userId, record }: Leased): Promise<Ready | undefined> {
      const token = await opened(userId, record.token)
      return token && { token, seal: await sealing.prepare(sealContext(userId)) }
    },
  }
}

async function* dueOf({
  records,
  clock,
}: Pick<RotationParts, 'records' | 'clock'>): AsyncGenerator<FoundCredential> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: readonly FoundCredential[] = await records.page(after, pageSize)
    yield* page.filter(({ record }) => isDue(record, clock.now()))
    after = page.length < pageSize ? undefined : page.at(-1)?.stored.key
  }
}

/** @returns what seals a new token and keeps it; undefined comes back when the record is about another token by now */
function keeping(
  { clock, fingerprintOf, pause, log }: RotationParts,
  { keep }: Pick<ReturnType<typeof recordSteps>, 'keep'>,
): (lease: Leased, seal: Ready['seal'], made: RenewedToken) => Promise<CredentialRecord | undefined> {
  async function keepAtLast(lease: Leased, next: SealedToken): Promise<CredentialRecord | undefined> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await keep(lease, next)
      } catch (failure) {
        if (tries === keepTries) throw failure
        await pause(keepPauseMs)
      }
    }
  }

  return async (lease, seal, { token, validUntil }) => {
    const { userId } = lease
    const fingerprint = fingerprintOf(token)
    const end = validUntil ?? clock.now() + lifetimeMs
    const kept = await keepAtLast(lease, { ...seal(token), fingerprint, validUntil: end })
    if (!kept) log({ event: 'renewed-credential-dropped', user: userId, credential: fingerprint })
    return kept
  }
}
