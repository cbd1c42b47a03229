import { isDeepStrictEqual } from 'node:util'
import type { Call } from '../call.ts'
import type { Acceptance, Accepted } from '../crud.ts'
import { isoDate } from '../iso-date.ts'
import {
  isJsonObject,
  type Json,
  type JsonObject,
  objectsOf,
  only,
  present,
  textOf,
  textsOf,
  without,
} from '../json.ts'
import { invalid, invalidField, refused, type V7Refusal, type Violation } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { isForTests } from './tag-assignments.ts'
import type { TestKind } from './test-kinds.ts'
import { consequences, contradictions } from './test-rules.ts'
import { showTest } from './test-show.ts'
import { straySecrets } from './vault-secrets.ts'

const isForGroup = (entry: Entry | undefined, { aid, caller }: Call): boolean =>
  entry !== undefined &&
  (entry.orgId === undefined || entry.orgId === caller.orgId) &&
  (entry.aid === undefined || entry.aid === aid || textsOf(entry.fields['accountGroups']).includes(aid))

const strayIds = (
  call: Call,
  { collection, field, ids }: { collection: string; field: string; ids: readonly string[] },
): readonly Violation[] =>
  ids
    .filter((id) => !isForGroup(call.state.find(collection, id), call))
    .map((id) => ({ field, message: `There is no ${id} in this account group.` }))

/** What a test names that does not exist where it may. */
function strays(merged: JsonObject, call: Call): readonly Violation[] {
  const one = (key: string): readonly string[] => [merged[key]].flatMap((id) => textOf(id) ?? [])
  const agentIds = objectsOf(merged['agents']).map((agent) => textOf(agent['agentId']) ?? '')
  const shared = textsOf(merged['sharedWithAccounts'])
  return [
    ...strayIds(call, { collection: 'agents', field: 'agents', ids: agentIds }),
    ...strayIds(call, { collection: 'agents', field: 'targetAgentId', ids: one('targetAgentId') }),
    ...strayIds(call, {
      collection: 'emulated-devices',
      field: 'emulatedDeviceId',
      ids: one('emulatedDeviceId'),
    }),
    ...strayIds(call, { collection: 'monitors', field: 'monitors', ids: textsOf(merged['monitors']) }),
    ...strayIds(call, { collection: 'alert-rules', field: 'alertRules', ids: textsOf(merged['alertRules']) }),
    ...strayIds(call, { collection: 'tags', field: 'tags', ids: textsOf(merged['tags']) }),
    ...strayIds(call, {
      collection: 'credentials',
      field: 'credentials',
      ids: textsOf(merged['credentials']),
    }),
    ...strayIds(call, { collection: 'account-groups', field: 'sharedWithAccounts', ids: shared }),
  ]
}

/** Tags that a test is given and does not have yet, and that are for other objects. */
function wrongTags({ supplied, stored, call }: Acceptance): readonly Violation[] {
  const had = new Set(textsOf(stored?.fields['tags']))
  return textsOf(supplied['tags'])
    .filter((id) => !had.has(id))
    .flatMap((id) => call.state.find('tags', id) ?? [])
    .filter((tag) => isForGroup(tag, call) && !isForTests(tag))
    .map(({ id }) => ({ field: 'tags', message: `The tag ${id} is not for tests.` }))
}

/** A test's name is its own within an account group (v7-notes section 2). */
const isNameTaken = (merged: JsonObject, { state, aid }: Call, stored: Entry | undefined): boolean =>
  merged['testName'] !== undefined &&
  state
    .all('tests')
    .some(
      (test) =>
        test.id !== stored?.id &&
        test.aid === aid &&
        test.fields['instant'] !== true &&
        test.fields['testName'] === merged['testName'],
    )

/** Alerts without rules take the account group's default rules for the type (official document, `alertsEnabled`). */
const defaultRules = ({ alertTypes }: TestKind, { state, aid }: Call): readonly string[] =>
  state
    .all('alert-rules')
    .filter(({ aid: owner, fields }) => owner === aid && fields['isDefault'] === true)
    .filter(({ fields }) => alertTypes.includes(String(fields['alertType'])))
    .map(({ id }) => id)

/** The DNS servers that tests of the account group name already, each with its id, by their names. */
const knownServers = ({ state, aid }: Call): ReadonlyMap<unknown, JsonObject> =>
  new Map(
    state
      .all('tests')
      .flatMap((test) => (test.aid === aid ? objectsOf(test.fields['dnsServers']) : []))
      .map((server) => [server['serverName'], server]),
  )

/** Every DNS server gets one id, by which its results are read: it is the same in all tests of the account group. */
function dnsServers(supplied: JsonObject, call: Call): JsonObject {
  if (supplied['dnsServers'] === undefined) return {}
  const known = knownServers(call)
  const servers = [...new Set(textsOf(supplied['dnsServers']))].map((serverName): JsonObject => {
    return known.get(serverName) ?? { serverId: call.state.nextId(), serverName }
  })
  return { dnsServers: servers }
}

const sharedKeys = ['alertRules', 'labels', 'tags']

