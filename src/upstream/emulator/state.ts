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
  /** The objects as they were before the call. */
  readonly before: Objects
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

/** What a draft did to objects of one collection, by their ids; undefined for those that it removed. */
type Changes = Map<string, Entry | undefined>

/** The list with the changes; what the draft added stands behind what was there. */
function changed(list: readonly Entry[], changes: Changes, lastSequence: number): readonly Entry[] {
  const kept = list.flatMap((entry) => {
    if (!changes.has(entry.id)) return [entry]
    const change = changes.get(entry.id)
    return change && change.sequence <= lastSequence ? [change] : []
  })
  const added = [...changes.values()].filter((entry) => entry !== undefined && entry.sequence > lastSequence)
  return [...kept, ...(added as Entry[]).sort((a, b) => a.sequence - b.sequence)]
}

function draftOn(base: Objects, sequenceBefore: () => number): { draft: Draft; written(): Written } {
  const collections = new Map<string, Changes>()
  const lists = new Map<string, readonly Entry[]>()
  const effects: (() => Promise<unknown>)[] = []
  const lastSequence = sequenceBefore()
  let sequence = lastSequence

  const change = (collection: string, id: string, entry: Entry | undefined): void => {
    const changes = collections.get(collection) ?? new Map<string, Entry | undefined>()
    collections.set(collection, changes.set(id, entry))
    lists.delete(collection)
  }
  const find = (collection: string, id: string): Entry | undefined => {
    const changes = collections.get(collection)
    return changes?.has(id) ? changes.get(id) : base.find(collection, id)
  }
  const put = (entry: NewEntry): void => {
    const replaced = find(entry.collection, entry.id)
    if (!replaced) sequence += 1
    change(entry.collection, entry.id, { ...entry, sequence: replaced?.sequence ?? sequence })
  }
  const draft: Draft = {
    before: base,
    find,
    put,
    all(collection) {
      const changes = collections.get(collection)
      if (!changes) return base.all(collection)
      const list = lists.get(collection) ?? changed(base.all(collection), changes, lastSequence)
      lists.set(collection, list)
      return list
    },
    remove: (collection, id) => change(collection, id, undefined),
    nextId({ name, first } = commonRow) {
      const next = Number(find('counters', name)?.fields['next'] ?? first)
      put({ collection: 'counters', id: name, fields: { next: next + 1 } })
      return String(next)
    },
    collections: base.collections,
    also: (effect) => effects.push(effect),
  }
  const written = (): Written => {
    const changes = [...collections].flatMap(([collection, ids]) =>
      [...ids].map(([id, entry]) => ({ collection, id, entry })),
    )
    return {
      entries: changes.flatMap(({ entry }) => entry ?? []),
      removed: changes.flatMap(({ collection, id, entry }) => (entry ? [] : [{ collection, id }])),
      effects,
    }
  }
  return { draft, written }
}
