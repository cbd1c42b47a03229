import { readFileSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { configFolder, type OperationRow, readOperationRows } from '#upstream/operation-rows.ts'
import type { Json } from './json.ts'
import { type Rule, readRules } from './rules/rule-file.ts'

/** A schema of the official document: `allOf` is merged already, `ref` names another schema (config/v7/schemas.json). */
export interface Schema {
  readonly ref?: string
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  readonly format?: string
  readonly enum?: readonly Json[]
  readonly default?: Json
  readonly example?: Json
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
  readonly maxItems?: number
  readonly uniqueItems?: true
  readonly nullable?: true
  readonly readOnly?: true
  readonly writeOnly?: true
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: boolean | Schema
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly discriminator?: { readonly property: string; readonly mapping: Readonly<Record<string, string>> }
}

/** The official document as the engine reads it: rows of operations and schemas, both by name. */
export interface Model {
  readonly rows: readonly OperationRow[]
  /** The row of a method and path template. */
  row(method: string, path: string): OperationRow | undefined
  /** A named schema with its references followed. @throws when there is none: the tables contradict each other */
  schema(name: string): Schema
  /** All of them by name, references as they stand. */
  schemas(): Readonly<Record<string, Schema>>
  /** The schema itself, or what it refers to with its own flags added. */
  resolve(schema: Schema): Schema
  /** All properties, those of the variants of a choice included. */
  properties(schema: Schema): Readonly<Record<string, Schema>>
  /** What the document says of fields in words (config/v7/rules.yaml). */
  rules(): readonly Rule[]
}

type Schemas = Readonly<Record<string, Schema>>

/** @param schemas asked for with the first of them that is needed, as the rules are */
export function modelOf(
  rows: readonly OperationRow[],
  schemas: () => Schemas,
  rules: () => readonly Rule[] = () => [],
): Model {
  const byPath = new Map(rows.map((row) => [`${row.method} ${row.path}`, row]))
  const resolved = new Map<Schema, Schema>()
  const merged = new Map<Schema, Readonly<Record<string, Schema>>>()

  function schema(name: string): Schema {
    const found = schemas()[name]
    if (!found) throw new Error(`config/v7/schemas.json has no ${name}`)
    return resolve(found)
  }
  function resolve(one: Schema): Schema {
    if (one.ref === undefined) return one
    const known = resolved.get(one)
    if (known) return known
    const { ref, ...own } = one
    const made = { ...schema(ref), ...own }
    resolved.set(one, made)
    return made
  }
  function properties(one: Schema): Readonly<Record<string, Schema>> {
    const known = merged.get(one)
    if (known) return known
    const made: Record<string, Schema> = { ...one.properties }
    for (const variant of [...(one.oneOf ?? []), ...(one.anyOf ?? [])])
      for (const [name, property] of Object.entries(properties(resolve(variant)))) made[name] ??= property
    merged.set(one, made)
    return made
  }
  return {
    rows,
    row: (method, path) => byPath.get(`${method} ${path}`),
    schema,
    schemas,
    resolve,
    properties,
    rules,
  }
}

/**
 * Reads the operations under config/v7/, and the schemas with the first call that needs one: they are large, and many a start is
 * followed by none. @throws when a table is missing or that of the operations is broken
 */
export async function loadModel(): Promise<Model> {
  const file = new URL('v7/schemas.json', configFolder)
  const [rows] = await Promise.all([readOperationRows(), access(file)])
  let schemas: Schemas | undefined
  let rules: readonly Rule[] | undefined
  return modelOf(
    rows,
    () => {
      schemas ??= JSON.parse(readFileSync(file, 'utf8')) as Schemas
      return schemas
    },
    () => {
      rules ??= readRules()
      return rules
    },
  )
}
