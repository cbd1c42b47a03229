/**
 * The generic family: list, create, read, update and delete of one kind of object, driven by the official document. A family
 * says where its objects live and what is special about them; everything else follows from the rows and schemas of its paths.
 */
import { type Awaitable, whenKnown } from '#domain/awaitable.ts'
import type { OperationRow } from '#upstream/operation-rows.ts'
import { type Acceptance, type Accepted, type Accepting, acceptedBy } from './acceptance.ts'
import type { Answer, Answerer, Answerers, Call } from './call.ts'
import { isJsonObject, type Json, type JsonObject } from './json.ts'
import type { Model, Schema } from './model.ts'
import { project } from './project.ts'
import { isV7Refusal, notFound, type V7Refusal } from './refusals.ts'
import { shownText } from './shown-texts.ts'
import type { Entry } from './state.ts'

export type { Acceptance, Accepted }

export interface Family extends Accepting {
  /** The collection's path below /v7, as `/tests/http-server`; its items stand at `<path>/{any}`. */
  readonly path: string
  /** Where the objects are kept; families that share an id space share it. */
  readonly collection: string
  /** The key under which an object shows its id. */
  readonly idKey: string
  readonly owner: 'account-group' | 'organization'
  readonly newId: (call: Call) => string
  /** Where items stand, when it is not `path`: `self` and `Location` point there. */
  readonly itemPath?: string
  /** Which entries of the collection the family knows; all of the caller's own when left out. */
  readonly sees?: (entry: Entry, call: Call) => boolean
  /** Which of those its list leaves in; all when left out. */
  readonly lists?: (entry: Entry, call: Call) => boolean
  /** The fields to show, before the keys that the answer does not declare fall away. Left out, the stored fields. */
  readonly show?: (entry: Entry, call: Call) => JsonObject
  /** Fields that are shown whatever the answer declares. */
  readonly showsAnyhow?: (entry: Entry, call: Call) => JsonObject
  /** Whether what the call gets to see of an object follows from it alone, and from no other object. */
  readonly showsAlone?: (call: Call) => boolean
  /** Links beside `self`, where the document declares links. */
  readonly links?: (entry: Entry, call: Call) => JsonObject
  /**
   * Runs with every create and update, after the object is stored; a promise is for what is too much for one turn of the event
   * loop. @param before what an update replaced
   */
  readonly afterWrite?: (entry: Entry, call: Call, before?: Entry) => Awaitable<void>
  /** Why the object may not be deleted; it may also clean up what refers to it. */
  readonly beforeDelete?: (entry: Entry, call: Call) => V7Refusal | undefined
}

/** Whether the object belongs to the call's account group, its organization, or everybody. */
export const isOwn = (entry: Entry, call: Call): boolean =>
  (entry.orgId === undefined || entry.orgId === call.caller.orgId) &&
  (entry.aid === undefined || entry.aid === call.aid)

const pathOf = (family: Family, id: string): string => `${family.itemPath ?? family.path}/${id}`

const sees = (family: Family, entry: Entry, call: Call): boolean =>
  family.sees ? family.sees(entry, call) : isOwn(entry, call)

/** The objects that the list shows, in the order of their creation. */
export const visible = (family: Family, call: Call): readonly Entry[] =>
  call.state
    .all(family.collection)
    .filter((entry) => sees(family, entry, call) && (family.lists?.(entry, call) ?? true))

/** The object that the path names, as far as the call may see it. */
export function named(family: Family, call: Call): Entry | undefined {
  const [id = ''] = Object.values(call.parameters)
  const entry = call.state.find(family.collection, id)
  return entry && sees(family, entry, call) ? entry : undefined
}

/** An object as the answer of one schema shows it, with its links when the schema has some. */
export function shown(family: Family, entry: Entry, call: Call & { readonly schema: Schema }): JsonObject {
  const { model, schema } = call
  const fields = family.show ? family.show(entry, call) : entry.fields
  const body = project(model, schema, { ...fields, [family.idKey]: entry.id })
  const links = model.properties(model.resolve(schema))['_links'] && {
    _links: { self: { href: call.href(pathOf(family, entry.id)) }, ...family.links?.(entry, call) },
  }
  return { ...(isJsonObject(body) ? body : {}), ...family.showsAnyhow?.(entry, call), ...links }
}

/** The collection's key in a list answer, and the schema of its elements. */
export function listShape(model: Model, row: OperationRow): { key: string | undefined; item: Schema } {
  const schema = model.schema(row.answer.schema ?? '')
  if (schema.type === 'array') return { key: undefined, item: model.resolve(schema.items ?? {}) }
  const key = row.answer.arrays?.[0] ?? ''
  const collection = model.resolve(model.properties(schema)[key] ?? {})
  return { key, item: model.resolve(collection.items ?? {}) }
}

