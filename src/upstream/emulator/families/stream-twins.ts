import type { Call } from '../call.ts'
import { type Json, type JsonObject, objectsOf } from '../json.ts'
import type { Entry } from '../state.ts'

const twinOf = (tags: readonly Entry[], id: Json | undefined, from: 'tag' | 'label'): JsonObject => {
  const tag = tags.find((one) => (from === 'tag' ? one.id : String(one.fields['legacyId'])) === id)
  if (!tag) return { id: id ?? '' }
  return { id: from === 'tag' ? String(tag.fields['legacyId'] ?? tag.id) : tag.id }
}

/**
 * `endpointAgentLabel` and `endpointAgentTag` are the same objects by two ids: whichever is given also sets the other
 * (official document). A tag's id as a label is its `legacyId`; ids of neither kind stand in both as they are. When both come,
 * the tags count, being the newer of the two.
 */
export function endpointTwins(supplied: JsonObject, { state }: Call): JsonObject {
  const tags = state.all('tags')
  const given = (key: string): readonly JsonObject[] | undefined =>
    supplied[key] === undefined ? undefined : objectsOf(supplied[key]).map(({ id }) => ({ id: id ?? '' }))
  const endpointAgentTag = given('endpointAgentTag')
  if (endpointAgentTag)
    return {
      endpointAgentTag,
      endpointAgentLabel: endpointAgentTag.map(({ id }) => twinOf(tags, id, 'tag')),
    }
  const endpointAgentLabel = given('endpointAgentLabel')
  if (!endpointAgentLabel) return {}
  return {
    endpointAgentLabel,
    endpointAgentTag: endpointAgentLabel.map(({ id }) => twinOf(tags, id, 'label')),
  }
}
