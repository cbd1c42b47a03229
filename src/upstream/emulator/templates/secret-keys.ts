/** Where templates keep secrets: what the document's requests for tests call write-only. */
import { type Json, type JsonObject, listOf } from '../json.ts'

/** The write-only texts of the document's requests for tests and endpoint tests. */
const secretKeys: ReadonlySet<string> = new Set(['password', 'bearerToken', 'clientId', 'clientSecret'])

export const isSecretKey = (key: string): boolean => secretKeys.has(key)

/** The sections in which such keys stand for secrets: a tag or a dashboard may call something a password. */
export const sections: readonly string[] = ['tests', 'endpointTests']

/** Puts what the function makes of it in the place of everything under a secret key, at any depth. */
export function atSecrets(value: Json, change: (secret: Json) => Json | undefined): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return listOf(value).map((item) => atSecrets(item, change))
  const entries: [string, Json][] = []
  for (const [key, inner] of Object.entries(value)) {
    const made = isSecretKey(key) ? change(inner) : atSecrets(inner, change)
    if (made !== undefined) entries.push([key, made])
  }
  return Object.fromEntries(entries)
}

/** Everything that stands under a secret key, at any depth. */
export function* secretsIn(value: Json): Generator<Json> {
  const left: Json[] = [value]
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    for (const [key, inner] of entriesOf(one)) {
      if (isSecretKey(key)) yield inner
      else if (typeof inner === 'object') left.push(inner)
    }
  }
}

const entriesOf = (value: Json): readonly (readonly [string, Json])[] =>
  typeof value === 'object' && value !== null ? Object.entries(value as JsonObject) : []
