import { beforeAll, describe, expect, test } from 'vitest'
import { type Store, StoreFailure } from '#store/store.ts'
import { loadV7Facts } from '#upstream/emulator/emulator.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { type Calls, memoryStore, openCalls, origin, viewer } from './emulator-calls.ts'

const test1 = { testName: 'One', url: 'https://one.example', interval: 60, agents: [{ agentId: '3' }] }

let calls: Calls
beforeAll(async () => {
  calls = await openCalls()
})

describe('errors in their live forms (thousandeyes-facts 6.2)', () => {
  test('a bad test is a problem with a title alone', async () => {
    const { status, headers, body } = await calls.call('POST', '/tests/bgp', { body: {} })
    expect(status).toBe(400)
    expect(headers['content-type']).toBe('application/problem+json;charset=UTF-8')
    expect(body).toEqual({
      type: 'about:blank',
      title:
        'There were some errors in your request, please correct them before trying again. Error in field prefix : Prefix is empty.',
      status: 400,
      instance: '/v7/tests/bgp',
    })
  })

  test('a bad account group lists its fields as the document does', async () => {
    const { status, body } = await calls.call('POST', '/account-groups', { body: { accountGroupName: 7 } })
    expect(status).toBe(400)
    expect(body).toMatchObject({
      title: 'Request validation failed. There are invalid or missing fields',
      errors: [{ field: 'accountGroupName', message: 'must be a string.' }],
    })
  })

  test('what does not exist is 404 without a body', async () => {
    const { status, headers, text } = await calls.call('GET', '/tests/http-server/1')
    expect([status, headers, text]).toEqual([404, {}, ''])
  })

  test('what no family answers says so with 501', async () => {
    const facts = await loadV7Facts()
    const answererOf: typeof facts.answererOf = (id) => (id === 'getUsage' ? undefined : facts.answererOf(id))
    const partial = await openCalls({ facts: { ...facts, answererOf } })
    const { status, body } = await partial.call('GET', '/usage')
    expect([status, body.detail]).toEqual([501, 'GET /v7/usage is part of v7 but not emulated yet.'])
  })

  test('an account group of others is 403, one of the own reach is answered', async () => {
    expect((await calls.call('GET', '/tests', { aid: '2101' })).status).toBe(403)
    expect((await calls.call('GET', '/tests', { aid: '1102' })).status).toBe(200)
    expect((await calls.call('GET', '/tests', { aid: '1102', as: viewer })).status).toBe(403)
  })

  test('a Regular User who creates a test is refused by the role', async () => {
    const { status, body } = await calls.call('POST', '/tests/http-server', { as: viewer, body: test1 })
    expect(status).toBe(403)
    expect(body).toMatchObject({ status: 403, instance: '/v7/tests/http-server' })
  })

  test('a user that the region does not know is refused', async () => {
    expect((await calls.call('GET', '/tests', { as: 'us2.1001' })).status).toBe(403)
  })
})

describe('request bodies', () => {
  test.each([
    ['is no JSON', '{', 'application/json', 400],
    ['is no object', '[]', 'application/json', 400],
    ['is text', '"x"', 'application/json', 400],
    ['poses as a refusal', '{"kind":"refusal","code":"nonsense"}', 'application/json', 400],
    ['is of another type', 'testName=One', 'application/x-www-form-urlencoded', 415],
    ['is too large', JSON.stringify({ testName: 'x'.repeat(1_100_000) }), 'application/json', 413],
  ])('a body that %s is refused', async (_, body, contentType, status) => {
    expect((await calls.call('POST', '/tests/http-server', { body, contentType })).status).toBe(status)
  })

  test('a missing body is refused where the document requires one', async () => {
    expect((await calls.call('POST', '/tests/http-server')).status).toBe(400)
  })

  test('keys that only the server sets are not let through', async () => {
    const forged = { ...test1, testName: 'Forged', testId: '1', createdBy: 'x@y.example', type: 'bgp' }
    const { body } = await calls.call('POST', '/tests/http-server', { body: forged })
    expect(body).toMatchObject({ createdBy: 'admin@acme.example', type: 'http-server' })
    expect(body.testId).toMatch(/^2814749767\d{5}$/)
  })

  test('nulls mean that a key was left out', async () => {
    const body = {
      ...test1,
      testName: 'Nulls',
      description: null,
      agents: [{ agentId: '3', sourceIpAddress: null }],
    }
    expect((await calls.call('POST', '/tests/http-server', { body })).status).toBe(201)
  })
})

