import type { Answerers, Call } from '../call.ts'
import { type Acceptance, type Accepted, crud, type Family, isOwn } from '../crud.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, listOf, textOf } from '../json.ts'
import type { Model } from '../model.ts'
import { invalid, refused, type V7Refusal, type Violation } from '../refusals.ts'
import type { Draft, Entry } from '../state.ts'
import { uuid } from '../uuid.ts'
import { dropReferences } from './endpoint-agent-relations.ts'
import { assignmentsOf, isOfPartner, unassign } from './tag-assignments.ts'

/** The document names these three together as what makes a tag unique (templates, `deploymentStrategy`). */
const uniqueKeys = ['key', 'value', 'objectType']

const identityOf = (fields: JsonObject): string =>
  JSON.stringify(uniqueKeys.map((key) => fields[key] ?? null))

/** Ids of the tags that are or were called so, for each call: a bulk makes thousands, and none may be there already. */
const idsByIdentity = new WeakMap<Draft, Map<string, readonly string[]>>()

function identitiesIn(state: Draft): Map<string, readonly string[]> {
  const known = idsByIdentity.get(state)
  if (known) return known
  const grouped = Map.groupBy(state.all('tags'), ({ fields }) => identityOf(fields))
  const made = new Map([...grouped].map(([identity, tags]) => [identity, tags.map(({ id }) => id)]))
  idsByIdentity.set(state, made)
  return made
}

/** The tag of the account group that is the same in what makes tags unique. */
const sameTag = (fields: JsonObject, call: Call): Entry | undefined =>
  (identitiesIn(call.state).get(identityOf(fields)) ?? [])
    .flatMap((id) => call.state.find('tags', id) ?? [])
    .find((tag) => isOwn(tag, call) && uniqueKeys.every((key) => tag.fields[key] === fields[key]))

/** A tag that becomes one for other objects is taken from those that cannot have it any more: ours, as no source tells. */
function leaveOthers(tag: Entry, call: Call): void {
  const { objectType } = tag.fields
  const was = call.state.before.find('tags', tag.id)
  if (!was || objectType === undefined || was.fields['objectType'] === objectType) return
  unassign(
    tag,
    assignmentsOf(tag, call).filter(({ type }) => type !== objectType),
    call,
  )
}

function afterWrite(tag: Entry, call: Call): void {
  const { id, fields } = tag
  const identities = identitiesIn(call.state)
  const identity = identityOf(fields)
  identities.set(identity, [...(identities.get(identity) ?? []), id])
  leaveOthers(tag, call)
}

const isEmpty = (value: unknown): boolean => value === undefined || value === ''

export const seesTag = (entry: Entry, call: Call): boolean => isOwn(entry, call) && !isOfPartner(entry)

/** Without key and value a tag says nothing, and only ThousandEyes and its partners, who do not call here, make tags of their own. */
const wrongFields = ({ key, value, accessType }: JsonObject): readonly Violation[] => [
  ...(isEmpty(key) ? [{ field: 'key', message: 'Key is empty.' }] : []),
  ...(isEmpty(value) ? [{ field: 'value', message: 'Value is empty.' }] : []),
  ...(accessType === 'all'
    ? []
    : [{ field: 'accessType', message: `${accessType} cannot be set by users.` }]),
]

function accept({ merged, stored }: Acceptance): Accepted | V7Refusal {
  if (stored?.fields['builtIn'] === true) return refused('forbidden', 'Built-in tags cannot be changed.')
  // An empty list filters nothing: clients that a generator made send one with every tag.
  const type = textOf(merged['type']) ?? (listOf(merged['filters']).length === 0 ? 'static' : 'dynamic')
  const fields: JsonObject = { accessType: 'all', ...merged, type }
  const wrong = wrongFields(fields)
  return wrong.length > 0 ? invalid(wrong) : { fields }
}

function admit(fields: JsonObject, { call, stored }: Acceptance): Accepted | V7Refusal {
  const same = sameTag(fields, call)
  if (same && same.id !== stored?.id)
    return refused('conflict', 'A tag of this key, value and object type exists already.')
  const at = isoDate(call.now)
  if (stored) return { fields: { ...fields, modifiedDate: at } }
  const legacyId = Number(call.state.nextId({ name: 'legacyTagIds', first: 10_001 }))
  return { fields: { ...fields, builtIn: false, createDate: at, legacyId } }
}

function show(tag: Entry, call: Call): JsonObject {
  const assignments = (): readonly JsonObject[] => assignmentsOf(tag, call).map((one) => ({ ...one }))
  return {
    ...tag.fields,
    ...(tag.aid !== undefined && { aid: Number(tag.aid) }),
    ...(call.expand.has('assignments') && { assignments: assignments() }),
  }
}

export const tag: Family = {
  path: '/tags',
  collection: 'tags',
  idKey: 'id',
  owner: 'account-group',
  newId: uuid,
  sees: seesTag,
  accept,
  admit,
  afterWrite,
  show,
  beforeDelete(entry, call) {
    if (entry.fields['builtIn'] === true) return refused('forbidden', 'Built-in tags cannot be deleted.')
    unassign(entry, assignmentsOf(entry, call), call)
    dropReferences('tag', entry, call.state)
    return undefined
  },
}

/** `/tags`. */
export const tags = (model: Model): Answerers => crud(tag, model)
