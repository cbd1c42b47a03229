import { existsSync, globSync, readdirSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  everyFileHasRow,
  foldersHaveNoCycle,
  importsFollowTable,
  packagesStayHome,
  type Rule,
} from './import-rules.ts'
import { table } from './import-table.ts'
import { aliases } from './imports.ts'
import { readSources, type Source } from './source.ts'

const sources = readSources('{src,scripts,test}/**/*.ts')

/** One file of one line, as the rules see it. */
const file = (path: string, text: string): Source => ({ path, text })

describe('the import table', () => {
  test('is applied to files that were really read', () => {
    expect(sources.filter(({ path }) => path.startsWith('src/')).length).toBeGreaterThan(50)
    expect(sources.every(({ text }) => text.trim() !== '')).toBe(true)
  })

  test.each([
    ['every file has a row', everyFileHasRow],
    ['imports follow the table', importsFollowTable],
    ['foreign packages stay at home', packagesStayHome],
    ['folders have no cycle', foldersHaveNoCycle],
  ])('%s', (_, rule) => {
    expect(rule(sources)).toEqual([])
  })

  test('has files for every row', () => {
    expect(table.map(({ place }) => place).filter((place) => globSync(place).length === 0)).toEqual([])
  })

  test('has an alias for every folder of src, and a folder for every alias', () => {
    const folders = readdirSync('src').filter((name) => statSync(`src/${name}`).isDirectory())
    expect(aliases.map(([from, to]) => ({ from, to, exists: existsSync(to) }))).toEqual(
      folders.toSorted().map((name) => ({ from: `#${name}/`, to: `src/${name}/`, exists: true })),
    )
  })
})

describe('the import rules bite', () => {
  const store = "import { sqliteStore } from '#store/sqlite.ts'"
  test.each<[string, Rule, Source]>([
    ['an unknown folder', everyFileHasRow, file('src/helpers/a.ts', '')],
    ['an unknown file of the root', everyFileHasRow, file('src/loose.ts', '')],
    [
      'the domain importing a capability',
      importsFollowTable,
      file('src/domain/a.ts', "import '#store/store.ts'"),
    ],
    ['http importing a port', importsFollowTable, file('src/http/a.ts', "import '#store/store.ts'")],
    ['a capability importing an adapter', importsFollowTable, file('src/audit/a.ts', store)],
    ['a capability importing http', importsFollowTable, file('src/audit/a.ts', "import '#http/page.ts'")],
    [
      'a capability importing a surface',
      importsFollowTable,
      file('src/broker/a.ts', "import '#gateway/gateway.ts'"),
    ],
    ['a surface importing an adapter', importsFollowTable, file('src/gateway/a.ts', store)],
    [
      'a surface importing another',
      importsFollowTable,
      file('src/account/a.ts', "import '#operator/operator.ts'"),
    ],
    [
      'a surface importing the composition',
      importsFollowTable,
      file('src/account/a.ts', "import '../compose.ts'"),
    ],
    [
      'the settings importing the composition',
      importsFollowTable,
      file('src/settings.ts', "import './compose.ts'"),
    ],
    ['the main file importing an adapter', importsFollowTable, file('src/main.ts', store)],
    ['source importing a test', importsFollowTable, file('src/main.ts', "import '../test/support/clock.ts'")],
    [
      'source importing a script',
      importsFollowTable,
      file('src/compose.ts', "import '../scripts/set-up.ts'"),
    ],
    ['a script importing a test', importsFollowTable, file('scripts/a.ts', "import '../test/flow/a.ts'")],
    ['a computed import', packagesStayHome, file('src/gateway/a.ts', 'await import(name)')],
    [
      'a computed import by template',
      packagesStayHome,
      file('src/gateway/a.ts', 'await import(`#store/${name}`)'),
    ],
    [
      'a package away from home',
      packagesStayHome,
      file('src/limits/redis.ts', "import { Redis } from 'ioredis'"),
    ],
    [
      'a subpath away from home',
      packagesStayHome,
      file('src/gateway/a.ts', "import x from 'oidc-provider/lib/x.js'"),
    ],
    ['a package without home', packagesStayHome, file('src/gateway/a.ts', "import request from 'supertest'")],
    [
      'a built-in module away from home',
      packagesStayHome,
      file('src/audit/a.ts', "import x from 'node:sqlite'"),
    ],
    [
      'the domain importing Node',
      packagesStayHome,
      file('src/domain/a.ts', "import { readFileSync } from 'node:fs'"),
    ],
  ])('on %s', (_, rule, violation) => {
    expect(rule([violation])).toHaveLength(1)
  })

  test.each([
    ['on several lines', "import {\n  sqliteStore, // 'why'\n  type Sqlite as S,\n} from '#store/sqlite.ts'"],
    ['for a type', "import type { Sqlite } from '#store/sqlite.ts'"],
    ['of a whole module', "import * as all from '#store/sqlite.ts'"],
    ['with a default', "import sqlite, { open } from '#store/sqlite.ts'"],
    ['for its effect', "import '#store/sqlite.ts'"],
    ['in double quotes', 'import { sqliteStore } from "#store/sqlite.ts"'],
    ['by a relative path', "import { sqliteStore } from '../store/sqlite.ts'"],
    ['by re-export', "export { sqliteStore } from '#store/sqlite.ts'"],
    ['by re-export of all', "export * from '#store/sqlite.ts'"],
    ['by re-export of all as a name', "export * as all from '#store/sqlite.ts'"],
    ['by re-export of a type', "export type { Sqlite } from '#store/sqlite.ts'"],
    ['at run time', "const { sqliteStore } = await import('#store/sqlite.ts')"],
    ['at run time with options', "await import('#store/sqlite.ts', { with: { type: 'json' } })"],
    ['at run time by template', 'await import(`#store/sqlite.ts`)'],
    ['as a type in place', "let sqlite: import('#store/sqlite.ts').Sqlite"],
    ['inside a template', "const page = `${`${await import('#store/sqlite.ts')}`}`"],
    ['by require', "const sqlite = require('#store/sqlite.ts')"],
    ['after a regular expression with a quote', "const quote = /['\"`]/\nimport '#store/sqlite.ts'"],
    ['with attributes', "import rows from '#store/sqlite.ts' with { type: 'json' }"],
  ])('on an import %s', (_, text) => {
    expect(importsFollowTable([file('src/gateway/a.ts', text)])).toEqual([
      'src/gateway/a.ts may not import src/store/sqlite.ts',
    ])
  })

  test('on folders that import in a circle through ports', () => {
    const circle = [
      file('src/audit/audit.ts', "import type { Limits } from '#limits/limits.ts'"),
      file('src/limits/limits.ts', "import type { Broker } from '#broker/broker.ts'"),
      file('src/broker/broker.ts', "import type { Audit } from '#audit/audit.ts'"),
    ]
    expect(foldersHaveNoCycle(circle)).toContain(
      'folders import in a circle: src/audit → src/limits → src/broker → src/audit',
    )
    expect(foldersHaveNoCycle(circle.slice(1))).toEqual([])
  })
})

