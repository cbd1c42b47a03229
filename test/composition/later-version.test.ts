import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { generate } from '../account/api-token.ts'
import { adminToken, callWith, ops, signedIn } from '../account/signed-in.ts'
import { rows } from '../dialect/sample-bodies.ts'
import { connectMeraki, refresh, type Tokens } from '../steps/requests.ts'
import { freePort } from '../support/free-port.ts'
import { startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'

interface Row {
  readonly key: string
  readonly value: string
}

const later = { ofALaterVersion: { since: 1 } }
const laterEvent = 'seen-by-a-later-version'

/** What no text but our own JSON is, as texts that are sealed or coded. */
function jsonIn({ value }: Row): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

/** The text as a version after this one might write it: with members that this one knows nothing of (DECISIONS 156). */
function laterText(row: Row): string | undefined {
  const parsed = jsonIn(row)
  // Members of a grant that have no place of their own are the last of the places.
  if (Array.isArray(parsed)) return JSON.stringify([...parsed.slice(0, -1), later])
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const record = parsed as { readonly fields?: object }
  if (row.key.startsWith('audit:')) return JSON.stringify({ ...record, ...later, event: laterEvent })
  const fields = record.fields && { fields: { ...record.fields, ...later } }
  return JSON.stringify({ ...record, ...fields, ...later })
}

function inDatabase<Result>(path: string, work: (database: DatabaseSync) => Result): Result {
  const database = new DatabaseSync(path)
  try {
    return work(database)
  } finally {
    database.close()
  }
}

const allRows = (database: DatabaseSync): readonly Row[] =>
  database.prepare('SELECT key, value FROM record').all() as unknown as readonly Row[]

/** @returns how many records of each kind have changed */
const rewriteAsLater = (path: string): Readonly<Record<string, number>> =>
  inDatabase(path, (database) => {
    const update = database.prepare('UPDATE record SET value = ? WHERE key = ?')
    const kinds: Record<string, number> = {}
    for (const row of allRows(database)) {
      const text = laterText(row)
      if (text === undefined) continue
      update.run(text, row.key)
      const [kind = ''] = row.key.split(':')
      kinds[kind] = (kinds[kind] ?? 0) + 1
    }
    return kinds
  })

const grantsIn = (path: string): readonly string[] =>
  inDatabase(path, (database) =>
    allRows(database).flatMap(({ key, value }) => (key.startsWith('grant:') ? [value] : [])),
  )

const lists = rows.filter(({ method, parameters }) => method === 'GET' && parameters.length === 0)

test('records with members of a later version are read, and those of a grant are kept', async () => {
  const data = mkdtempSync(join(tmpdir(), 'panoptes-later-'))
  onTestFinished(() => rmSync(data, { recursive: true }))
  const database = join(data, 'panoptes.db')
  const options = ['--limits', 'off', '--data', data, '--port', String(await freePort())]

  const before = await startPanoptes(options)
  const person = await signedIn(before, ops)
  const apiToken = await generate(before, person)
  const tokens = await connectMeraki(before, new Person())
  await callWith(before, tokens.access_token)
  await before.stop()
  const kinds = rewriteAsLater(database)
  const written = grantsIn(database)
  expect(Object.keys(kinds).toSorted()).toEqual(['audit', 'grant', 'grant-use', 'user', 'v7'])

  await using service = await startPanoptes(options)
  for (const token of [tokens.access_token, apiToken]) expect(await callWith(service, token)).toBe(200)
  const refreshed = await refresh(service, tokens.refresh_token)
  expect(refreshed.status).toBe(200)
  expect(await callWith(service, ((await refreshed.json()) as Tokens).access_token)).toBe(200)
  expect((await person.open(`${service.url}/account`)).text).toContain('Sign out')
  expect((await person.open(`${service.url}/account/activity`)).text).toContain('Seen by a later version')
  await connectMeraki(service, new Person())
  for (const { path } of lists) {
    const answer = await fetch(`${service.url}/v7${path}`, {
      headers: { authorization: `Bearer ${adminToken}` },
    })
    await answer.arrayBuffer()
    expect([path, answer.status]).toEqual([path, path === '/events' ? 400 : 200])
  }
  expect(service.log.filter((entry) => JSON.stringify(entry).includes('"stack"'))).toEqual([])
  const kept = grantsIn(database).filter((text) => text.includes(JSON.stringify(later)))
  expect(kept).toHaveLength(kinds['grant'] ?? 0)
  expect(kept.filter((text) => !written.includes(text))).toHaveLength(1) // the one that was refreshed
}, 60_000)
