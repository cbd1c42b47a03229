import type { Answerers, Call } from '../call.ts'
import { type Acceptance, type Accepted, crud, type Family, named, shown } from '../crud.ts'
import { isJsonObject, type Json, type JsonObject, objectOf, textsOf, without } from '../json.ts'
import type { Model } from '../model.ts'
import { invalid, notFound, refused, type V7Refusal, type Violation } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { simpleTest } from './agent-show.ts'
import { setTestsOfRule, testsOfRule } from './alert-rule-tests.ts'

/**
 * Keys that the document marks read-only although its own text describes choices and defaults for them, and that clients
 * set: Terraform's provider sends `roundsViolatingMode` with every rule (read in its schema).
 */
const chosenKeys: Readonly<Record<string, readonly string[]>> = {
  roundsViolatingMode: ['exact', 'any', 'auto'],
  sensitivityLevel: ['high', 'medium', 'low'],
}

function wrongChoices(body: JsonObject): readonly Violation[] {
  return Object.entries(chosenKeys).flatMap(([field, allowed]) => {
    const value = body[field]
    const isRight = value === undefined || allowed.some((one) => one === value)
    return isRight ? [] : [{ field, message: `must be one of ${allowed.join(', ')}.` }]
  })
}

const strayTests = ({ call, supplied }: Acceptance): readonly Violation[] =>
  textsOf(supplied['testIds'])
    .filter((id) => call.state.find('tests', id)?.aid !== call.aid)
    .map((id) => ({ field: 'testIds', message: `There is no test ${id} in this account group.` }))

const chosen = (body: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(body).filter(([key]) => key in chosenKeys))

/** Where notifications are shown they have recipients: Terraform's provider reads them unasked (v7-notes section 9). */
function withRecipients(notifications: Json | undefined): JsonObject {
  if (!isJsonObject(notifications)) return {}
  return {
    notifications: { ...notifications, email: { recipients: [], ...objectOf(notifications['email']) } },
  }
}

/** Sources are counted or taken as a share: what is given now wins over what is stored. Both at once are refused by a rule. */
function otherSources(supplied: JsonObject): readonly string[] {
  const isCounted = supplied['minimumSources'] !== undefined
  if (isCounted === (supplied['minimumSourcesPct'] !== undefined)) return []
  return [isCounted ? 'minimumSourcesPct' : 'minimumSources']
}

/** Rounds that count by themselves do so at a sensitivity, `medium` where none is given (official document). */
const usualSensitivity = ({ roundsViolatingMode }: JsonObject): JsonObject =>
  roundsViolatingMode === 'auto' ? { sensitivityLevel: 'medium' } : {}

function accept(acceptance: Acceptance): Accepted | V7Refusal {
  const { call, supplied, merged } = acceptance
  const body = objectOf(call.body)
  const wrong = [...wrongChoices(body), ...strayTests(acceptance)]
  if (wrong.length > 0) return invalid(wrong)
  if (isRelinked(acceptance) && !call.caller.permissionsIn(call.aid).has('Edit tests'))
    return editTestsMissing
  const fields: JsonObject = {
    roundsViolatingMode: 'any',
    ...without(merged, [...otherSources(supplied), 'testIds']),
    ...chosen(body),
    ...withRecipients(merged['notifications']),
  }
  return { fields: { ...usualSensitivity(fields), ...fields } }
}

/** Whether the write gives the rule to a test or takes it from one. */
function isRelinked({ call, supplied, stored }: Acceptance): boolean {
  if (supplied['testIds'] === undefined) return false
  const linked = new Set(stored ? testsOfRule(stored.id, stored.aid, call.state).map(({ id }) => id) : [])
  const wanted = new Set(textsOf(supplied['testIds']))
  return wanted.size !== linked.size || [...wanted].some((id) => !linked.has(id))
}

/** Documented for linking rules to tests; that it counts for parting them as well is ours. */
const editTestsMissing = refused('forbidden', 'Insufficient permissions: the role lacks "Edit tests".')

/** A type has one default rule: a new one takes the place of the old (official document, `isDefault`). */
function takeDefault(rule: Entry, { state }: Call): void {
  if (rule.fields['isDefault'] !== true) return
  for (const other of state.all('alert-rules')) {
    const isSame = other.aid === rule.aid && other.fields['alertType'] === rule.fields['alertType']
    if (isSame && other.id !== rule.id && other.fields['isDefault'] === true)
      state.put({ ...other, fields: { ...other.fields, isDefault: false } })
  }
}

function show(rule: Entry, call: Call): JsonObject {
  const tests = testsOfRule(rule.id, rule.aid, call.state)
  return {
    ...rule.fields,
    testIds: tests.map(({ id }) => id),
    tests: tests.map((test) => simpleTest(test, call)),
  }
}

const alertRule: Family = {
  path: '/alerts/rules',
  collection: 'alert-rules',
  idKey: 'ruleId',
  owner: 'account-group',
  newId: ({ state }) => state.nextId({ name: 'ruleIds', first: 1_000_001 }),
  show,
  accept,
  afterWrite(rule, call) {
    takeDefault(rule, call)
    const testIds = objectOf(call.body)['testIds']
    if (testIds !== undefined) setTestsOfRule(rule, textsOf(testIds), call)
  },
  beforeDelete(rule, call) {
    setTestsOfRule(rule, [], call)
    return undefined
  },
}

/** `/alerts/rules`. The document says of this operation alone that an unknown rule reads as an empty answer. */
export const alertRules = (model: Model): Answerers => ({
  ...crud(alertRule, model),
  getAlertRule(call) {
    const rule = named(alertRule, call)
    const schema = model.schema('RuleDetail')
    if (rule) return { status: 200, body: shown(alertRule, rule, { ...call, schema }) }
    return call.dialect.unknownAlertRule === 'not-found' ? notFound : { status: 200, body: {} }
  },
})
