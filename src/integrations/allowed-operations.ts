import type { Operation } from '#domain/operation.ts'

/** What an operation is found by in a configuration. */
export type NamedOperation = Pick<Operation, 'id' | 'method' | 'path'>

/** Paths of one form: the names in the braces are nobody's business, and `/v7` may stand in front. */
const formOf = (path: string): string => path.replace(/^\/v7(?=\/)/, '').replace(/\{[^}]*\}/g, '{}')

const formsOf = ({ id, method, path }: NamedOperation): readonly string[] => [id, `${method} ${formOf(path)}`]

/** `getTests`, or `GET /v7/tests` with the method in any case. */
function formOfName(name: string): string {
  const [, method = '', path = ''] = /^([a-z]+)\s+(\/\S*)$/i.exec(name.trim()) ?? []
  return path === '' ? name.trim() : `${method.toUpperCase()} ${formOf(path)}`
}

/**
 * The ids of operations that a configuration names, each by its id or by method and path.
 * @returns the name that is none, as a refusal in words
 */
export function allowedOperations(
  names: readonly string[],
  operations: readonly NamedOperation[],
): ReadonlySet<string> | { readonly unknown: string } {
  const known = new Map(operations.flatMap((one) => formsOf(one).map((form) => [form, one.id] as const)))
  const ids = names.map((name) => known.get(formOfName(name)))
  const unknown = names[ids.indexOf(undefined)]
  return unknown === undefined ? new Set(ids.filter((id) => id !== undefined)) : { unknown }
}
