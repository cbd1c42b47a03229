import { expect, test } from 'vitest'
import { startPanoptes } from '../support/panoptes.ts'

const authorization = 'Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60'
const prefix = 'x-dashboard-snapshot-rate-limit-'

/** Limit, remaining calls, and the seconds until there are more: 0 while there are some. */
const windowOf = ({ headers }: Response): readonly (string | null)[] =>
  ['limit', 'remaining', 'reset'].map((word) => headers.get(`${prefix}${word}`))

test('POST /dashboard-snapshots tells of its hundred calls an hour in every 201 and in the 429', async () => {
  await using service = await startPanoptes()
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${service.url}/v7/${path}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const { dashboardId } = (await (await post('dashboards', { title: 'Empty' })).json()) as object & {
    dashboardId: string
  }
  const create = () => post('dashboard-snapshots', { dashboardId })
  const answers: Response[] = []
  for (let count = 0; count < 101; count += 1) {
    const answer = await create()
    await answer.arrayBuffer()
    answers.push(answer)
  }
  expect(answers.map(({ status }) => status)).toEqual([...Array(100).fill(201), 429])
  expect(windowOf(answers[0] as Response)).toEqual(['100', '99', '0'])
  expect(windowOf(answers[99] as Response)).toEqual(['100', '0', expect.stringMatching(/^[1-9]\d*$/)])
  expect(windowOf(answers[100] as Response)).toEqual(['100', '0', expect.stringMatching(/^[1-9]\d*$/)])
  service.advance(3600)
  expect((await create()).status).toBe(201)
}, 60_000)
