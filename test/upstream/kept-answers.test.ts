import { beforeEach, describe, expect, test } from 'vitest'
import { answerCache } from '#upstream/emulator/answer-cache.ts'
import { type Calls, openCalls } from './emulator-calls.ts'

const portal = '/tests/http-server/110301'
const changed = { url: 'https://portal.acme.example', interval: 300, agents: [{ agentId: '4' }] }

describe('a list of tests, whose texts are kept', () => {
  let calls: Calls
  beforeEach(async () => {
    calls = await openCalls()
  })

  const listed = async (query = '', aid?: string): Promise<readonly Record<string, unknown>[]> => {
    const { status, body } = await calls.call('GET', '/tests', { query, ...(aid !== undefined && { aid }) })
    expect(status).toBe(200)
    return body.tests
  }

  test.each(['/tests', '/tests/http-server'])(
    'shows in %s what was written last, time and again',
    async (path) => {
      for (const testName of ['One', 'Two', 'Three']) {
        await calls.call('PUT', portal, { body: { ...changed, testName } })
        const { body } = await calls.call('GET', path)
        const names = body.tests.map((one: { testName: string }) => one.testName)
        expect(names).toContain(testName)
        expect(names).toHaveLength(path === '/tests' ? 7 : 1)
      }
    },
  )

  test('shows each test as it reads, but for what a list leaves out', async () => {
    await listed()
    for (const one of await listed()) {
      const { body } = await calls.call('GET', `/tests/${one['type']}/${one['testId']}`)
      expect(one).toEqual(Object.fromEntries(Object.entries(body).filter(([key]) => key in one)))
    }
  })

  test('has the account group in its links when it was asked for, and only then', async () => {
    for (const aid of [undefined, '1101', undefined, '1102', '1101']) {
      const hrefs = JSON.stringify((await listed('', aid)).map(({ _links }) => _links))
      expect(hrefs.match(/\?aid=\d+/g)?.every((found) => found === `?aid=${aid}`)).toBe(
        aid === undefined ? undefined : true,
      )
    }
  })
})

describe('answers that are kept', () => {
  const answer = (bytes: number) => ({ status: 200, headers: {}, body: Buffer.alloc(bytes, 0x61) })
  const megabyte = 1_048_576

  test('are dropped, the oldest first, before they are more than 16 MiB together', () => {
    const cache = answerCache(1_000)
    for (let index = 0; index < 20; index += 1) cache.keep(`key ${index}`, 1, answer(megabyte))
    const found = Array.from({ length: 20 }, (_, index) => cache.find(`key ${index}`, 1) !== undefined)
    expect(found).toEqual([...Array(4).fill(false), ...Array(16).fill(true)])
  })

  test('are counted once when they are kept again', () => {
    const cache = answerCache(1_000)
    for (let revision = 1; revision <= 40; revision += 1) cache.keep('same', revision, answer(megabyte))
    cache.keep('other', 40, answer(megabyte))
    expect([
      cache.find('same', 39),
      cache.find('same', 40) !== undefined,
      cache.find('other', 40) !== undefined,
    ]).toEqual([undefined, true, true])
  })

  test('are at most as many as was said, and none above 4 MiB', () => {
    const cache = answerCache(2)
    for (const key of ['a', 'b', 'c']) cache.keep(key, 1, answer(10))
    cache.keep('large', 1, answer(4 * megabyte + 1))
    expect(['a', 'b', 'c', 'large'].map((key) => cache.find(key, 1) !== undefined)).toEqual([
      false,
      true,
      true,
      false,
    ])
  })
})
