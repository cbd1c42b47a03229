/**
 * Secrets in objects that show them masked, because their required keys may not fall away (v7-notes section 9): connectors,
 * webhooks and streams. A client that sends back what it read keeps the secret.
 */
import { isJsonObject, type Json, type JsonObject, listOf } from './json.ts'

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

/** What was given, with the stored secret wherever the mask came back. Named elements of a list are found by their name. */
export function unmasked(given: Json, stored: Json | undefined): Json {
  if (given === mask) return stored ?? given
  if (Array.isArray(given)) {
    const before = listOf(stored)
    return (given as readonly Json[]).map((item, index) =>
      unmasked(item, sameNamed(item, before) ?? before[index]),
    )
  }
  if (!isJsonObject(given)) return given
  const before = isJsonObject(stored) ? stored : {}
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, unmasked(value, before[key])]))
}

const sameNamed = (item: Json, list: readonly Json[]): Json | undefined =>
  isJsonObject(item) && item['name'] !== undefined
    ? list.find((one) => isJsonObject(one) && one['name'] === item['name'])
    : undefined
