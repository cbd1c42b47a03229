import type { Answerers, Call } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import { type Json, type JsonObject, listOf, objectsOf } from '../json.ts'
import type { Model } from '../model.ts'
import { invalid, isV7Refusal, type V7Refusal, type Violation } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { uuid } from '../uuid.ts'
import { disableTestsUsing, secretIdsOf, takeSecretsFromTests, testsUsing } from './vault-secrets.ts'

/** The document's enum names only `webhook` (v7-notes section 11). The answer repeats the word that was given, if any. */
const types = ['credential-vault', 'webhook']

/**
 * Finds the secret of the operation that is meant: by its id, or by its name when the client gives none. The name of one that is
 * given by its id is free for another.
 */
function secretsAmong(
  known: readonly JsonObject[],
  given: readonly JsonObject[],
): (secret: JsonObject) => JsonObject | undefined {
  const byId = new Map(known.map((one) => [one['id'], one]))
  const givenIds = new Set(given.map(({ id }) => id))
  const byName = new Map(known.filter(({ id }) => !givenIds.has(id)).map((one) => [one['name'], one]))
  return ({ id, name }) => (id === undefined ? byName.get(name) : byId.get(id))
}

/** Tells of each value whether it was asked for before. */
function repetitions(): (value: Json | undefined) => boolean {
  const known = new Set<Json>()
  return (value) => value !== undefined && known.size === known.add(value).size
}

/** The secrets with their ids: those that the operation had keep theirs, new ones get one. */
function secretsWithIds(
  given: readonly JsonObject[],
  stored: Entry | undefined,
  call: Call,
): readonly JsonObject[] | V7Refusal {
  const sameSecret = secretsAmong(objectsOf(stored?.fields['secrets']), given)
  const isRepeated = { name: repetitions(), id: repetitions() }
  const wrong = given.flatMap((secret, index): readonly Violation[] => {
    const { id, name } = secret
    const isStray = stored !== undefined && id !== undefined && !sameSecret(secret)
    return [
      ...(isRepeated.name(name) ? [{ field: `secrets[${index}].name`, message: 'is given twice.' }] : []),
      ...(isRepeated.id(id) ? [{ field: `secrets[${index}].id`, message: 'is given twice.' }] : []),
      ...(isStray ? [{ field: `secrets[${index}].id`, message: 'There is no such secret here.' }] : []),
    ]
  })
  if (wrong.length > 0) return invalid(wrong)
  return given.map(({ name = '', secretKey = '', ...rest }) => ({
    id: sameSecret({ ...rest, name })?.['id'] ?? uuid(call),
    name,
    secretKey,
  }))
}

/** Secrets that tests take stay: a change has no way to confirm that tests are disabled. */
function removedInUse(secrets: readonly JsonObject[], stored: Entry, call: Call): readonly Violation[] {
  const kept = new Set(secrets.map(({ id }) => id))
  const removed = secretIdsOf(stored).filter((id) => !kept.has(id))
  return testsUsing(removed, call).map(({ id }) => ({
    field: 'secrets',
    message: `The test ${id} uses a secret that is left out.`,
  }))
}

/** What fetches secrets from a vault. `connectorIds`, which no answer declares, is the relation to connectors. */
const credentialVaultOperation: Family = {
  path: '/operations/credential-vault',
  collection: 'credential-vault-operations',
  idKey: 'id',
  owner: 'account-group',
  newId: uuid,
  accept({ call, merged, stored }) {
    const { type } = merged
    if (type !== undefined && !types.includes(String(type)))
      return invalid([{ field: 'type', message: `must be one of ${types.join(', ')}.` }])
    const secrets = secretsWithIds(objectsOf(merged['secrets']), stored, call)
    if (isV7Refusal(secrets)) return secrets
    const inUse = stored ? removedInUse(secrets, stored, call) : []
    if (inUse.length > 0) return invalid(inUse)
    const connectorIds = listOf(stored?.fields['connectorIds'])
    return { fields: { status: 'pending', ...merged, secrets, connectorIds } }
  },
  beforeDelete(operation, call) {
    const secretIds = secretIdsOf(operation)
    const refusal = disableTestsUsing(secretIds, call)
    if (!refusal) takeSecretsFromTests(secretIds, call)
    return refusal
  },
}

/** `/operations/credential-vault`. */
export const credentialVaultOperations = (model: Model): Answerers => crud(credentialVaultOperation, model)
