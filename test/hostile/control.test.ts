import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'

const linesOf = (file: string): readonly string[] =>
  readFileSync(new URL(file, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# '))

const bytesOf = (text: string): Buffer =>
  Buffer.concat(
    text
      .split(/(\\x[0-9a-f]{2})/)
      .map((part) =>
        /^\\x[0-9a-f]{2}$/.test(part) ? Buffer.from([Number.parseInt(part.slice(2), 16)]) : Buffer.from(part),
      ),
  )

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

let panoptes: Panoptes
const log: object[] = []
beforeAll(async () => {
  panoptes = await startPanoptes({ log: (entry) => void log.push(entry) })
})
afterAll(() => panoptes.stop())
beforeEach(() => {
  log.length = 0
})

/** Sends the target as it is written: fetch would tidy it up. */
function send(method: string, path: string, body?: Buffer, type = 'application/json'): Promise<Answer> {
  const { hostname, port } = new URL(panoptes.url)
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': type, 'content-length': body.length }
    const sent = request({ hostname, port, method, path: `/emulator${path}`, headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', text }),
      )
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

/** The answer is a problem of the caller's, nothing failed, and nothing came of it. */
async function expectRefusal(answer: Answer): Promise<void> {
  expect(answer.status, answer.text).toBeGreaterThanOrEqual(400)
  expect(answer.status, answer.text).toBeLessThan(500)
  expect(answer.type).toMatch(/^application\/problem\+json/)
  const problem = JSON.parse(answer.text)
  expect(problem).toMatchObject({ type: 'about:blank', status: answer.status })
  expect(problem.detail.length).toBeGreaterThan(10)
  expect(answer.text).not.toMatch(/\bat .*\.[jt]s:\d|node:internal|ZodError|\[object Object\]|undefined/)
  expect(log.filter((entry) => JSON.stringify(entry).includes('failure'))).toEqual([])
  const state = await Promise.all([
    panoptes.clock.read(),
    panoptes.faults.list(),
    panoptes.snapshots.list(),
    panoptes.workspaces.list(),
    panoptes.integrations.list(),
    panoptes.users.list(),
  ])
  expect(Math.abs(state[0].aheadSeconds)).toBeLessThan(0.1)
  expect(state.slice(0, 4)).toMatchObject([{ frozen: false }, [], [], [{ name: 'default' }]])
  expect(state[4][0]?.lifetimes).toEqual({ access: 600, idle: 604_800, absolute: 15_552_000 })
  expect(state[5].filter(({ locked }) => locked)).toEqual([])
}

const bodies = linesOf('control-bodies.txt')
const queries = linesOf('control-queries.txt')

describe('hostile bodies at the control API', () => {
  test('are many', () => {
    expect(bodies.length).toBeGreaterThan(250)
  })

  test.each(bodies)('%s', async (line) => {
    const [, method = '', path = '', body = ''] = /^(\S+) (\S+) (.*)$/.exec(line) ?? []
    await expectRefusal(await send(method, path, bytesOf(body)))
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/json',
    'application/jsonp',
    'application/json; charset=utf-16',
    'application/json, text/plain',
    '',
  ])('JSON that says it is %j', async (type) => {
    const answer = await send('POST', '/clock/advance', Buffer.from('{"by":"1m"}'), type)
    expect(answer.status).toBe(415)
    await expectRefusal(answer)
  })

  test.each([
    ['a long text', `{"user":"${'a'.repeat(65_000)}"}`],
    ['a deep nesting', '['.repeat(60_000)],
    ['a deep object', `${'{"by":'.repeat(8_000)}1${'}'.repeat(8_000)}`],
    ['many members', `{${Array.from({ length: 6_000 }, (_, n) => `"k${n}":1`).join(',')}}`],
    ['a long number', `{"by":1${'0'.repeat(60_000)}}`],
    ['a long name of a member', `{"${'k'.repeat(60_000)}":1}`],
  ])('%s', async (_, body) => {
    for (const path of ['/clock/advance', '/tokens', '/faults', '/authorizations']) {
      const answer = await send('POST', path, Buffer.from(body))
      await expectRefusal(answer)
      expect(answer.text.length).toBeLessThan(2_000)
    }
  })

  test('more than 64 KB are refused before they are read', async () => {
    const answer = await send('POST', '/clock/advance', Buffer.from(`{"by":"1m"${' '.repeat(65_536)}}`))
    expect(answer.status).toBe(413)
    await expectRefusal(answer)
  })
})

describe('hostile requests at the control API', () => {
  test('are many', () => {
    expect(queries.length).toBeGreaterThan(120)
  })

  test.each(queries)('%s', async (line) => {
    const [method = '', path = ''] = line.split(' ', 2)
    await expectRefusal(await send(method, path))
  })
})
