/**
 * What tests had, and when: agents, monitors, targets, alert rules and network measurements are given to them and taken away, and
 * what was measured or raised in between stays. What a test has had ever since it was made is noted nowhere.
 */
import type { Call } from '../call.ts'
import { type JsonObject, objectOf, objectsOf, textOf, textsOf } from '../json.ts'
import type { Run, Schedule } from '../measurements/schedule.ts'
import type { Entry, NewEntry, Objects, Written } from '../state.ts'
import { agentsSelected } from './endpoint-agent-relations.ts'
import {
  epochSeconds,
  ever,
  forEver,
  knownAs,
  runsIn,
  secondsOf,
  storedRuns,
  thereFrom,
} from './stored-runs.ts'
import { targetKeys } from './test-targets.ts'

/** Under which it stands on a test; no answer declares it, so that none shows it. */
export const linksKey = 'links'

type Stored = Pick<NewEntry, 'collection' | 'fields'> & { readonly aid?: string }

/** What a test has of a kind, by id. */
type LinkedNow = (test: Stored, objects: Objects) => readonly string[]

const isPublic = ({ fields }: Entry): boolean => fields['monitorType'] === 'public'

function monitorsNow({ fields }: Stored, objects: Objects): readonly string[] {
  if (fields['bgpMeasurements'] === false) return []
  const named = new Set(textsOf(fields['monitors']))
  return objects
    .all('monitors')
    .filter((monitor) => named.has(monitor.id) || (fields['usePublicBgp'] !== false && isPublic(monitor)))
    .map(({ id }) => id)
}

/** A test whose alerts are switched off has no rules as long. */
const rulesNow = ({ fields }: Stored): readonly string[] =>
  fields['alertsEnabled'] === false ? [] : textsOf(fields['alertRules'])

export type LinkKind = 'agents' | 'monitors' | 'targets' | 'alertRules' | 'parts' | 'endpointAgents'

const networkTypes = ['agent-to-server', 'agent-to-agent', 'voice']

/** What a test measures beside what it is for. A test of the network measures that, whatever it says. */
const partsNow = ({ fields }: Stored): readonly string[] =>
  fields['networkMeasurements'] === false && !networkTypes.includes(String(fields['type'])) ? [] : ['network']

const linkedNow: Readonly<Record<LinkKind, LinkedNow>> = {
  agents: ({ fields }) => objectsOf(fields['agents']).flatMap(({ agentId }) => textOf(agentId) ?? []),
  monitors: monitorsNow,
  targets: ({ fields }, objects) => targetKeys(fields, objects),
  alertRules: rulesNow,
  parts: partsNow,
  endpointAgents: (test, objects) => agentsSelected(test, objects).map(({ id }) => id),
}

const kinds: Readonly<Record<string, readonly LinkKind[]>> = {
  tests: ['agents', 'monitors', 'targets', 'alertRules', 'parts'],
  'endpoint-tests': ['endpointAgents'],
}

/** When a test had what it has or had, by id: what it has now first, in its own order. */
export type Links = ReadonlyMap<string, Schedule>

type Noted = Readonly<Partial<Record<LinkKind, Links>>>

/** By the fields that they stand in, which are never changed in place. */
const known = new WeakMap<JsonObject, Noted>()

function notedIn(fields: JsonObject): Noted {
  const stored = fields[linksKey]
  if (stored === undefined) return {}
  const noted =
    known.get(fields) ??
    Object.fromEntries(
      Object.entries(objectOf(stored)).map(([kind, links]) => [
        kind,
        new Map(Object.entries(objectOf(links)).map(([id, runs]) => [id, runsIn(runs)])),
      ]),
    )
  known.set(fields, noted)
  return noted
}

export function linksOf(test: Stored, kind: LinkKind, objects: Objects): Links {
  const now = new Set(linkedNow[kind](test, objects))
  const noted = notedIn(test.fields)[kind]
  if (!noted) return new Map([...now].map((id) => [id, ever]))
  // An earlier version, which notes nothing, may have changed the test in between.
  const changedAt = secondsOf(test.fields['modifiedDate'])
  const has = [...now].map((id) => {
    const schedule = noted.get(id)
    return [id, schedule ? knownAs(schedule, changedAt, true) : ever] as const
  })
  const had = [...noted].filter(([id]) => !now.has(id))
  return new Map([...has, ...had.map(([id, schedule]) => [id, knownAs(schedule, changedAt, false)] as const)])
}

