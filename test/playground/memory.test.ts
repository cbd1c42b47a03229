import { describe, expect, test } from 'vitest'
import { answeredBy } from '#playground/answered.ts'
import { type ConnectionState, memoryBounds, openMemory } from '#playground/memory.ts'

const connector = (apiKey: string): ConnectionState => ({
  kind: 'connector',
  apiKey,
  accountGroup: '',
  answers: [],
})

const keysOf = (memory: ReturnType<typeof openMemory>, browser: string): readonly string[] =>
  memory.of(browser).connections.map((each) => (each.kind === 'connector' ? each.apiKey : ''))

describe('what the playground remembers', () => {
  test('is of one browser alone, newest first', () => {
    const memory = openMemory()
    memory.add('a', connector('1'))
    memory.add('a', connector('2'))
    memory.add('b', connector('3'))
    expect(keysOf(memory, 'a')).toEqual(['2', '1'])
    expect(keysOf(memory, 'b')).toEqual(['3'])
    expect(keysOf(memory, 'c')).toEqual([])
  })

  test('lets the oldest connection of a browser go', () => {
    const memory = openMemory()
    for (let count = 0; count <= memoryBounds.connections; count += 1)
      memory.add('a', connector(String(count)))
    expect(keysOf(memory, 'a')).toHaveLength(memoryBounds.connections)
    expect(keysOf(memory, 'a')).not.toContain('0')
  })

  test('lets the browser go that was not used for longest', () => {
    const memory = openMemory()
    for (let count = 0; count < memoryBounds.browsers; count += 1)
      memory.add(`browser-${count}`, connector('x'))
    memory.add('browser-0', connector('y'))
    memory.add('one more', connector('x'))
    expect(keysOf(memory, 'browser-0')).toEqual(['y', 'x'])
    expect(keysOf(memory, 'browser-1')).toEqual([])
  })

  test('lets the oldest registration go', () => {
    const memory = openMemory()
    const answer = answeredBy(
      { method: 'POST', path: '/', headers: {} },
      { status: 400, headers: {}, body: '' },
      0,
    )
    for (let count = 0; count <= memoryBounds.registrations; count += 1)
      memory.addRegistration('a', { client: undefined, answer: { ...answer, at: count } })
    const kept = memory.of('a').registrations.map(({ answer: { at } }) => at)
    expect(kept).toHaveLength(memoryBounds.registrations)
    expect(kept).not.toContain(0)
  })

  test('changes and removes what the browser has, and nothing else', () => {
    const memory = openMemory()
    const { id } = memory.add('a', connector('1'))
    memory.change('b', id, connector('2'))
    memory.remove('b', id)
    expect(keysOf(memory, 'a')).toEqual(['1'])
    memory.change('a', id, connector('2'))
    expect(keysOf(memory, 'a')).toEqual(['2'])
    memory.remove('a', id)
    memory.change('a', id, connector('3'))
    expect(keysOf(memory, 'a')).toEqual([])
  })
})

describe('an answer on a card', () => {
  const request = { method: 'GET', path: '/v7/tests', headers: {} } as const

  test('has its JSON set out and the headers worth seeing', () => {
    const answered = answeredBy(
      request,
      { status: 200, headers: { 'content-type': 'application/json', date: 'x' }, body: '{"a":1}' },
      7,
    )
    expect(answered).toEqual({
      request: 'GET /v7/tests',
      status: 200,
      headers: [{ name: 'content-type', value: 'application/json' }],
      body: '{\n  "a": 1\n}',
      isCut: false,
      at: 7,
    })
  })

  test('is cut when it is long, and is left as it is when it is no JSON', () => {
    const long = answeredBy(request, { status: 200, headers: {}, body: 'x'.repeat(100_000) }, 0)
    expect(long.body).toHaveLength(6_000)
    expect(long.isCut).toBe(true)
  })
})
