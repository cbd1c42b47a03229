import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Delays, delaysOf, hookFor } from '../asked-delays.ts'
import { type Row, rowOf, type Scenario } from '../row.ts'
import { ourStart, startServer } from '../server-process.ts'

const rounds = 3
const atOnce = 200
const goalMs = 100

/** The form of sign-in in a browser of its own. @returns sends it, and gives the status of the answer */
async function atForm(url: string, password: string): Promise<() => Promise<number>> {
  const action = `${url}/account/sign-in`
  const page = await fetch(action)
  const cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  const body = new URLSearchParams({ csrf, region: 'us1', email: 'admin@acme.example', password })
  return async () => {
    const answer = await fetch(action, { method: 'POST', redirect: 'manual', headers: { cookie }, body })
    await answer.arrayBuffer()
    return answer.status
  }
}

/** 200 right passwords at once, and what the event loop of the server was late by meanwhile. */
async function run(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-bench-'))
  const file = join(folder, 'delays.json')
  const delays: Delays[] = []
  const seconds: number[] = []
  try {
    await using ours = await startServer([
      ...['--import', hookFor(file), ...ourStart],
      ...['--json', '--port', '0', '--operator-port', '0'],
    ])
    const url = String(ours.ready['url'])
    for (let round = 0; round < rounds; round += 1) {
      const send = await Promise.all(Array.from({ length: atOnce }, () => atForm(url, 'panoptes-us1')))
      await delaysOf(ours, file)
      const startedAt = performance.now()
      const statuses = await Promise.all(send.map((one) => one()))
      seconds.push((performance.now() - startedAt) / 1000)
      delays.push(await delaysOf(ours, file))
      const refused = statuses.filter((status) => status !== 303)
      if (refused.length > 0) throw new Error(`sign-ins were refused: ${refused.join(' ')}`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const names = {
    scenario: 'sign-in-load',
    subject: `Panoptes, ${atOnce} sign-ins at once`,
    peer: 'the goal',
  }
  return [
    rowOf(
      { ...names, metric: 'ms of event-loop delay, p99' },
      delays.map(({ p99 }) => ({ subject: p99, peer: goalMs })),
    ),
    rowOf(
      { ...names, metric: 'ms of event-loop delay, longest' },
      delays.map(({ longest }) => ({ subject: longest, peer: goalMs })),
    ),
    rowOf(
      { ...names, metric: 'sign-ins per second', peer: 'one second for all' },
      seconds.map((took) => ({ subject: atOnce / took, peer: atOnce })),
    ),
  ]
}

export const signInLoad: Scenario = {
  name: 'sign-in-load',
  goals: [
    {
      scenario: 'sign-in-load',
      metric: 'ms of event-loop delay, p99',
      holds: ({ ratio }) => ratio < 1,
      text: 'below 100 ms',
    },
  ],
  run,
}
