/**
 * `npm run v7:model -- FILE`: turns the official OpenAPI document of v7 into the compact tables under config/v7/ that the
 * embedded upstream is driven by. Facts only (methods, paths, names, types, formats, enums, limits, links, statuses): no
 * prose and no worded examples. Both files are plain JSON with one operation, or one schema, per line.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { operationLines } from './v7-model-operations.ts'
import { compactSchemas, type SpecDocument } from './v7-model-schemas.ts'

const lines = (open: string, close: string, entries: readonly string[]): string =>
  `${open}\n${entries.join(',\n')}\n${close}\n`

const file = process.argv[2]
if (file === undefined) {
  console.error('usage: npm run v7:model -- FILE, the OpenAPI document of v7 as YAML')
  process.exit(2)
}

const document = load(readFileSync(file, 'utf8')) as SpecDocument
const { schemas, reachableFrom } = compactSchemas(document)
const operations = operationLines(document, schemas)
const roots = operations.flatMap(({ body, answer }) => [body?.schema, answer.schema]).filter((ref) => ref)
const kept = [...reachableFrom(roots as string[])].sort()

const folder = new URL('../config/v7/', import.meta.url)
writeFileSync(
  new URL('operations.json', folder),
  lines(
    '[',
    ']',
    operations.map((operation) => JSON.stringify(operation)),
  ),
)
writeFileSync(
  new URL('schemas.json', folder),
  lines(
    '{',
    '}',
    kept.map((name) => `${JSON.stringify(name)}:${JSON.stringify(schemas.get(name))}`),
  ),
)
console.log(
  `${document.info.version}: ${operations.length} operations, ${kept.length} schemas of ${schemas.size}`,
)
