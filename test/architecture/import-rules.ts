/** The rules that apply the import table to sources. Each returns its violations, one line each; none means all is well. */

import { homes, ports, type Row, table } from './import-table.ts'
import { computedImport, importsOf } from './imports.ts'
import type { Source } from './source.ts'

/** A rule of the architecture: the violations that it finds. */
export type Rule = (sources: readonly Source[]) => readonly string[]

/** @param place a folder with all below it, a file, or a glob with `*` for a part of one name */
export function isAt(path: string, place: string): boolean {
  const pattern = place.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')
  return new RegExp(`^${pattern}(?:/|$)`).test(path)
}

const rowOf = (path: string): Row | undefined => table.find(({ place }) => isAt(path, place))

const isOurs = (path: string): boolean => /^(?:src|test|scripts|views|config|bin)\//.test(path)

/** Every file of ours stands in a row of the table. */
export const everyFileHasRow: Rule = (sources) =>
  sources
    .filter(({ path }) => rowOf(path) === undefined)
    .map(({ path }) => `${path} has no row in the import table`)

/** A file imports its own place and what its row names. */
export const importsFollowTable: Rule = (sources) =>
  sources.flatMap((source) => {
    const row = rowOf(source.path)
    if (!row) return []
    const allowed = [row.place, ...row.mayImport.flatMap((entry) => (entry === 'ports' ? ports : [entry]))]
    return importsOf(source)
      .filter((path) => isOurs(path) && !allowed.some((entry) => isAt(path, entry)))
      .map((path) => `${source.path} may not import ${path}`)
  })

/** Foreign packages stay in their homes; tests and scripts may use any, and the domain none, not even Node's. */
export const packagesStayHome: Rule = (sources) =>
  sources
    .filter(({ path }) => isAt(path, 'src'))
    .flatMap((source) =>
      importsOf(source)
        .filter((name) => !isOurs(name) && !isAtHome(name, source.path))
        .map((name) => `${source.path} may not import ${name}`),
    )

function isAtHome(imported: string, path: string): boolean {
  if (isAt(path, 'src/domain') || imported === computedImport) return false
  const name = Object.keys(homes).find((known) => imported === known || imported.startsWith(`${known}/`))
  if (name === undefined) return imported.startsWith('node:')
  return (homes[name] ?? []).some((home) => isAt(path, home))
}

/** `src/store/redis.ts` is of `src/store`; `src/main.ts`, directly in `src`, stands for itself. */
const folderOf = (path: string): string => path.split('/').slice(0, 2).join('/')

function importedFolders(sources: readonly Source[]): ReadonlyMap<string, ReadonlySet<string>> {
  const graph = new Map<string, Set<string>>()
  for (const source of sources) {
    const folder = folderOf(source.path)
    const targets = graph.get(folder) ?? new Set<string>()
    for (const path of importsOf(source).filter(isOurs))
      if (folderOf(path) !== folder) targets.add(folderOf(path))
    graph.set(folder, targets)
  }
  return graph
}

/** No folder reaches itself through others. */
export const foldersHaveNoCycle: Rule = (sources) => {
  const graph = importedFolders(sources.filter(({ path }) => isAt(path, 'src')))
  const wayBack = (folder: string, way: readonly string[]): readonly string[] | undefined => {
    if (way[0] === folder) return [...way, folder]
    if (way.includes(folder)) return undefined
    return firstOf([...(graph.get(folder) ?? [])], (next) => wayBack(next, [...way, folder]))
  }
  return [...graph.keys()]
    .map((folder) => firstOf([...(graph.get(folder) ?? [])], (next) => wayBack(next, [folder])))
    .filter((way) => way !== undefined)
    .map((way) => `folders import in a circle: ${way.join(' → ')}`)
}

function firstOf<Item, Found>(
  items: readonly Item[],
  find: (item: Item) => Found | undefined,
): Found | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}
