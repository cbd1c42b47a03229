import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { adminToken } from '../dialect/ground.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'

const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' }

const newTest = {
  testName: 'Each minute',
  interval: 60,
  server: 'acme.example:443',
  agents: [{ agentId: '3' }, { agentId: '110201' }],
}

interface Row {
  readonly testId: string
  readonly cloudUnitsUsed: number
  readonly enterpriseUnitsUsed: number
}

async function rowOf({ url }: RunningPanoptes, id: string): Promise<Row | undefined> {
  const answer = await fetch(`${url}/v7/usage/units/tests`, { headers })
  const { breakdowns } = (await answer.json()) as { readonly breakdowns: readonly Row[] }
  return breakdowns.find(({ testId }) => testId === id)
}

/** Creates a test, lets it run, and deletes it. @returns its id, and what it had used just before */
async function runOnce(service: RunningPanoptes, by?: string): Promise<readonly [string, Row | undefined]> {
  const made = await fetch(`${service.url}/v7/tests/agent-to-server`, {
    method: 'POST',
    headers,
    body: JSON.stringify(newTest),
  })
  expect(made.status).toBe(201)
  const { testId } = (await made.json()) as { readonly testId: string }
  if (by !== undefined)
    await fetch(`${service.url}/emulator/clock/advance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by }),
    })
  const before = await rowOf(service, testId)
  const gone = await fetch(`${service.url}/v7/tests/agent-to-server/${testId}`, { method: 'DELETE', headers })
  expect(gone.status).toBe(204)
  return [testId, before]
}

/** The token of the seed lasts a year, so that the clock only goes into the next months. */
const inMonths = (months: number, day: number): string => {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, day, 12)).toISOString()
}

async function setClock({ url }: RunningPanoptes, now: string): Promise<void> {
  const answer = await fetch(`${url}/emulator/clock/set`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ now }),
  })
  expect(answer.status).toBe(200)
}

test('a deleted test stays on the bill of its month, and of no other', async () => {
  await using service = await startPanoptes()
  await setClock(service, inMonths(1, 10))
  const [id, before] = await runOnce(service, '2h')
  expect(before?.cloudUnitsUsed).toBe(121 * 5)
  expect(await rowOf(service, id)).toMatchObject({ cloudUnitsUsed: 121 * 5, enterpriseUnitsUsed: 121 * 5 })
  await setClock(service, inMonths(2, 1))
  expect(await rowOf(service, id)).toBeUndefined()
})

test('a deleted test stays on the bill after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-usage-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const before = await startPanoptes(['--data', folder])
  const [id] = await runOnce(before)
  const used = await rowOf(before, id)
  await before.stop()
  await using after = await startPanoptes(['--data', folder])
  expect(used).toMatchObject({ cloudUnitsUsed: expect.any(Number) })
  expect(await rowOf(after, id)).toEqual(used)
})
