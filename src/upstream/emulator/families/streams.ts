import type { Answerers, Call } from '../call.ts'
import { type Acceptance, type Accepted, crud, type Family, isOwn } from '../crud.ts'
import { type JsonObject, objectOf, present } from '../json.ts'
import type { Model } from '../model.ts'
import { invalid, refused, type V7Refusal } from '../refusals.ts'
import { allMasked, masked, unmasked } from '../secrets.ts'
import type { Entry } from '../state.ts'
import { uuid } from '../uuid.ts'
import { endpointTwins } from './stream-twins.ts'
import { streamViolations } from './stream-violations.ts'

/** Documented with the status 412. */
const mostStreams = 10

const streamsOf = (call: Call): readonly Entry[] =>
  call.state.all('streams').filter((stream) => isOwn(stream, call))

/** What a stream sends and where. Two streams alike in all of it are one item for 409; the document does not say what is the same. */
const identityKeys = [
  'type',
  'signal',
  'endpointType',
  'streamEndpointUrl',
  'dataModelVersion',
  'tagMatch',
  'testMatch',
  'filters',
  'endpointAgentLabel',
]

const identityOf = (fields: JsonObject): string =>
  JSON.stringify(identityKeys.map((key) => fields[key] ?? null))

/** Why one more stream like this is too much. */
function beyondLimits(fields: JsonObject, call: Call): V7Refusal | undefined {
  const streams = streamsOf(call)
  if (streams.some((stream) => identityOf(stream.fields) === identityOf(fields)))
    return refused('conflict', 'A stream that sends the same to the same place exists already.')
  return streams.length >= mostStreams
    ? refused('precondition_failed', `User cannot create more than ${mostStreams} integrations`)
    : undefined
}

function accept({ call, supplied, merged, stored }: Acceptance): Accepted | V7Refusal {
  const given = objectOf(unmasked(merged, stored?.fields))
  const fields = { ...given, ...endpointTwins(supplied, call), enabled: given['enabled'] ?? true }
  const wrong = streamViolations(fields)
  return wrong.length > 0 ? invalid(wrong) : { fields }
}

const admit = (fields: JsonObject, { call, stored }: Acceptance): Accepted | V7Refusal =>
  (stored ? undefined : beyondLimits(fields, call)) ?? {
    fields: { ...fields, auditOperation: audited(call, stored) },
  }

function audited({ caller, now }: Call, stored: Entry | undefined): JsonObject {
  const by = Number(caller.uid)
  return stored
    ? { ...objectOf(stored.fields['auditOperation']), updatedBy: by, updatedDate: now }
    : { createdBy: by, createdDate: now }
}

/** Reads may ask for one type of stream. */
const isAsked = ({ fields }: Entry, { row, query }: Call): boolean =>
  !('type' in row.query) || !query.has('type') || query.get('type') === fields['type']

const secretKeys = ['token', 'clientSecret']

const stream: Family = {
  path: '/streams',
  collection: 'streams',
  idKey: 'id',
  owner: 'account-group',
  newId: uuid,
  sees: (entry, call) => isOwn(entry, call) && isAsked(entry, call),
  accept,
  admit,
  show: ({ fields }) => ({
    ...objectOf(masked(fields, secretKeys)),
    ...present({ customHeaders: fields['customHeaders'] && allMasked(objectOf(fields['customHeaders'])) }),
    // Nothing is sent from here, which is what the document calls pending.
    streamStatus: { status: 'pending' },
  }),
}

/** `/streams`, and `/stream` by the extra rows, which answer like it. */
export const streams = (model: Model): Answerers => crud(stream, model)
