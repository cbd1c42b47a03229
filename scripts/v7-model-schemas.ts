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

const isEmpty = (schema: CompactSchema): boolean => Object.keys(schema).length === 0

function compact(schema: SpecSchema): CompactSchema {
  if (schema.$ref !== undefined) return { ref: bareName(schema.$ref) }
  const made: CompactSchema = {}
  for (const fact of facts) if (schema[fact] !== undefined) made[fact] = schema[fact]
  for (const flag of flags) if (schema[flag] === true) made[flag] = true
  if (isValueExample(schema['example'])) made['example'] = schema['example']
  if (schema.required?.length) made.required = [...schema.required]
  if (schema.items) made.items = compact(schema.items)
  if (schema.properties)
    made.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, compact(property)]),
    )
  const extra = schema['additionalProperties']
  if (extra !== undefined)
    made['additionalProperties'] = typeof extra === 'object' ? compact(extra as SpecSchema) : extra
  for (const choice of ['oneOf', 'anyOf'])
    if (Array.isArray(schema[choice])) made[choice] = (schema[choice] as SpecSchema[]).map(compact)
  const discriminator = schema['discriminator'] as
    | { propertyName: string; mapping?: Record<string, string> }
    | undefined
  if (discriminator)
    made['discriminator'] = {
      property: discriminator.propertyName,
      mapping: Object.fromEntries(
        Object.entries(discriminator.mapping ?? {}).map(([value, ref]) => [value, bareName(ref)]),
      ),
    }
  if (schema.allOf) made['allOf'] = schema.allOf.map(compact).filter((member) => !isEmpty(member))
  return made
}

type Schemas = Map<string, CompactSchema>

/** Merges the members of `allOf` into one schema; a single member that is a reference stays one. */
function flatten(schema: CompactSchema, schemas: Schemas): CompactSchema {
  const { allOf, ...own } = schema
  for (const [name, property] of Object.entries(own.properties ?? {}))
    (own.properties as Record<string, CompactSchema>)[name] = flatten(property, schemas)
  if (own.items) own.items = flatten(own.items, schemas)
  for (const choice of ['oneOf', 'anyOf'])
    if (own[choice]) own[choice] = (own[choice] as CompactSchema[]).map((member) => flatten(member, schemas))
  if (!allOf) return own as CompactSchema
  const members = allOf as CompactSchema[]
  const [first] = members
  if (members.length === 1 && first?.ref && !own.properties) return { ref: first.ref, ...own }
  return [...members, own as CompactSchema].reduce(
    (merged: CompactSchema, member) => merge(merged, resolve(member, schemas)),
    {},
  )
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
  for (const [name, schema] of raw) schemas.set(name, flatten(structuredClone(schema), raw))
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
