/**
 * Secrets in objects that show them masked, because their required keys may not fall away (v7-notes section 9): connectors,
 * webhooks and streams. A client that sends back what it read keeps the secret.
 */
import { isJsonObject, type Json, type JsonObject, listOf, objectOf, own } from './json.ts'

/** What stands in the place of a secret. */
export const mask = '******'

/** The object with the texts under these keys masked, at any depth. */
export function masked(value: Json, keys: readonly string[]): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => masked(item, keys))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      typeof inner === 'string' && keys.includes(key) ? mask : masked(inner, keys),
    ]),
  )
}

/** The object with all its texts masked. */
export const allMasked = (object: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, typeof value === 'string' ? mask : value]),
  )

/**
 * What was given, with the stored secret wherever the mask came back in the place of one. Elements of a list are found by their
 * names, and by their places if they have none: under another name a secret could be one that is shown.
 * @param isSecret the keys under which secrets stand; any when left out
 */
export function unmasked(
  given: Json,
  stored: Json | undefined,
  isSecret: (key: string) => boolean = () => true,
): Json {
  if (Array.isArray(given)) {
    const before = elementsOf(listOf(stored))
    return listOf(given).map((item, index) => unmasked(item, before(item, index), isSecret))
  }
  if (!isJsonObject(given)) return given
  const before = objectOf(stored)
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const known = own(before, key)
      return [key, value === mask && isSecret(key) ? (known ?? value) : unmasked(value, known, isSecret)]
    }),
  )
}

const nameOf = (element: Json | undefined): Json | undefined => objectOf(element)['name']

function elementsOf(list: readonly Json[]): (element: Json, index: number) => Json | undefined {
  const named = new Map(list.map((one) => [nameOf(one), one]))
  return (element, index) => {
    const name = nameOf(element)
    if (name === nameOf(list[index])) return list[index]
    return name === undefined ? undefined : named.get(name)
  }
}
