import { globSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '#upstream/emulator/json.ts'
import { loadModel, type Schema } from '#upstream/emulator/model.ts'
import { defaultsOf } from '#upstream/emulator/project.ts'
import { contradictionsIn } from '#upstream/emulator/rules/rules.ts'
import { type Calls, type Came, openCalls } from './emulator-calls.ts'
import { examples, type RuleRow } from './rule-rows.ts'

const { bases, names, rows } = examples

const model = await loadModel()
const rules = model.rules()

let calls: Calls
beforeAll(async () => {
  calls = await openCalls()
})

let count = 0
/** What is sent to create or to change, under a name that nothing else has. */
function bodyOf({ at, keeps }: RuleRow, breaks: object = {}): object {
  count += 1
  const [, name = 'name'] = Object.entries(names).find(([start]) => at.startsWith(start)) ?? []
  return { ...bases[at], [name]: `sample-${count}`, ...keeps, ...breaks }
}

const idOf = ({ body }: Came): string =>
  String(body.testId ?? body.ruleId ?? body.alertSuppressionWindowId ?? body.id)

/** Agents are not created. */
const create = (row: RuleRow, breaks?: object): Promise<Came> =>
  calls.call(row.at.startsWith('/agents/') ? 'PUT' : 'POST', row.at, { body: bodyOf(row, breaks) })

const itemOf = ({ at }: RuleRow, id: string): string => (at.startsWith('/agents/') ? at : `${at}/${id}`)

const updateOf = (at: string): string => (at.startsWith('/endpoint/') ? 'PATCH' : 'PUT')

const fieldOf = ({ id, field }: RuleRow): string => field ?? rules.find((one) => one.id === id)?.field ?? id

/** The families word it differently; all of them name the field and say what is wrong with it behind a colon. */
const tells = ({ text }: Came, field: string): boolean =>
  text.includes(`Error in field ${field} :`) || text.includes(`"${field}: `)

describe('what the document says of fields in words', () => {
  test('has an example for each rule, and no other', () => {
    expect([...new Set(rows.map(({ id }) => id))].toSorted()).toEqual(rules.map(({ id }) => id).toSorted())
  })

  test.each(rules.map((rule) => [rule.id, rule] as const))(
    '%s: is about a field that one of its schemas has, which all are there',
    (_, { schemas, field }) => {
      const found = schemas.map((name) =>
        field
          .split('.')
          .reduce<Schema | undefined>(
            (schema, key) => schema && model.properties(model.resolve(schema))[key],
            model.schema(name),
          ),
      )
      expect(found.some((one) => one !== undefined)).toBe(true)
    },
  )

  test.each(rows.map((row) => [row.id, row] as const))(
    '%s: holds for every request that it names',
    (_, row) => {
      const bodies = new Set(model.rows.flatMap(({ body }) => body?.schema ?? []))
      const rule = rules.find(({ id }) => id === row.id)
      for (const schema of rule?.schemas.filter((name) => bodies.has(name)) ?? []) {
        const broken = (fields: object): readonly string[] =>
          contradictionsIn(model, schema, {
            ...defaultsOf(model, model.schema(schema)),
            ...bases[row.at],
            ...row.keeps,
            ...fields,
          } as JsonObject).map(({ field }) => field)
        expect(broken({})).not.toContain(fieldOf(row))
        expect(broken(row.breaks)).toContain(fieldOf(row))
      }
    },
  )

  test.each(rows.map((row) => [row.id, row.at, row] as const))(
    '%s: %s takes what keeps it and refuses what breaks it, and nothing changes',
    async (_, at, row) => {
      const created = await create(row)
      expect(created.status, created.text).toBeLessThan(300)
      const item = itemOf(row, idOf(created))
      const before = await calls.call('GET', item, {
        query: item.includes('/labels/') ? 'expand=filters' : '',
      })
      const collection = at.startsWith('/agents/') ? '/agents' : at
      const list = await calls.call('GET', collection)
      const refusals = [await create(row, row.breaks)]
      if (!row.isSetOnce)
        refusals.push(await calls.call(updateOf(at), item, { body: bodyOf(row, row.breaks) }))
      for (const refused of refusals)
        expect([refused.status, tells(refused, fieldOf(row))], refused.text).toEqual([400, true])
      const after = await calls.call('GET', item, {
        query: item.includes('/labels/') ? 'expand=filters' : '',
      })
      expect(after.body).toEqual(before.body)
      expect((await calls.call('GET', collection)).text).toBe(list.text)
    },
  )
})

describe('docs/rules.md', () => {
  const text = readFileSync('docs/rules.md', 'utf8')

  test('counts the rules', () => {
    const counts = [...text.matchAll(/^\| [^|]+ \| (\d+) \|/gm)].map(([, count]) => Number(count))
    expect(/The (\d+) rules of/.exec(text)?.[1]).toBe(String(rules.length))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(rules.length)
  })

  test('names files that are there', () => {
    const [, ofObjects = ''] = /^## Rules that need more than one object\n([^#]*)/m.exec(text) ?? []
    const rows = [...ofObjects.matchAll(/^\| [^|]+ \| ([^|]+) \| ([^|]+) \|$/gm)].slice(1)
    const named = (cell = ''): readonly string[] =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
    const missing = rows.flatMap(([, sources, tests]) => [
      ...named(sources).filter((name) => globSync(`src/upstream/emulator/{,families/}${name}`).length === 0),
      ...named(tests).filter((name) => globSync(`test/upstream/${name}.test.ts`).length === 0),
    ])
    expect([rows.length, missing]).toEqual([16, []])
  })
})