/** A whole list in its envelope, with `self` where the document has links, or as a bare array where it has one. */
export function listAnswer(call: Call, items: readonly Json[]): Answer {
  const { key } = listShape(call.model, call.row)
  if (key === undefined) return { status: 200, body: items }
  const links = call.row.answer.links && { _links: { self: { href: call.href(call.row.path) } } }
  return { status: 200, body: { [key]: items, ...links } }
}

/**
 * A whole list of stored objects.
 * @param isAlone whether each shows nothing but itself in this call; its text is kept then until it is changed
 */
export function listOf(
  call: Call,
  entries: readonly Entry[],
  { show, isAlone }: { show: (entry: Entry) => JsonObject; isAlone: boolean },
): Answer {
  if (!isAlone) return listAnswer(call, entries.map(show))
  const empty = JSON.stringify(listAnswer(call, []).body)
  const middle = empty.indexOf('[]') + 1
  const texts = entries.map((entry) => shownText(entry, call, () => JSON.stringify(show(entry))))
  return { status: 200, text: `${empty.slice(0, middle)}${texts.join(',')}${empty.slice(middle)}` }
}

const answerSchema = (call: Call): Schema => call.model.schema(call.row.answer.schema ?? '')

const list =
  (family: Family): Answerer =>
  (call) => {
    const { item } = listShape(call.model, call.row)
    return listOf(call, visible(family, call), {
      show: (entry) => shown(family, entry, { ...call, schema: item }),
      isAlone: family.showsAlone?.(call) ?? false,
    })
  }

const read =
  (family: Family): Answerer =>
  (call) => {
    const entry = named(family, call)
    return entry
      ? { status: 200, body: shown(family, entry, { ...call, schema: answerSchema(call) }) }
      : notFound
  }

const create =
  (family: Family): Answerer =>
  (call) => {
    const accepted = acceptedBy(family, call, undefined)
    if (isV7Refusal(accepted)) return accepted
    const entry = {
      collection: family.collection,
      id: family.newId(call),
      orgId: call.caller.orgId,
      ...(family.owner === 'account-group' && { aid: call.aid }),
      fields: accepted.fields,
    }
    call.state.put(entry)
    return whenKnown(written(family, call, { id: entry.id }), (answer) => ({
      ...answer,
      headers: locationOf(family, entry.id, call),
    }))
  }

const locationOf = (family: Family, id: string, call: Call): Record<string, string> =>
  call.row.answer.location ? { location: call.href(pathOf(family, id)) } : {}

function written(
  family: Family,
  call: Call,
  { id, before }: { id: string; before?: Entry },
): Awaitable<Answer> {
  const entry = call.state.find(family.collection, id) as Entry
  return whenKnown(family.afterWrite?.(entry, call, before), () => ({
    status: call.row.answer.status,
    body: shown(family, entry, { ...call, schema: answerSchema(call) }),
  }))
}

const update =
  (family: Family): Answerer =>
  (call) => {
    const stored = named(family, call)
    if (!stored) return notFound
    const accepted = acceptedBy(family, call, stored)
    if (isV7Refusal(accepted)) return accepted
    call.state.put({ ...stored, fields: accepted.fields })
    return written(family, call, { id: stored.id, before: stored })
  }

const remove =
  (family: Family): Answerer =>
  (call) => {
    const entry = named(family, call)
    if (!entry) return notFound
    const refusal = family.beforeDelete?.(entry, call)
    if (refusal) return refusal
    call.state.remove(family.collection, entry.id)
    return { status: call.row.answer.status }
  }

/** What `crud` has made, so that coverage.ts can tell it from what families wrote themselves. */
const made = new WeakSet<Answerer>()

/** Whether an answerer is the engine's own and no family's. */
export const isGeneric = (answerer: Answerer): boolean => made.has(answerer)

const marked = (answerer: Answerer): Answerer => {
  made.add(answerer)
  return answerer
}

/** The answerers of the operations that the document has at the family's paths. A family may overrule single ones after it. */
export function crud(family: Family, model: Model): Answerers {
  const isItem = (path: string): boolean =>
    path.startsWith(`${family.path}/{`) && !path.slice(family.path.length + 1).includes('/')
  const kinds: Readonly<Record<string, (family: Family) => Answerer>> = {
    'GET collection': list,
    'POST collection': create,
    'GET item': read,
    'PUT item': update,
    'PATCH item': update,
    'DELETE item': remove,
  }
  return Object.fromEntries(
    model.rows.flatMap((row) => {
      if (row.as !== undefined) return []
      const place = row.path === family.path ? 'collection' : isItem(row.path) && 'item'
      const kind = place && kinds[`${row.method} ${place}`]
      return kind ? [[row.id, marked(kind(family))]] : []
    }),
  )
}