/** What is written as an id or a name and shown as an object, as what is written. */
const asWritten = (value: Json | undefined): unknown =>
  Array.isArray(value)
    ? (value as readonly Json[]).map((one) =>
        isJsonObject(one)
          ? (one['agentId'] ?? one['serverName'] ?? one['aid'] ?? one['monitorId'] ?? one)
          : one,
      )
    : value

/**
 * A test that another account group shares may only change what hangs on it (v7-notes section 2). What the document requires of every
 * body, and what a client read and sends back, is no change.
 */
function isBeyondShare({ supplied, stored, call }: Acceptance): boolean {
  if (!stored || stored.aid === call.aid) return false
  const expand = new Set(['agent', 'monitor', 'shared-with-account'])
  const shown = { ...stored.fields, ...showTest(stored, { ...call, expand }) }
  return Object.keys(supplied)
    .filter((key) => !sharedKeys.includes(key))
    .some((key) => !isDeepStrictEqual(asWritten(supplied[key]), asWritten(shown[key])))
}

/** What a create has over the defaults that are seen. */
function seen({ call, supplied, merged, stored }: Acceptance): JsonObject {
  if (stored) return merged
  const { testFieldsWithoutDefault, bgpWithoutNetwork } = call.dialect
  const isQuiet =
    bgpWithoutNetwork === 'off' &&
    supplied['networkMeasurements'] === false &&
    supplied['bgpMeasurements'] === undefined
  return {
    ...without(
      merged,
      testFieldsWithoutDefault.filter((key) => supplied[key] === undefined),
    ),
    ...(isQuiet && { bgpMeasurements: false, usePublicBgp: supplied['usePublicBgp'] ?? false }),
  }
}

/** A create or update of a configured test of the kind. */
export const acceptTest =
  (kind: TestKind) =>
  (acceptance: Acceptance): Accepted | V7Refusal => {
    const { call, stored } = acceptance
    if (isBeyondShare(acceptance))
      return refused('forbidden', `A shared test may only change ${sharedKeys.join(', ')}.`)
    const isShared = stored !== undefined && stored.aid !== call.aid
    const supplied = isShared ? only(acceptance.supplied, sharedKeys) : acceptance.supplied
    const merged = isShared ? { ...stored.fields, ...supplied } : seen(acceptance)
    const wrong = [
      ...strays(supplied, call),
      ...straySecrets(supplied, call),
      ...wrongTags(acceptance),
      ...contradictions({ type: kind.type, merged, supplied }, call),
    ]
    if (wrong.length > 0) return invalid(wrong)
    if (isNameTaken(merged, call, stored))
      return invalidField('testName', 'A test with this name exists already.')
    const accepted = { ...acceptance, supplied, merged }
    return { fields: { ...merged, ...derived(kind, accepted), ...withThoseOfOthers(accepted) } }
  }

/** Account groups that share a test have rules and tags of their own on it, which the others do not see, and do not take away. */
function withThoseOfOthers({ call, supplied, stored }: Acceptance): JsonObject {
  const collections = { alertRules: 'alert-rules', tags: 'tags' }
  return Object.fromEntries(
    Object.entries(collections).flatMap(([key, collection]) => {
      if (!stored || supplied[key] === undefined) return []
      const ofOthers = textsOf(stored.fields[key]).filter((id) => {
        const entry = call.state.find(collection, id)
        return entry !== undefined && entry.aid !== undefined && entry.aid !== call.aid
      })
      return [[key, [...new Set([...textsOf(supplied[key]), ...ofOthers])]]]
    }),
  )
}

/** What the server adds to a test: who and when, default rules, DNS server ids, the method of a body. */
function derived(kind: TestKind, { call, supplied, merged, stored }: Acceptance): JsonObject {
  const by = call.caller.email
  const at = isoDate(call.now)
  const alertsEnabled = merged['alertsEnabled'] ?? true
  const rules =
    merged['alertRules'] ?? (alertsEnabled === true && !stored ? defaultRules(kind, call) : undefined)
  return {
    ...present({ alertRules: rules }),
    ...dnsServers(supplied, call),
    ...consequences({ type: kind.type, merged, supplied }, stored === undefined),
    ...(kind.type === 'http-server' &&
    merged['postBody'] !== undefined &&
    merged['requestMethod'] === undefined
      ? { requestMethod: 'post' }
      : {}),
    alertsEnabled,
    type: kind.type,
    createdBy: stored?.fields['createdBy'] ?? by,
    createdDate: stored?.fields['createdDate'] ?? at,
    modifiedBy: by,
    modifiedDate: at,
    liveShare: false,
    savedEvent: false,
  }
}

/** An instant test: nobody lists it, it is named but need not be the only one of its name, and no alert rules hang on it. */
export const acceptInstantTest =
  (kind: TestKind) =>
  (acceptance: Acceptance): Accepted | V7Refusal => {
    const { call, supplied } = acceptance
    const merged = seen(acceptance)
    const wrong = [
      ...strays(merged, call),
      ...straySecrets(merged, call),
      ...wrongTags(acceptance),
      ...contradictions({ type: kind.type, merged, supplied }, call),
    ]
    if (wrong.length > 0) return invalid(wrong)
    const how = { instant: true, ranAt: call.now, alertRules: [] }
    return { fields: { ...merged, ...derived(kind, { ...acceptance, merged }), ...how } }
  }
