import type { RegionId } from '#domain/region.ts'
import type { JsonObject } from './json.ts'

/** One object of v7 as it is stored. Never changed in place: a write puts a new entry under the same id. */
export interface Entry {
  /** The kind of object, as `tests`; several families may share one. */
  readonly collection: string
  readonly id: string
  /** The owner. Without an organization it is catalogue of the region, without an account group of the whole organization. */
  readonly orgId?: string
  readonly aid?: string
  /** Orders the entries of a collection by their creation. */
  readonly sequence: number
  readonly fields: JsonObject
}

/** What a caller of the state gives; the sequence is kept from the entry that it replaces, or is the next one. */
export type NewEntry = Omit<Entry, 'sequence'>

/** Reading the objects of one region. */
export interface Objects {
  find(collection: string, id: string): Entry | undefined
  /** In the order of creation. */
  all(collection: string): readonly Entry[]
  /** The names of all collections that hold or held something. */
  collections(): readonly string[]
}

/** One write call's view: it reads its own writes, and nobody else sees them before the commit. */
export interface Draft extends Objects {
  put(entry: NewEntry): void
  remove(collection: string, id: string): void
  /**
   * A fresh id that was never given before, not even to something deleted since. Without a row of its own it comes from the
   * range above 2^48 where v7 puts most of its ids (v7-notes section 3).
   */
  nextId(row?: { readonly name: string; readonly first: number }): string
  /** Runs before the commit, for what must happen outside of the state (users' sign-in). A failure fails the call. */
  also(effect: () => Promise<unknown>): void
}

/** What a draft changed, in the form of the state and of the store. */
export interface Written {
  readonly entries: readonly Entry[]
  readonly removed: readonly { readonly collection: string; readonly id: string }[]
  readonly effects: readonly (() => Promise<unknown>)[]
}

export interface RegionState extends Objects {
  readonly region: RegionId
  /** Grows with every applied write; an answer kept from an earlier revision is stale. */
  readonly revision: number
  draft(): { readonly draft: Draft; written(): Written }
  apply(written: Written): void
}

const commonRow = { name: 'ids', first: 281_474_976_710_657 }

/**
 * @param loaded the entries of the store, in any order
 * @param firstRevision greater than any revision that this region had before
 */
export function regionState(region: RegionId, loaded: readonly Entry[], firstRevision: number): RegionState {
  const collections = new Map<string, Map<string, Entry>>()
  const lists = new Map<string, readonly Entry[]>()
  let revision = firstRevision
  let sequence = 0

  const collectionOf = (name: string): Map<string, Entry> => {
    const known = collections.get(name) ?? new Map<string, Entry>()
    collections.set(name, known)
    return known
  }
  const keep = (entry: Entry): void => {
    collectionOf(entry.collection).set(entry.id, entry)
    lists.delete(entry.collection)
    sequence = Math.max(sequence, entry.sequence)
  }
  for (const entry of loaded) keep(entry)

  const find = (collection: string, id: string): Entry | undefined => collections.get(collection)?.get(id)
  const all = (collection: string): readonly Entry[] => {
    const known = lists.get(collection)
    if (known) return known
    const made = [...(collections.get(collection)?.values() ?? [])].sort((a, b) => a.sequence - b.sequence)
    lists.set(collection, made)
    return made
  }

  const names = (): readonly string[] => [...collections.keys()]

  return {
    region,
    find,
    all,
    collections: names,
    get revision() {
      return revision
    },
    draft: () => draftOn({ find, all, collections: names }, () => sequence),
    apply({ entries, removed }) {
      for (const entry of entries) keep(entry)
      for (const { collection, id } of removed) {
        collections.get(collection)?.delete(id)
        lists.delete(collection)
      }
      if (entries.length + removed.length > 0) revision += 1
    },
  }
}

const keyOf = (collection: string, id: string): string => `${collection} ${id}`

function draftOn(base: Objects, lastSequence: () => number): { draft: Draft; written(): Written } {
  const changes = new Map<string, Entry | { readonly removed: true; collection: string; id: string }>()
  const effects: (() => Promise<unknown>)[] = []
  let sequence = lastSequence()

  const find = (collection: string, id: string): Entry | undefined => {
    const change = changes.get(keyOf(collection, id))
    if (change === undefined) return base.find(collection, id)
    return 'removed' in change ? undefined : change
  }
  const put = (entry: NewEntry): void => {
    const replaced = find(entry.collection, entry.id)
    if (!replaced) sequence += 1
    changes.set(keyOf(entry.collection, entry.id), {
      ...entry,
      sequence: replaced?.sequence ?? sequence,
    })
  }
  const draft: Draft = {
    find,
    put,
    all(collection) {
      const changed = [...changes.values()].filter((change) => change.collection === collection)
      if (changed.length === 0) return base.all(collection)
      const kept = base.all(collection).filter(({ id }) => !changes.has(keyOf(collection, id)))
      const added = changed.filter((change): change is Entry => !('removed' in change))
      return [...kept, ...added].sort((a, b) => a.sequence - b.sequence)
    },
    remove(collection, id) {
      changes.set(keyOf(collection, id), { removed: true, collection, id })
    },
    nextId({ name, first } = commonRow) {
      const next = Number(find('counters', name)?.fields['next'] ?? first)
      put({ collection: 'counters', id: name, fields: { next: next + 1 } })
      return String(next)
    },
    collections: base.collections,
    also: (effect) => effects.push(effect),
  }
  return {
    draft,
    written: () => ({
      entries: [...changes.values()].filter((change): change is Entry => !('removed' in change)),
      removed: [...changes.values()].filter((change) => 'removed' in change),
      effects,
    }),
  }
}
