/**
 * Secrets of templates (DECISIONS 138). The document says nothing of them; what its requests for tests call write-only, no template
 * shows either, and neither does the default of a user input that fills one.
 */
import { type Json, type JsonObject, objectOf, own, textOf } from '../json.ts'
import { mask, unmasked } from '../secrets.ts'
import { secretInputs } from './secret-inputs.ts'
import { atSecrets, isSecretKey, sections } from './secret-keys.ts'

/** A path by itself tells where the secret comes from, and nothing of it. */
const isPlaceholder = (value: Json): boolean =>
  /^\s*\{\{\{?\s*[\w$@./-]+\s*\}?\}\}\s*$/.test(textOf(value) ?? '')

/** The configuration of an asset with its secrets masked. */
export const maskedAsset = (config: JsonObject): JsonObject => objectOf(atSecrets(config, () => mask))

/** The value as what is shown may refer to it. */
export const withoutSecrets = (value: Json): Json => atSecrets(value, () => undefined)

type OfSection = (value: Json) => Json
type OfDefault = (value: Json, key: string, isSecret: boolean) => Json

/** The template with what stands in its tests and in the defaults of its user inputs changed. */
function changed(
  template: JsonObject,
  ofSection: (name: string) => OfSection,
  ofDefault: OfDefault,
): JsonObject {
  const secret = secretInputs(template)
  const userInputs = Object.entries(objectOf(template['userInputs'])).map(([key, input]) => {
    const { defaultValue } = objectOf(input)
    if (defaultValue === undefined) return [key, input] as const
    return [key, { ...objectOf(input), defaultValue: ofDefault(defaultValue, key, secret.has(key)) }] as const
  })
  const written = sections.filter((name) => template[name] !== undefined)
  return {
    ...template,
    ...Object.fromEntries(written.map((name) => [name, ofSection(name)(template[name] ?? null)])),
    ...(template['userInputs'] !== undefined && { userInputs: Object.fromEntries(userInputs) }),
  }
}

const unlessPlaceholder = (secret: Json): Json => (isPlaceholder(secret) ? secret : mask)

/** The template as answers show it. */
export const maskedTemplate = (template: JsonObject): JsonObject =>
  changed(
    template,
    () => (value) => atSecrets(value, unlessPlaceholder),
    (value, _, isSecret) => (isSecret ? mask : atSecrets(value, () => mask)),
  )

/** What was given, with the stored secret wherever the mask came back in the place of one. */
export const withSecrets = (given: Json, stored: Json | undefined): Json =>
  unmasked(given, stored, isSecretKey)

/** A template that replaces the stored one and may have what was read of it. */
export function templateWithSecrets(given: JsonObject, stored: JsonObject): JsonObject {
  const inputs = objectOf(stored['userInputs'])
  return changed(
    given,
    (name) => (value) => withSecrets(value, stored[name]),
    (value, key, isSecret) => {
      const { defaultValue } = objectOf(own(inputs, key))
      return isSecret && value === mask ? (defaultValue ?? value) : withSecrets(value, defaultValue)
    },
  )
}
