/** Where templates keep secrets: what the document's requests for tests call write-only. */
import { isJsonObject, type Json, listOf } from '../json.ts'

/** The write-only texts of the document's requests for tests and endpoint tests. */
const secretKeys: ReadonlySet<string> = new Set(['password', 'bearerToken', 'clientId', 'clientSecret'])

export const isSecretKey = (key: string): boolean => secretKeys.has(key)

/** The sections in which such keys stand for secrets: a tag or a dashboard may call something a password. */
export const sections: readonly string[] = ['tests', 'endpointTests']

/** Puts what the function makes of it in the place of everything under a secret key, at any depth. */
export function atSecrets(value: Json, change: (secret: Json) => Json | undefined): Json {
  if (Array.isArray(value)) return listOf(value).map((item) => atSecrets(item, change))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const made = isSecretKey(key) ? change(inner) : atSecrets(inner, change)
      return made === undefined ? [] : [[key, made]]
    }),
  )
}