describe('answers', () => {
  test('carry the live content type, and plain JSON where the document declares it', async () => {
    const hal = await calls.call('GET', '/tests')
    const plain = await calls.call('GET', '/tests/110301/history')
    expect(hal.headers['content-type']).toBe('application/hal+json;charset=UTF-8')
    expect(plain.headers['content-type']).toBe('application/json;charset=UTF-8')
  })

  test('link to our origin, with aid when the request had it', async () => {
    const without = await calls.call('GET', '/tests/http-server/110301')
    const withAid = await calls.call('GET', '/tests/http-server/110301', { aid: '1101' })
    expect(without.body['_links'].self.href).toBe(`${origin}/v7/tests/http-server/110301`)
    expect(withAid.body['_links'].self.href).toBe(`${origin}/v7/tests/http-server/110301?aid=1101`)
  })

  test('are fresh after every write, and apart for every user', async () => {
    const count = async (): Promise<number> => (await calls.call('GET', '/tests')).body.tests.length
    const before = await count()
    const made = await calls.call('POST', '/tests/http-server', { body: { ...test1, testName: 'Fresh' } })
    expect(await count()).toBe(before + 1)
    await calls.call('DELETE', `/tests/http-server/${made.body.testId}`)
    expect(await count()).toBe(before)
    const one = await calls.call('GET', '/users/current')
    const other = await calls.call('GET', '/users/current', { as: viewer })
    expect([one.body.uid, other.body.uid]).toEqual(['1001', '1003'])
  })

  test('are the same bytes while nothing changes', async () => {
    const [first, second] = [await calls.call('GET', '/agents'), await calls.call('GET', '/agents')]
    expect(second.text).toBe(first.text)
  })
})

describe('parallel writes', () => {
  test('of one name make one test', async () => {
    const body = { ...test1, testName: 'Only one' }
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => calls.call('POST', '/tests/http-server', { body })),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(9)
  })
})

describe('the store', () => {
  test('has every object before its answer, so that the next start knows it', async () => {
    const clock = fakeClock()
    const store = memoryStore(clock)
    const first = await openCalls({ store, clock })
    const { body } = await first.call('POST', '/tests/http-server', { body: test1 })
    await first.call('DELETE', '/tests/http-server/110301')
    const second = await openCalls({ store, clock })
    expect((await second.call('GET', `/tests/http-server/${body.testId}`)).body.testName).toBe('One')
    expect((await second.call('GET', '/tests/http-server/110301')).status).toBe(404)
  })

  test('never gives an id twice, not even after a delete and a start', async () => {
    const clock = fakeClock()
    const store = memoryStore(clock)
    const first = await openCalls({ store, clock })
    const one = await first.call('POST', '/users', { body: { email: 'one@acme.example' } })
    await first.call('DELETE', `/users/${one.body.uid}`)
    const second = await openCalls({ store, clock })
    const two = await second.call('POST', '/users', { body: { email: 'two@acme.example' } })
    expect(two.body.uid).not.toBe(one.body.uid)
  })

  test('is believed after a write whose outcome is unknown', async () => {
    const clock = fakeClock()
    const store = memoryStore(clock)
    let failsAfterwards = false
    const shaky: Store = {
      read: store.read,
      list: store.list,
      purge: store.purge,
      close: store.close,
      async commit(changes) {
        const outcome = await store.commit(changes)
        if (failsAfterwards) throw new StoreFailure('the connection broke')
        return outcome
      },
    }
    const shakyCalls = await openCalls({ store: shaky, clock })
    failsAfterwards = true
    await expect(shakyCalls.call('POST', '/tests/http-server', { body: test1 })).rejects.toThrow(StoreFailure)
    failsAfterwards = false
    const { body } = await shakyCalls.call('GET', '/tests')
    expect(body.tests.map((one: { testName: string }) => one.testName)).toContain('One')
  })
})

describe('account groups of a credential', () => {
  test('are the reachable ones by name, the login account group first', async () => {
    const groups = await calls.upstream.accountGroups('us1', {
      kind: 'standing',
      userId: 'us1.1002' as never,
    })
    expect(groups).toEqual([
      { aid: '1101', name: 'Acme HQ', isLogin: true },
      { aid: '1102', name: 'Acme Branches', isLogin: false },
    ])
  })

  test('are none for a user that does not exist', async () => {
    expect(await calls.upstream.accountGroups('us1', { kind: 'standing', userId: 'us1.9' as never })).toEqual(
      [],
    )
  })
})
