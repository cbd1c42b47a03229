import { describe, expect, test } from 'vitest'
import { badRequests } from './bad-requests.ts'
import type { Came } from './ground.ts'
import { groundWithDocuments } from './ground-of-file.ts'
import { named, type Row, rows } from './sample-bodies.ts'
import { pathOf } from './valid-ids.ts'
import { validRequest } from './valid-requests.ts'

const at = groundWithDocuments()

interface Record {
  readonly key: string
  readonly value: string
}

/** All objects of v7 as they are stored. */
async function state(): Promise<readonly Record[]> {
  const snapshot = `${at.ground.service.url}/emulator/snapshots/state`
  await fetch(snapshot, { method: 'PUT' })
  const { records } = (await (await fetch(snapshot)).json()) as { readonly records: readonly Record[] }
  return records.filter(({ key }) => key.startsWith('v7:')).map(({ key, value }) => ({ key, value }))
}

/** What the document does not declare is a problem of the same form. */
function errorProblems(row: Row, came: Came): readonly string[] {
  const undeclared = at.documents[0]?.check(row.id, came).some((words) => words.startsWith('status '))
  if (!undeclared) return at.documents.flatMap(({ check }) => check(row.id, came))
  const type = came.headers.get('content-type')?.split(';')[0]
  const { title, status, instance } = came.body ?? {}
  return type === 'application/problem+json' && title && status === came.status && instance
    ? []
    : [`${came.status} ${type} ${came.text}`]
}

describe('a bad call', () => {
  test.each(named(rows))('%s is refused as the document says, and changes nothing', async (_, row) => {
    const valid = await validRequest(at.ground, row)
    const before = await state()
    expect(before.length).toBeGreaterThan(50)
    const wrong: string[] = []
    for (const bad of badRequests(row, valid)) {
      const { what, statuses, parameters = valid.parameters, query = valid.query, contentType } = bad
      const came = await at.ground.call(row.method, pathOf(row, parameters), {
        query,
        body: 'body' in bad ? bad.body : valid.body,
        ...(contentType !== undefined && { headers: { 'content-type': contentType } }),
      })
      if (!statuses.includes(came.status)) wrong.push(`${what}: ${came.status} ${came.text.slice(0, 300)}`)
      else wrong.push(...errorProblems(row, came).map((words) => `${what}: ${words}`))
    }
    expect(wrong, wrong.join('\n')).toEqual([])
    expect(await state()).toEqual(before)
  })
})
