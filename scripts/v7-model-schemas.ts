/** The schemas of the OpenAPI document without prose: prefixes stripped, `allOf` merged, references by bare name. */

export interface SpecSchema {
  readonly [key: string]: unknown
  readonly $ref?: string
  readonly allOf?: readonly SpecSchema[]
  readonly properties?: Readonly<Record<string, SpecSchema>>
  readonly items?: SpecSchema
  readonly required?: readonly string[]
}

export interface SpecDocument {
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** What is kept of a schema as it stands. */
const facts = [
  'type',
  'format',
  'enum',
  'default',
  'pattern',
  'minimum',
  'maximum',
  'maxLength',
  'maxItems',
] as const

/** Kept where they are true. */
const flags = ['uniqueItems', 'nullable', 'readOnly', 'writeOnly', 'deprecated'] as const

export type CompactSchema = Record<string, unknown> & {
  ref?: string
  properties?: Record<string, CompactSchema>
  items?: CompactSchema
  required?: string[]
}

/** `Tests_API_Link` is `Link`: names repeat per API, and v7-notes section 11 found no two that differ. */
export const bareName = (ref: string): string => ref.replace(/^.*\//, '').replace(/^.*?_API_/, '')

/** An example that is a value (a number, a flag, an id), never one that is words. */
const isValueExample = (example: unknown): boolean =>
  typeof example === 'number' ||
  typeof example === 'boolean' ||
  (typeof example === 'string' && /^[\w:./@+-]{1,48}$/.test(example))

const isSchema = (value: unknown): value is SpecSchema => typeof value === 'object' && value !== null

function scalarFacts(schema: SpecSchema): CompactSchema {
  const made: CompactSchema = {}
  for (const fact of facts) if (schema[fact] !== undefined) made[fact] = schema[fact]
  for (const flag of flags) if (schema[flag] === true) made[flag] = true
  if (isValueExample(schema['example'])) made['example'] = schema['example']
  return made
}

function memberFacts(schema: SpecSchema): CompactSchema {
  const made: CompactSchema = {}
  if (schema.required?.length) made.required = [...schema.required]
  if (schema.items) made.items = compact(schema.items)
  if (schema.properties)
    made.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, compact(property)]),
    )
  const extra = schema['additionalProperties']
  if (extra !== undefined) made['additionalProperties'] = isSchema(extra) ? compact(extra) : extra
  return made
}

function choiceFacts(schema: SpecSchema): CompactSchema {
  const made: CompactSchema = {}
  for (const choice of ['oneOf', 'anyOf', 'allOf']) {
    const members = schema[choice]
    if (Array.isArray(members))
      made[choice] = members.map(compact).filter((member) => Object.keys(member).length > 0)
  }
  const discriminator = schema['discriminator'] as Discriminator | undefined
  if (discriminator)
    made['discriminator'] = {
      property: discriminator.propertyName,
      mapping: Object.fromEntries(
        Object.entries(discriminator.mapping ?? {}).map(([value, ref]) => [value, bareName(ref)]),
      ),
    }
  return made
}

interface Discriminator {
  readonly propertyName: string
  readonly mapping?: Readonly<Record<string, string>>
}

const compact = (schema: SpecSchema): CompactSchema =>
  schema.$ref === undefined
    ? { ...scalarFacts(schema), ...memberFacts(schema), ...choiceFacts(schema) }
    : { ref: bareName(schema.$ref) }

type Schemas = Map<string, CompactSchema>

/** Merges the members of `allOf` into one schema; a single member that is a reference stays one. */
function flatten(schema: CompactSchema, schemas: Schemas): CompactSchema {
  const { allOf, ...rest } = schema
  const own = flattenMembers(rest as CompactSchema, schemas)
  if (!allOf) return own
  const members = allOf as CompactSchema[]
  const [first] = members
  if (members.length === 1 && first?.ref && !own.properties) return { ref: first.ref, ...own }
  return [...members, own].reduce<CompactSchema>((all, member) => merge(all, resolve(member, schemas)), {})
}

function flattenMembers(schema: CompactSchema, schemas: Schemas): CompactSchema {
  const own = { ...schema }
  if (own.properties)
    own.properties = Object.fromEntries(
      Object.entries(own.properties).map(([name, property]) => [name, flatten(property, schemas)]),
    )
  if (own.items) own.items = flatten(own.items, schemas)
  for (const choice of ['oneOf', 'anyOf'])
    if (own[choice]) own[choice] = (own[choice] as CompactSchema[]).map((member) => flatten(member, schemas))
  return own
}

const resolve = (schema: CompactSchema, schemas: Schemas): CompactSchema => {
  if (schema.ref === undefined) return flatten(schema, schemas)
  const { ref, ...own } = schema
  return { ...resolve(schemas.get(ref) ?? {}, schemas), ...own }
}

function merge(left: CompactSchema, right: CompactSchema): CompactSchema {
  const merged: CompactSchema = { ...left, ...right }
  if (left.properties || right.properties) merged.properties = { ...left.properties, ...right.properties }
  const required = new Set([...(left.required ?? []), ...(right.required ?? [])])
  if (required.size > 0) merged.required = [...required]
  return merged
}

function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'ref' && typeof inner === 'string') return [inner]
    return key === 'mapping' ? Object.values(inner as Record<string, string>) : references(inner)
  })
}

/**
 * All schemas of the document by their bare name.
 * @throws when two APIs declare the same name with different facts, because the prefix could not be stripped then
 */
export function compactSchemas(document: SpecDocument): {
  schemas: Schemas
  reachableFrom: (roots: readonly string[]) => Set<string>
} {
  const raw: Schemas = new Map()
  const written = new Map<string, string>()
  for (const [fullName, schema] of Object.entries(document.components['schemas'] ?? {})) {
    const name = bareName(fullName)
    const made = compact(schema as SpecSchema)
    const text = JSON.stringify(made)
    if (written.has(name) && written.get(name) !== text)
      throw new Error(`two schemas named ${name} differ, the second is ${fullName}`)
    written.set(name, text)
    raw.set(name, made)
  }
  const schemas: Schemas = new Map()
  for (const [name, schema] of raw) schemas.set(name, flatten(schema, raw))
  return {
    schemas,
    reachableFrom(roots) {
      const seen = new Set<string>()
      const visit = (name: string): void => {
        if (seen.has(name)) return
        seen.add(name)
        for (const next of references(schemas.get(name))) visit(next)
      }
      for (const root of roots) visit(root)
      return seen
    },
  }
}
