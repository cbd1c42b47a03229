/** Secrets of credential vault operations, and the tests that take user names and passwords from them. */
import type { Call } from '../call.ts'
import { type JsonObject, objectsOf, textOf } from '../json.ts'
import { invalidField, type V7Refusal, type Violation } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { changeTest } from './test-history.ts'

export const secretIdsOf = ({ fields }: Entry): readonly string[] =>
  objectsOf(fields['secrets']).flatMap(({ id }) => textOf(id) ?? [])

const credentialsOf = ({ fields }: Pick<Entry, 'fields'>): readonly JsonObject[] =>
  objectsOf(fields['vaultCredentials'])

/** Whether what a test asks for is one of the secrets. */
function isOneOf(secretIds: readonly string[]): (credential: JsonObject) => boolean {
  const known = new Set(secretIds)
  return ({ secretId }) => known.has(String(secretId))
}

/** The tests of the account group that take any of the secrets. */
export function testsUsing(secretIds: readonly string[], { state, aid }: Call): readonly Entry[] {
  const isMeant = isOneOf(secretIds)
  return state.all('tests').filter((test) => test.aid === aid && credentialsOf(test).some(isMeant))
}

/**
 * Disables the tests that take the secrets. @returns why not: the operation wants `confirmDisabledObjects`, and nobody gave it.
 * That it is refused without, as a bad request, is ours: the document only names the parameter.
 */
export function disableTestsUsing(secretIds: readonly string[], call: Call): V7Refusal | undefined {
  const tests = testsUsing(secretIds, call).filter(({ fields }) => fields['enabled'] !== false)
  const isAsked = 'confirmDisabledObjects' in call.row.query
  if (tests.length > 0 && isAsked && call.query.get('confirmDisabledObjects') !== 'true')
    return invalidField(
      'confirmDisabledObjects',
      `must be true, as this disables tests: ${tests.map(({ id }) => id).join(', ')}.`,
    )
  for (const test of tests) changeTest(test, { enabled: false }, call)
  return undefined
}

/** Takes the secrets out of the tests that have them. */
export function takeSecretsFromTests(secretIds: readonly string[], call: Call): void {
  const isMeant = isOneOf(secretIds)
  for (const test of testsUsing(secretIds, call))
    changeTest(test, { vaultCredentials: credentialsOf(test).filter((one) => !isMeant(one)) }, call)
}

/** The secrets that a test asks for and that its account group does not have. */
export function straySecrets(fields: JsonObject, { state, aid }: Call): readonly Violation[] {
  const wanted = credentialsOf({ fields })
  if (wanted.length === 0) return []
  const known = state
    .all('credential-vault-operations')
    .filter((operation) => operation.aid === aid)
    .flatMap(secretIdsOf)
  const isKnown = isOneOf(known)
  return wanted
    .filter((one) => !isKnown(one))
    .map(({ secretId }) => ({
      field: 'vaultCredentials',
      message: `There is no secret ${String(secretId)} in this account group.`,
    }))
}
