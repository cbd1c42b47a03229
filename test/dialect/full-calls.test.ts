import { describe, expect, test } from 'vitest'
import { groundWithDocuments } from './ground-of-file.ts'
import { keptProblems } from './kept-values.ts'
import { named, type Row, rows } from './sample-bodies.ts'
import { pathOf } from './valid-ids.ts'
import { expandAll, validRequest } from './valid-requests.ts'

const at = groundWithDocuments()

/** What the first round, with what is required alone, has not asked. */
const isFuller = (row: Row): boolean => row.body !== undefined || 'expand' in row.query

/** Answers that show something else than what was written. */
const answersOther: Readonly<Record<string, string>> = {
  deployTemplate: 'the template, and not what was made of it',
  unassignTags: 'what is left',
}

describe('a call with all that may be written, and all that may be expanded', () => {
  test.each(named(rows.filter(isFuller)))('%s is answered as the document says', async (_, row) => {
    const { parameters, query, body } = await validRequest(at.ground, row, { isFull: true })
    const wrong = row.body ? at.documents.flatMap(({ checkBody }) => checkBody(row.id, body)) : []
    expect(wrong, 'the request').toEqual([])
    const came = await at.ground.call(row.method, pathOf(row, parameters), {
      query: expandAll(row, query),
      body,
    })
    expect(came.status, came.text).toBe(row.answer.status)
    const problems = [
      ...at.documents.flatMap(({ version, check }) =>
        check(row.id, came).map((words) => `${version}: ${words}`),
      ),
      ...(row.answer.schema && !(row.id in answersOther)
        ? keptProblems({ ref: row.answer.schema }, body, came.body)
        : []),
    ]
    expect(problems, problems.join('\n')).toEqual([])
  })
})
