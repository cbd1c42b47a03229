/** The objects of a seed: from the lists of one file and those that it is based on to what each account group has. */
import type { RegionId } from '#domain/region.ts'
import { isJsonObject, type Json, type JsonObject } from './json.ts'
import { copiesIn, type Problem } from './seed-copies.ts'
import { checkedObject } from './seed-form.ts'
import type { Numbers, SeedLists } from './seed-placeholders.ts'

/** An object as the state will keep it, with where it comes from. */
export interface SeedObject {
  readonly collection: string
  readonly id: string
  readonly fields: JsonObject
  readonly place: string
}

export type Collections = Readonly<Record<string, readonly unknown[]>>

/** One file, as far as others may be based on it. */
export interface Layer {
  /** Stands before the places of another file than the one that is read. */
  readonly prefix: string
  readonly lists: SeedLists
  readonly catalogue: Collections
  readonly everyAccountGroup: Collections
}

interface Asked {
  readonly place: string
  readonly lists: SeedLists
  readonly numbers: Numbers
  /** Stands before each id, except where the file has it in the id already. */
  readonly idPrefix: string
  readonly isFilledAlways: boolean
  readonly problems: Problem[]
}

function objectsOf(collections: Collections, asked: Asked): readonly SeedObject[] {
  const { place, idPrefix, problems } = asked
  return Object.entries(collections).flatMap(([collection, list]) =>
    copiesIn(list as readonly Json[], `${place}.${collection}`, asked).flatMap((copy) => {
      const object = checkedObject(copy, problems)
      if (!object) return []
      const { id, ...fields } = object
      const own = namesGroup(copy.source) ? id : `${idPrefix}${id}`
      return [{ collection, id: own, fields, place: copy.place }]
    }),
  )
}

const namesGroup = (source: Json): boolean => isJsonObject(source) && /\{aid\b/.test(String(source['id']))

const keyOf = ({ collection, id }: Pick<SeedObject, 'collection' | 'id'>): string => `${collection} ${id}`

/** Those of a later layer take the place of those with the same id in an earlier one. */
function layered(layers: readonly (readonly SeedObject[])[]): readonly SeedObject[] {
  return layers.flatMap((objects, index) => {
    const replaced = new Set(layers.slice(index + 1).flatMap((later) => later.map(keyOf)))
    return replaced.size === 0 ? objects : objects.filter((object) => !replaced.has(keyOf(object)))
  })
}

export const catalogueOf = (layers: readonly Layer[], problems: Problem[]): readonly SeedObject[] =>
  layered(
    layers.map(({ prefix, lists, catalogue }) =>
      objectsOf(catalogue, {
        place: `${prefix}catalogue`,
        lists,
        numbers: {},
        idPrefix: '',
        isFilledAlways: false,
        problems,
      }),
    ),
  )

export interface Group {
  readonly aid: string
  readonly organizationId: string
  readonly region: RegionId
  /** From 1 within its organization: `g` of placeholders. */
  readonly number: number
  readonly place: string
}

/** What an account group has: of every layer what all have, and its own. */
export function groupObjects(
  { aid, number: g }: Group,
  { layers, own }: { layers: readonly Layer[]; own: Collections },
  problems: Problem[],
): readonly SeedObject[] {
  const numbers = { aid: Number(aid), g }
  const common = layers.map(({ prefix, lists, everyAccountGroup }) =>
    objectsOf(everyAccountGroup, {
      ...{
        place: `${prefix}everyAccountGroup`,
        lists,
        numbers,
        idPrefix: aid,
        isFilledAlways: true,
        problems,
      },
    }),
  )
  const lists = layers.at(-1)?.lists ?? {}
  const ownObjects = objectsOf(own, {
    place: `objects.${aid}`,
    lists,
    numbers,
    idPrefix: '',
    isFilledAlways: false,
    problems,
  })
  return [...layered(common), ...ownObjects]
}