/** How many times that are over a test remembers of a kind, so that who links and parts for ever does not make it grow; ours. */
const mostOver = 500

/** How many characters the ids of these may have together: targets stand there as they were written, and a body may have one of a megabyte. */
const mostCharacters = 2_000_000

/** Without the times that were over first when there are too many. */
function bounded(links: Links): Links {
  const over = [...links]
    .flatMap(([id, runs]) => runs.map(({ to }) => ({ to, length: id.length })))
    .filter(({ to }) => to !== forEver)
    .sort((a, b) => b.to - a.to)
  let characters = 0
  const tooMany = over.find(({ length }, index) => {
    characters += length
    return index >= mostOver || characters > mostCharacters
  })
  if (!tooMany) return links
  const isKept = ({ to }: Run): boolean => to > tooMany.to
  return new Map([...links].map(([id, runs]) => [id, runs.filter(isKept)]))
}

/**
 * Whether a test has or had more targets than it could remember: a body may have thirty thousand DNS servers, which each write would
 * note anew. It counts as having had those that it has for ever. Agents are as many as there are.
 */
const isTooMany = (kind: LinkKind, ...ids: readonly { readonly size: number }[]): boolean =>
  kind === 'targets' && ids.some(({ size }) => size > mostOver)

/** What is to be noted of a kind when a test has become another one: what is not as it has ever been. */
function noteOf(kind: LinkKind, { was, is }: Change, at: number): JsonObject {
  const had = linksOf(was.test, kind, was.objects)
  const has = new Set(linkedNow[kind](is.test, is.objects))
  if (isTooMany(kind, had, has)) return {}
  const links = [...new Set([...had.keys(), ...has])].map(
    (id) => [id, thereFrom(had.get(id) ?? [], at, has.has(id))] as const,
  )
  const noted = [...bounded(new Map(links))].filter(([, runs]) => runs !== ever && runs.length > 0)
  return Object.fromEntries(noted.map(([id, runs]) => [id, storedRuns(runs)]))
}

/** A test before and after a call. */
type Change = Readonly<Record<'was' | 'is', { readonly test: Entry; readonly objects: Objects }>>

function notesOf(change: Change, at: number): JsonObject {
  const notes = (kinds[change.is.test.collection] ?? []).map(
    (kind) => [kind, noteOf(kind, change, at)] as const,
  )
  return Object.fromEntries(notes.filter(([, note]) => Object.keys(note).length > 0))
}

/** What the agents of an endpoint test follow from, but for the test itself. */
const selects = ['endpoint-agents', 'endpoint-labels', 'tags']

/** The tests whose bonds a call may have changed: endpoint agents are selected by where and what they are, too. */
function touchedTests({ entries, removed }: Written, before: Objects, state: Objects): Iterable<Entry> {
  const touched = entries.filter(({ collection }) => Object.hasOwn(kinds, collection))
  const groups = [...entries, ...removed]
    .filter(({ collection }) => selects.includes(collection))
    .map(({ collection, id }) => [before.find(collection, id)?.aid, state.find(collection, id)?.aid])
  if (groups.length === 0) return touched
  const changed = new Set(groups.flat())
  const moved = new Set(groups.filter(([was, is]) => was !== is).flat())
  const isTouched = ({ aid, fields }: Entry): boolean =>
    (fields['agentSelectorType'] ?? 'all-agents') === 'all-agents' ? moved.has(aid) : changed.has(aid)
  return new Set([...touched, ...state.all('endpoint-tests').filter(isTouched)])
}

/** Keeps what tests had that a call has changed, whichever operation it was. @param before the objects as they were */
export function keepLinks(
  { state, now }: Pick<Call, 'state' | 'now'>,
  written: Written,
  before: Objects,
): void {
  for (const { collection, id } of touchedTests(written, before, state)) {
    const [was, is] = [before.find(collection, id), state.find(collection, id)]
    if (!was || !is) continue
    const change = { was: { test: was, objects: before }, is: { test: is, objects: state } }
    const notes = notesOf(change, epochSeconds(now))
    if (JSON.stringify(notes) === JSON.stringify(is.fields[linksKey] ?? {})) continue
    state.put({ ...is, fields: { ...is.fields, [linksKey]: notes } })
  }
}
