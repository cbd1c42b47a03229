/** Fields of a seed's objects, held to what v7 would take or show: schemas of the official document, and rules between fields. */
import { isJsonObject, type Json, type JsonObject, objectsOf, textOf } from './json.ts'
import type { Model } from './model.ts'
import { defaultsOf } from './project.ts'
import { contradictionsIn, givenOver } from './rules/rules.ts'
import type { Problem } from './seed-copies.ts'
import { foundIn } from './seed-form.ts'
import type { SeedObject } from './seed-objects.ts'
import { violationsOf } from './validate.ts'

/** The operation whose body, or else whose answer, has the form of a collection's objects. */
type Place = readonly [method: string, path: string]

const places: Readonly<Record<string, Place>> = {
  agents: ['PUT', '/agents/{agentId}'],
  'alert-rules': ['POST', '/alerts/rules'],
  'alert-suppression-windows': ['POST', '/alert-suppression-windows'],
  credentials: ['POST', '/credentials'],
  'endpoint-labels': ['POST', '/endpoint/labels'],
  'endpoint-agents': ['GET', '/endpoint/agents/{agentId}'],
  'interface-groups': ['POST', '/network/path-vis/interface-groups'],
  'dashboard-filters': ['POST', '/dashboards/filters'],
  'generic-connectors': ['POST', '/connectors/generic'],
  streams: ['POST', '/streams'],
  tags: ['POST', '/tags'],
  templates: ['POST', '/templates'],
  'webhook-operations': ['POST', '/operations/webhooks'],
}

/** What stands before the type in the paths of objects that differ by it. */
function beforeType({ collection, fields }: SeedObject): string | undefined {
  if (collection === 'tests') return '/tests/'
  if (collection !== 'endpoint-tests') return undefined
  return `/endpoint/tests/${fields['isDynamic'] === true ? 'dynamic' : 'scheduled'}-tests/`
}

function typesOf(model: Model, before: string): readonly string[] {
  return model.rows
    .filter(({ method, path }) => method === 'POST' && path.startsWith(before))
    .map(({ path }) => path.slice(before.length))
    .filter((rest) => /^[a-z-]+$/.test(rest))
}

/** DNS servers of a test have ids in the state, and names alone in a request. */
const asRequested = (fields: JsonObject): JsonObject =>
  fields['dnsServers'] === undefined
    ? fields
    : {
        ...fields,
        dnsServers: objectsOf(fields['dnsServers']).map((server) => server['serverName'] ?? null),
      }

function schemaAt(model: Model, [method, path]: Place): string | undefined {
  const row = model.row(method, path)
  return method === 'GET' ? row?.answer.schema : row?.body?.schema
}

const within = (value: Json | undefined, path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>((inner, key) => {
    if (Array.isArray(inner)) return (inner as readonly Json[])[Number(key)]
    return isJsonObject(inner) ? inner[key] : undefined
  }, value)

/** What stands behind what was found, of a message that follows the name of a field. */
const allowedBy = (message: string): string =>
  message
    .replace(/\.$/, '')
    .replace(/^.* is empty$/, 'it has to be there')
    .replace(/^(?=is |can |cannot |has )/, 'it ')

/** What the schema of a request for the object says of it, and the rules between its fields: defaults count there, as in a request. */
function problemsOf(model: Model, { fields, place }: SeedObject, name: string): readonly Problem[] {
  const schema = model.schema(name)
  const asked = asRequested(fields)
  const merged = givenOver(model, name, { under: defaultsOf(model, schema), given: asked })
  const wrong = [...violationsOf(model, schema, asked), ...contradictionsIn(model, name, merged)]
  return wrong.map(({ field, message }) => {
    const path = field.replaceAll(/\[(\d+)\]/g, '.$1').split('.')
    return `${[place, ...path].join('.')}: found ${foundIn(within(fields, path))}; ${allowedBy(message)}`
  })
}

/** Dates that no request has, and that results and versions are worked out from. */
const wrongDates = ({ fields, place }: SeedObject): readonly Problem[] =>
  ['createdDate', 'modifiedDate']
    .filter((key) => typeof fields[key] === 'string' && Number.isNaN(Date.parse(fields[key])))
    .map((key) => `${place}.${key}: found ${foundIn(fields[key])}; it must be a date-time`)

/** @param typesBelow the types that there are behind the beginning of a path */
function wrongIn(
  model: Model,
  object: SeedObject,
  typesBelow: (before: string) => readonly string[],
): readonly Problem[] {
  const { collection, fields, place } = object
  const before = beforeType(object)
  if (before === undefined) {
    const at = Object.hasOwn(places, collection) ? places[collection] : undefined
    const schema = at && schemaAt(model, at)
    return schema ? problemsOf(model, object, schema) : []
  }
  const type = textOf(fields['type'])
  const known = typesBelow(before)
  const schema =
    type === undefined || !known.includes(type) ? undefined : schemaAt(model, ['POST', `${before}${type}`])
  return schema
    ? problemsOf(model, object, schema)
    : [`${place}.type: found ${foundIn(fields['type'])}; allowed are ${known.join(', ')}`]
}

/** @returns what v7 would not take or show like this */
export function wrongFields(model: Model, objects: readonly SeedObject[]): readonly Problem[] {
  const types = new Map<string, readonly string[]>()
  const typesBelow = (before: string): readonly string[] => {
    const known = types.get(before) ?? typesOf(model, before)
    types.set(before, known)
    return known
  }
  return objects.flatMap((object) => [...wrongDates(object), ...wrongIn(model, object, typesBelow)])
}