describe('the import rules let pass', () => {
  test.each([
    ['the words of the domain', file('src/gateway/a.ts', "import { opens } from '#domain/scope.ts'")],
    ['a port', file('src/gateway/a.ts', "import type { Grants } from '#grants/grants.ts'")],
    ['the second port of identity', file('src/gateway/a.ts', "import '#identity/user-api-tokens.ts'")],
    ['the own folder', file('src/store/open-store.ts', "import { sqliteStore } from './sqlite.ts'")],
    ['a folder below the own', file('src/upstream/open.ts', "import './emulator/engine.ts'")],
    ['a package at home', file('src/store/redis.ts', "import { Redis } from 'ioredis'")],
    [
      'an adapter in the composition',
      file('src/compose-store.ts', "import { sqliteStore } from '#store/sqlite.ts'"),
    ],
    [
      'the composition in a test',
      file('test/flow/a.test.ts', "import { compose } from '../../src/compose.ts'"),
    ],
    [
      'an import in a comment',
      file('src/gateway/a.ts', "// import '#store/sqlite.ts'\n/* from '#store/sqlite.ts' */"),
    ],
    ['an import in a string', file('src/gateway/a.ts', 'const text = "import \'#store/sqlite.ts\'"')],
    ['a member named import', file('src/gateway/a.ts', "table.import('#store/sqlite.ts')")],
    ['an exported string', file('src/gateway/a.ts', "export const path = '#store/sqlite.ts'")],
    [
      'a list of names',
      file('src/gateway/a.ts', "const a = 1\nexport { a }\nconst b = ['#store/sqlite.ts']"),
    ],
  ])('%s', (_, innocent) => {
    const rules = [everyFileHasRow, importsFollowTable, packagesStayHome, foldersHaveNoCycle]
    expect(rules.flatMap((rule) => rule([innocent]))).toEqual([])
  })
})
