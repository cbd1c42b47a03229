/** Many tags or many objects at once: what is not possible is left out of the 207 or named in its errors; the rest is done. */
import type { Answer, Answerer, Answerers, Call } from '../call.ts'
import { named } from '../crud.ts'
import { type JsonObject, objectOf, objectsOf, textOf } from '../json.ts'
import type { Model } from '../model.ts'
import { suppliedFields } from '../project.ts'
import { invalidField, isV7Refusal, notFound, statusOf, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { type Assignment, assign, givenAssignments, unassign } from './tag-assignments.ts'
import { seesTag, tag, tags } from './tags.ts'

type Change = (tag: Entry, objects: readonly Assignment[], call: Call) => readonly Assignment[]

const outcome = (tagId: string, objects: readonly Assignment[], call: Call): JsonObject => ({
  tagId,
  assignments: objects.map((one) => ({ ...one })),
  _links: { self: { href: call.href(`/tags/${tagId}`) } },
})

/** Dynamic tags follow their filters and are not assigned (official document, all four operations). */
const isStatic = ({ fields }: Entry): boolean => fields['type'] !== 'dynamic'

const isTag = (entry: Entry | V7Refusal): entry is Entry => !isV7Refusal(entry)

function oneTag(call: Call): Entry | V7Refusal {
  const entry = named(tag, call)
  if (!entry) return notFound
  return isStatic(entry) ? entry : invalidField('id', 'Dynamic tags cannot be assigned.')
}

/** Tags that do not exist or are dynamic are left out, objects that do not fit too. */
const changeMany =
  (change: Change): Answerer =>
  (call) => {
    const done = objectsOf(objectOf(call.body)['tags']).flatMap((wanted) => {
      const entry = call.state.find('tags', textOf(wanted['tagId']) ?? '')
      if (!entry || !seesTag(entry, call) || !isStatic(entry)) return []
      return [outcome(entry.id, change(entry, givenAssignments(wanted, entry), call), call)]
    })
    return { status: 207, body: { tags: done, _links: { self: { href: call.href(call.row.path) } } } }
  }

/** The document has the failed tag as a map of tags; its own key is the key. */
const failure = (refusal: V7Refusal, fields: JsonObject): JsonObject => ({
  tag: { [textOf(fields['key']) ?? '']: fields },
  responseCode: statusOf(refusal),
  message: refusal.description,
})

async function createMany(call: Call, create: Answerer): Promise<Answer> {
  const row = call.model.row('POST', '/tags') ?? call.row
  const created: JsonObject[] = []
  const errors: JsonObject[] = []
  for (const body of objectsOf(objectOf(call.body)['tags'])) {
    const result = await create({ ...call, row, body })
    const fields = suppliedFields(call.model, call.model.schema('TagInfo'), body)
    if (isV7Refusal(result)) errors.push(failure(result, fields))
    else created.push(objectOf(result.body))
  }
  const _links = { self: { href: call.href(call.row.path) } }
  return { status: 207, body: { tags: created, ...(errors.length > 0 && { errors }), _links } }
}

/** The bulk create, and assigning and unassigning. */
export const tagBulk = (model: Model): Answerers => {
  const create = tags(model)['createTag'] as Answerer
  return {
    createTags: (call) => createMany(call, create),
    assignTags: changeMany(assign),
    unassignTags: changeMany(unassign),
    assignTag(call) {
      const entry = oneTag(call)
      if (!isTag(entry)) return entry
      const assigned = assign(entry, givenAssignments(objectOf(call.body), entry), call)
      return { status: 207, body: outcome(entry.id, assigned, call) }
    },
    unassignTag(call) {
      const entry = oneTag(call)
      if (!isTag(entry)) return entry
      unassign(entry, givenAssignments(objectOf(call.body), entry), call)
      return { status: 204 }
    },
  }
}
