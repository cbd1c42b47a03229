import { readFile } from 'node:fs/promises'
import { load } from 'js-yaml'
import type { Operation } from '#domain/operation.ts'

/** What the document says of one query parameter. */
export interface QueryFact {
  readonly type: string
  readonly enum?: readonly (string | number)[]
  readonly pattern?: string
  readonly format?: string
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly required?: true
  /** An array whose values come as repeated parameters; without it they come as a comma list. */
  readonly explode?: true
}

/** One operation of the official document, as `scripts/v7-model.ts` writes it to config/v7/operations.json. */
export interface OperationRow {
  readonly id: string
  readonly method: Operation['method']
  readonly path: string
  /** The API group of the document, which decides the form of error bodies: `Tests`, `Integrations`, ... */
  readonly api: string
  readonly query: Readonly<Record<string, QueryFact>>
  readonly parameters: readonly string[]
  readonly body?: {
    readonly required: boolean
    readonly types: readonly string[]
    /** Left out where no source says what the body holds: any JSON is taken. */
    readonly schema?: string
  }
  readonly answer: {
    readonly status: number
    readonly others?: readonly number[]
    readonly types?: readonly string[]
    readonly schema?: string
    readonly location?: true
    /** Top-level keys that hold collections; empty for a bare array. */
    readonly arrays?: readonly string[]
    readonly links?: readonly string[]
    /** Names of headers beside `Location`. */
    readonly headers?: readonly string[]
  }
  /** The official document does not have it: it stands in config/v7/extra-operations.yaml. */
  readonly isExtra?: true
  /** The documented operation that this one answers like. */
  readonly as?: string
}

type ExtraRow =
  | { readonly id: string; readonly path: string; readonly as: string }
  | { readonly id: string; readonly path: string; readonly row: Omit<OperationRow, 'id' | 'path'> }

/** The folder of the tables, beside src/ in a clone and in the package. */
export const configFolder: URL = new URL('../../config/', import.meta.url)

/** All operations: those of the official document in its order, then the extra ones. @throws when a file is missing or broken */
export async function readOperationRows(): Promise<readonly OperationRow[]> {
  const [documented, extra] = await Promise.all([
    readFile(new URL('v7/operations.json', configFolder), 'utf8'),
    readFile(new URL('v7/extra-operations.yaml', configFolder), 'utf8'),
  ])
  const rows = JSON.parse(documented) as readonly OperationRow[]
  const byId = new Map(rows.map((row) => [row.id, row]))
  const more = (load(extra) as readonly ExtraRow[]).map((entry): OperationRow => {
    if ('row' in entry) return { id: entry.id, path: entry.path, ...entry.row, isExtra: true }
    const row = byId.get(entry.as)
    if (!row)
      throw new Error(
        `extra-operations.yaml: ${entry.id} names ${entry.as}, which the document does not have`,
      )
    return { ...row, id: entry.id, path: entry.path, as: entry.as, isExtra: true }
  })
  return [...rows, ...more]
}
