import { isRefusal, refuse } from '#domain/refusal.ts'
import type { Change, Store } from '#store/store.ts'
import {
  type CredentialRecord,
  type CredentialRecords,
  type FoundCredential,
  type SealedToken,
  sealContext,
} from './credential-records.ts'
import type { KeyEncryption, KeyRefusal } from './key-encryption.ts'
import type { KeyWork, RewrapRound } from './key-work.ts'
import type { KeysInUse, KeysRefusal } from './keys-in-use.ts'
import type { Sealing } from './sealing.ts'

export interface RewrappingParts {
  readonly store: Store
  readonly keys: KeyEncryption
  readonly inUse: KeysInUse
  readonly sealing: Sealing
  readonly records: CredentialRecords
}

/** Records of one round, and of one commit: some milliseconds of work. */
const roundSize = 100
const mostTries = 10

const tokensOf = ({ token, next }: CredentialRecord): readonly SealedToken[] =>
  next ? [token, next] : [token]

/** Key rotation for what the broker holds (reliability-cases R39, R40). */
export function rewrapping({ store, keys, inUse, sealing, records }: RewrappingParts): KeyWork {
  const [newest] = keys.ids

  async function tokenAnew(context: string, token: SealedToken): Promise<SealedToken | KeyRefusal> {
    if (token.keyId === newest) return token
    const rewrapped = await sealing.rewrap(context, token)
    return isRefusal(rewrapped) ? rewrapped : { ...token, ...rewrapped }
  }

  async function recordAnew({ userId, record }: FoundCredential): Promise<CredentialRecord | KeyRefusal> {
    const context = sealContext(userId)
    const token = await tokenAnew(context, record.token)
    if (isRefusal(token)) return token
    const next = record.next && (await tokenAnew(context, record.next))
    if (isRefusal(next)) return next
    return next ? { ...record, token, next } : { ...record, token }
  }

  async function changesOf(page: readonly FoundCredential[]): Promise<readonly Change[] | KeysRefusal> {
    const changes: Change[] = []
    for (const found of page) {
      if (tokensOf(found.record).every(({ keyId }) => keyId === newest)) continue
      const record = await recordAnew(found)
      if (isRefusal(record)) return refuse('keys_out_of_order', `${found.userId}: ${record.description}`)
      changes.push(records.replacement(found, record))
    }
    return changes
  }

  async function rewrapOnce(after: string): Promise<RewrapRound | KeysRefusal | 'conflict'> {
    const claim = await inUse.claim()
    if (isRefusal(claim)) return claim
    const page = await records.page(after, roundSize)
    const changes = await changesOf(page)
    if (isRefusal(changes)) return changes
    if (changes.length > 0 && (await store.commit([...changes, claim])) === 'conflict') return 'conflict'
    const last = page.length < roundSize ? undefined : page.at(-1)?.stored.key
    return { rewrapped: changes.length, after: last }
  }

  async function countTokens(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>()
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page: readonly FoundCredential[] = await records.page(after, 500)
      for (const { keyId } of page.flatMap(({ record }) => tokensOf(record)))
        counts.set(keyId, (counts.get(keyId) ?? 0) + 1)
      after = page.length < 500 ? undefined : page.at(-1)?.stored.key
    }
    return counts
  }

  return {
    problem: async () => (await inUse.problem())?.description,

    async standing() {
      const counts = await countTokens()
      const ids = new Set([...keys.ids, ...(await inUse.ids()), ...counts.keys()])
      return [...ids].map((id) => ({
        id,
        isNewest: id === newest,
        isHeld: keys.ids.includes(id),
        sealedTokens: counts.get(id) ?? 0,
      }))
    },

    async rewrap(after) {
      for (let tries = 0; tries < mostTries; tries += 1) {
        const outcome = await rewrapOnce(after)
        if (outcome !== 'conflict') return outcome
      }
      throw new Error('credentials changed ten times during one round')
    },

    retire: () =>
      inUse.retire(async () => {
        const counts = await countTokens()
        return new Set((await inUse.ids()).filter((id) => id !== newest && !counts.has(id)))
      }),
  }
}
