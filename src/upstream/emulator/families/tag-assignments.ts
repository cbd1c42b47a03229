/**
 * Which objects a tag is assigned to. Tests keep their own tags, because they show and take them too; every other assignment is
 * kept on the tag.
 */
import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { type JsonObject, objectsOf, textOf, textsOf } from '../json.ts'
import type { Entry } from '../state.ts'
import { seesAgent } from './agent-relations.ts'
import { seesDashboard } from './dashboard-access.ts'

/** One object, by the kind that tags know it by. */
export interface Assignment {
  readonly id: string
  readonly type: string
}

const keyOf = ({ id, type }: Assignment): string => `${type} ${id}`

/** Whether an assignment is among these: bodies name thousands. */
function among(assignments: readonly Assignment[]): (one: Assignment) => boolean {
  const keys = new Set(assignments.map(keyOf))
  return (one) => keys.has(keyOf(one))
}

/** The assignments of a body; one without a type is of the tag's own. */
export const givenAssignments = (value: JsonObject, tag: Entry | undefined): readonly Assignment[] =>
  objectsOf(value['assignments']).map(({ id, type }) => ({
    id: textOf(id) ?? '',
    type: textOf(type) ?? textOf(tag?.fields['objectType']) ?? '',
  }))

const ownAssignments = ({ fields }: Entry): readonly Assignment[] =>
  objectsOf(fields['assigned']).map(({ id, type }) => ({ id: String(id), type: String(type) }))

const isTagged = (test: Entry, tagId: string): boolean => textsOf(test.fields['tags']).includes(tagId)

const isConfigured = (test: Entry, call: Call): boolean =>
  isOwn(test, call) && test.fields['instant'] !== true

const configuredTests = (call: Call): readonly Entry[] =>
  call.state.all('tests').filter((test) => isConfigured(test, call))

/** All assignments of the tag, tests first. */
export const assignmentsOf = (tag: Entry, call: Call): readonly Assignment[] => [
  ...configuredTests(call)
    .filter((test) => isTagged(test, tag.id))
    .map(({ id }) => ({ id, type: 'test' })),
  ...ownAssignments(tag),
]

/** Tags by the objects that they are assigned to, for each list of all tags that the state has had. */
const tagsByObject = new WeakMap<readonly Entry[], ReadonlyMap<string, readonly Entry[]>>()

function byObject(tags: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> {
  const known = tagsByObject.get(tags)
  if (known) return known
  const assigned = tags.flatMap((tag) => ownAssignments(tag).map((one) => ({ tag, key: keyOf(one) })))
  const made = new Map(
    [...Map.groupBy(assigned, ({ key }) => key)].map(([key, ones]) => [key, ones.map(({ tag }) => tag)]),
  )
  tagsByObject.set(tags, made)
  return made
}

/** Tags of an integration partner are the partner's alone, and no call here is one's (official document, `AccessType`). */
export const isOfPartner = (tag: Entry | undefined): boolean => tag?.fields['accessType'] === 'partner'

/** Whether tests may be given the tag: it is for them, or for objects of any type. */
export const isForTests = (tag: Entry): boolean =>
  !isOfPartner(tag) && (tag.fields['objectType'] ?? 'test') === 'test'

/** The tags of an object that is no test, in short. */
export const tagsOf = (object: Assignment, call: Call): readonly JsonObject[] =>
  (byObject(call.state.all('tags')).get(keyOf(object)) ?? [])
    .filter((tag) => isOwn(tag, call) && !isOfPartner(tag))
    .map(({ id, fields }) => ({ id, key: fields['key'] ?? '', value: fields['value'] ?? '' }))

/** Whether the object may get the tag: of the tag's type, and there, as far as objects of the type are emulated. */
function fits({ id, type }: Assignment, tag: Entry, call: Call): boolean {
  const { objectType } = tag.fields
  if (objectType !== undefined && objectType !== type) return false
  const kind = kinds[type]
  if (!kind) return id !== ''
  const object = call.state.find(kind.collection, id)
  return object !== undefined && kind.sees(object, call)
}

/** Object types whose objects are looked up by their ids alone. */
const kinds: Readonly<Record<string, { collection: string; sees: (object: Entry, call: Call) => boolean }>> =
  {
    test: { collection: 'tests', sees: isConfigured },
    'v-agent': { collection: 'agents', sees: seesAgent },
    dashboard: { collection: 'dashboards', sees: seesDashboard },
    'endpoint-test': { collection: 'endpoint-tests', sees: isOwn },
  }

/** Puts other tags on a test, from those that it has. */
function retag(
  testId: string,
  { state }: Call,
  change: (tagIds: readonly string[]) => readonly string[],
): void {
  const test = state.find('tests', testId)
  if (!test) return
  state.put({ ...test, fields: { ...test.fields, tags: change(textsOf(test.fields['tags'])) } })
}

const setOwn = (tagId: string, assigned: readonly Assignment[], { state }: Call): void => {
  const tag = state.find('tags', tagId)
  if (tag) state.put({ ...tag, fields: { ...tag.fields, assigned: assigned.map((one) => ({ ...one })) } })
}

/** Assigns the tag to the objects that it fits, beside those that have it. @returns the objects that it fits */
export function assign(tag: Entry, wanted: readonly Assignment[], call: Call): readonly Assignment[] {
  const fitting = wanted.filter((object) => fits(object, tag, call))
  for (const { id } of fitting.filter(({ type }) => type === 'test'))
    retag(id, call, (tagIds) => (tagIds.includes(tag.id) ? tagIds : [...tagIds, tag.id]))
  const others = fitting.filter(({ type }) => type !== 'test')
  const isOther = among(others)
  const kept = ownAssignments(tag).filter((one) => !isOther(one))
  if (others.length > 0) setOwn(tag.id, [...kept, ...others], call)
  return fitting
}

/** Takes the tag from the objects. @returns those that had it */
export function unassign(tag: Entry, gone: readonly Assignment[], call: Call): readonly Assignment[] {
  const taken = assignmentsOf(tag, call).filter(among(gone))
  for (const { id } of taken.filter(({ type }) => type === 'test'))
    retag(id, call, (tagIds) => tagIds.filter((one) => one !== tag.id))
  const isTaken = among(taken)
  const left = ownAssignments(tag).filter((one) => !isTaken(one))
  if (left.length < ownAssignments(tag).length) setOwn(tag.id, left, call)
  return taken
}

/** Takes every tag from an object that goes away. */
export function forget(object: Assignment, call: Call): void {
  for (const tag of call.state.all('tags'))
    if (ownAssignments(tag).some(among([object]))) unassign(tag, [object], call)
}
