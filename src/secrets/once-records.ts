import type { Change, Store } from '#store/store.ts'
import type { Secrets } from './secrets.ts'

/** A record as it is found, not yet taken. */
export interface Found<Content> {
  readonly content: Content
  /** Takes it, with further changes in the same commit. @returns false when somebody was faster */
  take(also?: readonly Change[]): Promise<boolean>
}

/** Records that are read once: sealed, found by a handle that is not kept, and marked as used until they would have ended anyway. */
export interface OnceRecords<Content extends object> {
  keep(handle: string, content: Content, expiresAt: number): Promise<void>
  find(handle: string): Promise<Found<Content> | 'used' | undefined>
}

export interface OnceRecordsParts {
  readonly store: Store
  readonly secrets: Pick<Secrets, 'hash' | 'seal' | 'unseal'>
}

const used = 'used'

/** @param kind keeps the records of one owner apart from those of others */
export function onceRecords<Content extends object>(
  { store, secrets }: OnceRecordsParts,
  kind: string,
): OnceRecords<Content> {
  const keyOf = (handle: string): string => `${kind}:${secrets.hash(kind, handle)}`
  return {
    async keep(handle, content, expiresAt) {
      const key = keyOf(handle)
      const value = secrets.seal(key, JSON.stringify(content))
      await store.commit([{ kind: 'put', key, value, expiresAt, expected: 'any' }])
    },
    async find(handle) {
      const key = keyOf(handle)
      const [record] = await store.read([key])
      if (!record) return undefined
      if (record.value === used) return used
      const text = secrets.unseal(key, record.value)
      if (text === undefined) return undefined
      const { version: expected, expiresAt } = record
      return {
        content: JSON.parse(text) as Content,
        take: async (also = []) =>
          (await store.commit([{ kind: 'put', key, value: used, expiresAt, expected }, ...also])) ===
          'committed',
      }
    },
  }
}
