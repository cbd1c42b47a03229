/**
 * `npm run v7:model -- FILE [FOLDER]`: turns the official OpenAPI document of v7 into the compact tables that the embedded
 * upstream is driven by, under config/v7/ or in another folder. Facts only (methods, paths, names, types, formats, enums,
 * limits, links, statuses): no prose and no worded examples. Plain JSON, with one operation, or one schema, per line.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'
import { operationLines } from './v7-model-operations.ts'
import { compactSchemas, type SpecDocument } from './v7-model-schemas.ts'

const lines = (open: string, close: string, entries: readonly string[]): string =>
  `${open}\n${entries.join(',\n')}\n${close}\n`

const [file, to = fileURLToPath(new URL('../config/v7/', import.meta.url))] = process.argv.slice(2)
if (file === undefined) {
  console.error('usage: npm run v7:model -- FILE [FOLDER], the OpenAPI document of v7 as YAML')
  process.exit(2)
}

const document = load(readFileSync(file, 'utf8')) as SpecDocument
const { schemas, reachableFrom } = compactSchemas(document)
const operations = operationLines(document, schemas)
const roots = operations.flatMap(({ row, errors }) => [
  row.body?.schema,
  row.answer.schema,
  ...Object.values(errors).map((error) => (typeof error === 'object' ? error?.schema : error)),
])
const kept = [...reachableFrom(roots.filter((name) => name !== undefined))].sort()

const tables = {
  'document.json': `${JSON.stringify({ version: document.info.version })}\n`,
  'operations.json': lines(
    '[',
    ']',
    operations.map(({ row }) => JSON.stringify(row)),
  ),
  'errors.json': lines(
    '{',
    '}',
    operations.map(({ row, errors }) => `${JSON.stringify(row.id)}:${JSON.stringify(errors)}`),
  ),
  'schemas.json': lines(
    '{',
    '}',
    kept.map((name) => `${JSON.stringify(name)}:${JSON.stringify(schemas.get(name))}`),
  ),
}
for (const [name, text] of Object.entries(tables)) writeFileSync(join(to, name), text)
console.log(
  `${document.info.version}: ${operations.length} operations, ${kept.length} schemas of ${schemas.size}`,
)
