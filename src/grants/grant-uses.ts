/**
 * When and from where connections were called last, each in a record beside its grant's: a call that wrote into the grant's
 * record would make a refresh lose that is under way. Kept some time after the call, at most once a minute for each connection,
 * and never at a call's cost; the record goes with its grant.
 */
import type { Clock } from '#domain/clock.ts'
import type { GrantTag } from '#domain/grant.ts'
import type { Store } from '#store/store.ts'
import { grantKey, grantUseKey, readGrantRecord, recordEnd } from './grant-record.ts'

export interface GrantUse {
  readonly at: number
  readonly address: string
}

const everyMs = 60_000
/** Connections whose last note is remembered; with more, some are noted oftener than once a minute. */
const maxNoted = 10_000
/** Uses that wait to be kept; with more, the latest are lost. */
const maxWaiting = 1_000
const batchSize = 50

export interface GrantUses {
  /** Notes a use. Never fails and never waits; a use may be lost with the process. */
  note(tag: GrantTag, address: string): void
  /** The last noted uses of the grants, in the order asked. @throws when the store cannot answer */
  of(tags: readonly GrantTag[]): Promise<readonly (GrantUse | undefined)[]>
}

export function grantUses({ store, clock }: { readonly store: Store; readonly clock: Clock }): GrantUses {
  // Who was noted since, and in the minute before; what is older says nothing.
  let noted = new Map<GrantTag, number>()
  let notedBefore = new Map<GrantTag, number>()
  let since = Number.NEGATIVE_INFINITY
  const waiting = new Map<GrantTag, GrantUse>()
  let isKeeping = false

  const isLive = async (tag: GrantTag): Promise<boolean> =>
    (await store.read([grantKey(tag)]))[0] !== undefined

  async function keep(tag: GrantTag, use: GrantUse): Promise<void> {
    const [grant] = await store.read([grantKey(tag)])
    if (!grant) return
    const key = grantUseKey(tag)
    const expiresAt = recordEnd(readGrantRecord(grant))
    await store.commit([{ kind: 'put', key, value: JSON.stringify(use), expiresAt, expected: 'any' }])
    // The grant may have ended between the two, together with what was noted of it before.
    if (!(await isLive(tag))) await store.commit([{ kind: 'delete', key }])
  }

  async function keepWaiting(): Promise<void> {
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, batchSize)
      for (const [tag] of batch) waiting.delete(tag)
      // What the store does not take is forgotten: it must not fail a call, and the next minute brings another.
      await Promise.allSettled(batch.map(([tag, use]) => keep(tag, use)))
    }
    isKeeping = false
  }

  function wait(tag: GrantTag, use: GrantUse): void {
    if (waiting.size >= maxWaiting) return
    waiting.set(tag, use)
    if (isKeeping) return
    isKeeping = true
    setImmediate(() => void keepWaiting())
  }

  return {
    note(tag, address) {
      const at = clock.now()
      const age = at - (noted.get(tag) ?? notedBefore.get(tag) ?? Number.NEGATIVE_INFINITY)
      // A clock that was put back makes the last note one of the future.
      if (age >= 0 && age < everyMs) return
      if (noted.size >= maxNoted || Math.abs(at - since) >= everyMs) {
        notedBefore = noted
        noted = new Map()
        since = at
      }
      // A copy: a part of a text holds on to the whole, which is a credential.
      noted.set(Buffer.from(tag).toString() as GrantTag, at)
      wait(tag, { at, address })
    },
    async of(tags) {
      const records = await store.read(tags.map(grantUseKey))
      return records.map((record) => record && (JSON.parse(record.value) as GrantUse))
    },
  }
}
