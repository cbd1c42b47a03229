import type { Answerers, Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, without } from '../json.ts'
import { invalidField, notFound } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { linksKey } from './test-links.ts'
import { runsKey } from './test-schedule.ts'

const collection = 'test-versions'

/** How many versions of a test are kept: as many as its history can tell of at once (official document). */
const mostVersions = 500

/** How many characters there may be behind a version before it is dropped, so that the youngest one never is; ours. */
const mostCharacters = 2_000_000

/** Under which a version tells how many characters it and all before it had, so that none has to be counted again. */
const soFarKey = 'charactersSoFar'

const soFar = (version: Entry | undefined): number => Number(version?.fields[soFarKey] ?? 0)

/** The number of the oldest version, which stands beside the versions once there were too many. */
const firstOf = (testId: string, { state }: Call): number =>
  Number(state.find(collection, testId)?.fields['first'] ?? 1)

/** Oldest first. They are numbered without a gap, and found by their ids: there are many of other tests. */
function versionsOf(testId: string, call: Call): readonly Entry[] {
  const versions: Entry[] = []
  const first = firstOf(testId, call)
  const next = (): Entry | undefined => call.state.find(collection, `${testId}.${first + versions.length}`)
  for (let version = next(); version; version = next()) versions.push(version)
  return versions
}

const hasVersions = (testId: string, call: Call): boolean =>
  call.state.find(collection, `${testId}.${firstOf(testId, call)}`) !== undefined

/** @param number of the version @returns how many characters there were so far */
function keep({ id, sequence: _, fields: now, ...kept }: Entry, number: number, call: Call): number {
  const fields = without(now, [runsKey, linksKey])
  const before = call.state.find(collection, `${id}.${number - 1}`)
  const characters = soFar(before) + JSON.stringify(fields).length
  const version = { ...fields, [soFarKey]: characters }
  call.state.put({ ...kept, collection, id: `${id}.${number}`, fields: version })
  return characters
}

/** A test that nobody has changed yet has no versions but itself: one of a seed becomes its first when it is changed. */
function keepFirst({ id }: Entry, call: Call): void {
  const was = call.state.before.find('tests', id)
  if (was && was.fields['instant'] !== true && !hasVersions(id, call)) keep(was, 1, call)
}

/** Every write of a test leaves a version of it behind (v7-notes section 2). */
export function writeVersion(test: Entry, call: Call): void {
  keepFirst(test, call)
  const versions = versionsOf(test.id, call)
  const first = firstOf(test.id, call)
  const characters = keep(test, first + versions.length, call)
  const old = versions.filter(
    (version, index) =>
      index < versions.length + 1 - mostVersions || characters - soFar(version) > mostCharacters,
  )
  if (old.length === 0) return
  for (const version of old) call.state.remove(collection, version.id)
  const { sequence: _, fields: __, ...kept } = test
  call.state.put({ ...kept, collection, fields: { first: first + old.length } })
}

/** The version that `versionId` asks for, and without one the test as it is; undefined for a version that there is not. */
export function versionAsked(test: Entry, call: Call): Entry | undefined {
  const versionId = 'versionId' in call.row.query ? call.query.get('versionId') : null
  if (versionId === null) return test
  const version = call.state.find(collection, `${test.id}.${versionId}`)
  if (version) return { ...test, fields: version.fields }
  return versionId === '1' && !hasVersions(test.id, call) ? test : undefined
}

/** Changes a test by what happens to another object: who did that has changed the test now, which leaves a version. */
export function changeTest(test: Entry, fields: JsonObject, call: Call): void {
  const by = { modifiedBy: call.caller.email, modifiedDate: isoDate(call.now) }
  const changed = { ...test, fields: { ...test.fields, ...fields, ...by } }
  call.state.put(changed)
  if (test.fields['instant'] !== true) writeVersion(changed, call)
}

export function removeVersions(test: Entry, call: Call): void {
  for (const { id } of versionsOf(test.id, call)) call.state.remove(collection, id)
  call.state.remove(collection, test.id)
}

/** `GET /tests/{testId}/history`, newest first. */
export const testHistory = (): Answerers => ({
  getTestVersionHistory(call) {
    const test = call.state.find('tests', call.parameters['testId'] ?? '')
    if (!test || test.aid !== call.aid || test.fields['instant'] === true) return notFound
    const limit = Number(call.query.get('limit') ?? 50)
    // The document says no least one; what it asks for is a number of entries.
    if (limit < 0) return invalidField('limit', 'must not be negative.')
    const kept = versionsOf(test.id, call)
    const versions = (kept.length > 0 ? kept : [{ ...test, id: `${test.id}.1` }])
      .toReversed()
      .slice(0, limit)
      .map(({ id, fields }) => ({
        versionId: id.slice(test.id.length + 1),
        testId: test.id,
        versionTimestamp: fields['modifiedDate'] ?? '',
        createdBy: fields['modifiedBy'] ?? '',
      }))
    return {
      status: 200,
      body: {
        testVersionHistory: versions,
        _links: { self: { href: call.href(`/tests/${test.id}/history`) } },
      },
    }
  },
})
