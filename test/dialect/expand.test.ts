import { describe, expect, test } from 'vitest'
import { createFull } from './full-bodies.ts'
import type { Came } from './ground.ts'
import { groundOfFile } from './ground-of-file.ts'
import { named, type Row, rows } from './sample-bodies.ts'
import { done, type Ids, idOf, idsFor, pathOf } from './valid-ids.ts'

const at = groundOfFile()

const valuesOf = ({ query }: Row): readonly string[] => (query['expand']?.enum ?? []).map(String)

/** What is read; writes are held by full-calls.test.ts, which reads the same objects from their answers. */
const reads = rows.filter(
  (row) => valuesOf(row).length > 0 && (row.method === 'GET' || row.path.endsWith('/filter')),
)

/** Values for which the document has no member in the answer. */
const shownNowhere: readonly (readonly [RegExp, string])[] = [
  [/^\/tests\/dns(?:-trace|sec)\//, 'monitor'],
  [/^\/endpoint\/test-results\/local-networks\/topologies/, 'user-profile'],
]

const adds = ({ path }: Row, value: string): boolean =>
  !shownNowhere.some(([pattern, word]) => pattern.test(path) && word === value)

/** Created with everything that can be expanded, or in the seed. */
async function parametersOf(row: Row): Promise<Ids> {
  if (row.path === '/agents/{agentId}') return { agentId: '110203' }
  const [name] = row.parameters
  const collection = row.path.replace(/\/\{\w+\}$/, '')
  const isCreated =
    /^\/(?:tests|tags|endpoint\/labels|alert-suppression-windows|account-groups)(?:\/|$)/.test(collection)
  if (!isCreated) return idsFor(at.ground, row)
  const id = idOf(done(await createFull(at.ground, collection), collection))
  return name === undefined ? {} : { [name]: id }
}

/** The paths of all keys in a body, whatever list they are in. */
function keysOf(value: unknown, place = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one) => keysOf(one, place))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    `${place}/${key}`,
    ...keysOf(inner, `${place}/${key}`),
  ])
}

const asker =
  (row: Row, path: string) =>
  async (query: string): Promise<Came> =>
    done(await at.ground.call(row.method, path, { query, ...(row.method === 'POST' && { body: {} }) }), query)

/** The body without what repeats the query. */
const contentOf = ({ body }: Came): unknown => ({ ...body, _links: undefined })

describe.each(named(reads))('expand of %s', (_, row) => {
  test('adds what each value names, and nothing for a word that is none of them', async () => {
    const ask = asker(row, pathOf(row, await parametersOf(row)))
    const plain = await ask('')
    const before = new Set(keysOf(plain.body))
    const added = new Set<string>()
    for (const value of valuesOf(row)) {
      const keys = keysOf((await ask(`expand=${value}`)).body).filter((key) => !before.has(key))
      expect({ value, adds: keys.length > 0 }).toEqual({ value, adds: adds(row, value) })
      for (const key of keys) added.add(key)
    }
    const all = await ask(`expand=${valuesOf(row)}`)
    expect(new Set(keysOf(all.body).filter((key) => !before.has(key)))).toEqual(added)
    const repeated = await ask(
      valuesOf(row)
        .map((value) => `expand=${value}`)
        .join('&'),
    )
    expect(contentOf(repeated)).toEqual(contentOf(all))
    expect(contentOf(await ask('expand=no-such-word'))).toEqual(contentOf(plain))
    expect(contentOf(await ask(`expand=no-such-word,${valuesOf(row)}`))).toEqual(contentOf(all))
  })
})
