import { describe, expect, test } from 'vitest'
import { coverage } from '#upstream/emulator/coverage.ts'
import type { Came } from './ground.ts'
import { groundWithDocuments } from './ground-of-file.ts'
import { halProblems } from './hal.ts'
import { named, type Row, rows } from './sample-bodies.ts'
import { pathOf } from './valid-ids.ts'
import { validRequest } from './valid-requests.ts'

const at = groundWithDocuments()

/** The windows that an operation draws from, by the middle of their headers' names (thousandeyes-facts 6.3). */
function windowsOf({ method, path }: Row): readonly string[] {
  if (method !== 'POST') return ['Organization']
  if (/^\/tests\/(?:[^/]+\/instant|\{testId\}\/run)$/.test(path)) return ['Organization', 'Instant-Test']
  if (path === '/templates/{id}/deploy') return ['Organization', 'Template-Deploy']
  return path === '/dashboard-snapshots' ? ['Organization', 'Dashboard-Snapshot'] : ['Organization']
}

const windowProblems = (row: Row, { headers }: Came): readonly string[] =>
  windowsOf(row)
    .flatMap((name) => ['Limit', 'Remaining', 'Reset'].map((what) => `X-${name}-Rate-Limit-${what}`))
    .filter((name) => !/^\d+$/.test(headers.get(name) ?? ''))
    .map((name) => `${name} is ${headers.get(name)}`)

/** A link or `Location` may only lead where v7 has something to read. */
const isReadable = (address: string): boolean => {
  const path = new URL(address).pathname.replace(/^\/v7/, '')
  return rows.some(
    (row) => row.method === 'GET' && new RegExp(`^${row.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
}

async function locationProblems({ headers, status }: Came): Promise<readonly string[]> {
  const location = headers.get('location')
  if (location === null || status !== 201) return location === null ? [] : ['a Location without a creation']
  if (!location.startsWith(`${at.ground.service.url}/v7/`)) return [`Location is ${location}`]
  if (!isReadable(location)) return []
  const { status: read } = await at.ground.call('GET', location)
  return read === 200 ? [] : [`Location ${location} is answered ${read}`]
}

describe('operations without an answer', () => {
  test('are none', async () => {
    expect((await coverage()).filter(({ how }) => how === 'none')).toEqual([])
  })
})

describe('a valid call', () => {
  test.each(named(rows))('%s is answered as the document says', async (_, row) => {
    const { parameters, query, body } = await validRequest(at.ground, row)
    const wrong = row.body ? at.documents.flatMap(({ checkBody }) => checkBody(row.id, body)) : []
    expect(wrong, 'the request').toEqual([])
    const came = await at.ground.call(row.method, pathOf(row, parameters), { query, body })
    expect(came.status, came.text).toBe(row.answer.status)
    const problems = [
      ...at.documents.flatMap(({ version, check }) =>
        check(row.id, came).map((words) => `${version}: ${words}`),
      ),
      ...halProblems(came.body, at.ground.service.url),
      ...windowProblems(row, came),
      ...(await locationProblems(came)),
    ]
    expect(problems, problems.join('\n')).toEqual([])
  })
})
