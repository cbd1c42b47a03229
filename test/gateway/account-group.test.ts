import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { accessToken, aid, fullAccess, startGateway, userApiToken } from './start-gateway.ts'

const bearer = { type: 'bearer' } as const
const branches = { ...fullAccess, accountGroups: [aid('1102')] }
const headquarters = { ...fullAccess, accountGroups: [aid('1101')] }

describe('account group, security-cases G19', () => {
  test('is the login account group when none is asked for', async () => {
    await using gateway = await startGateway()
    await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(200)
    expect(gateway.sent[0]?.accountGroup).toBe('1101')
  })

  test('is the one asked for, and the query goes on with it', async () => {
    await using gateway = await startGateway()
    await request(gateway.url).get('/v7/tests?aid=1102').auth(accessToken, bearer).expect(200)
    expect(gateway.sent[0]?.accountGroup).toBe('1102')
    expect(gateway.sent[0]?.query.get('aid')).toBe('1102')
  })

  test('outside of the grant is refused', async () => {
    await using gateway = await startGateway()
    gateway.grants.set(accessToken, headquarters)
    const answer = await request(gateway.url).get('/v7/tests?aid=1102').auth(accessToken, bearer).expect(403)
    expect(answer.body).toMatchObject({ status: 403, code: 'account_group_not_granted' })
    expect(gateway.sent).toEqual([])
  })

  test('outside of the grant is refused also when it is the login account group that nobody named', async () => {
    await using gateway = await startGateway()
    gateway.grants.set(accessToken, branches)
    await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(403)
    await request(gateway.url).get('/v7/tests?aid=1102').auth(accessToken, bearer).expect(200)
    expect(gateway.sent.map(({ accountGroup }) => accountGroup)).toEqual(['1102'])
  })

  test('follows the user to another login account group within a second', async () => {
    let login = '1101'
    await using gateway = await startGateway({
      accountGroups: () => [{ aid: aid(login), name: 'login', isLogin: true }],
    })
    gateway.grants.set(accessToken, headquarters)
    await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(200)
    login = '1102'
    gateway.clock.advance(1)
    await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(403)
  })

  test('is closed to a user who belongs to none', async () => {
    await using gateway = await startGateway({ accountGroups: () => [] })
    await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(403)
  })

  test.each([
    'aid=1101&aid=1102',
    'aid=1101&aid=1101',
    'aid=',
    'aid=0',
    'aid=-1',
    'aid=01101',
    'aid=1101%20',
    'aid=1e3',
    'aid=1101,1102',
    'aid=%D9%A1',
    'aid=1234567890123456789',
    'aid[]=1102',
    'aid[0]=1102&aid=1101',
    '%61id=1101&aid=1102',
    'aid=../1101',
  ])('is not read from ?%s', async (query) => {
    await using gateway = await startGateway()
    for (const token of [accessToken, userApiToken]) {
      const answer = await request(gateway.url).get(`/v7/tests?${query}`).auth(token, bearer).expect(400)
      expect(answer.body).toMatchObject({ title: 'Invalid aid', status: 400, instance: '/v7/tests' })
    }
    expect(gateway.sent).toEqual([])
  })

  test.each(['get', 'put', 'delete'] as const)(
    'that a path is about is one of the grant, for %s too',
    async (method) => {
      await using gateway = await startGateway()
      gateway.grants.set(accessToken, headquarters)
      const foreign = request(gateway.url)[method]('/v7/account-groups/1102?expand=user')
      expect((await foreign.auth(accessToken, bearer).expect(403)).body).toMatchObject({
        code: 'account_group_not_granted',
      })
      expect(gateway.sent).toEqual([])
      await request(gateway.url)[method]('/v7/account-groups/1101').auth(accessToken, bearer).expect(200)
      await request(gateway.url)[method]('/v7/account-groups/1102').auth(userApiToken, bearer).expect(200)
    },
  )

  test('is ignored by operations that do not take it', async () => {
    await using gateway = await startGateway()
    gateway.grants.set(accessToken, branches)
    await request(gateway.url).get('/v7/users/current?aid=1101&aid=x').auth(accessToken, bearer).expect(200)
    expect(gateway.sent[0]?.accountGroup).toBeUndefined()
  })

  test('of a User API Token is the affair of the upstream', async () => {
    await using gateway = await startGateway()
    await request(gateway.url).get('/v7/tests?aid=9999').auth(userApiToken, bearer).expect(200)
    await request(gateway.url).get('/v7/tests').auth(userApiToken, bearer).expect(200)
    expect(gateway.sent.map(({ accountGroup }) => accountGroup)).toEqual(['9999', undefined])
  })

  test.each(['true', 'TRUE', '1', 'false&useAllPermittedAids=true'])(
    'lets useAllPermittedAids=%s reach no further than the grant',
    async (value) => {
      await using gateway = await startGateway()
      const path = `/v7/audit-user-events?useAllPermittedAids=${value}`
      await request(gateway.url).get(path).auth(accessToken, bearer).expect(200)
      gateway.grants.set(accessToken, headquarters)
      await request(gateway.url).get(path).auth(accessToken, bearer).expect(403)
      await request(gateway.url).get(`${path}&aid=1101`).auth(accessToken, bearer).expect(403)
      expect(gateway.sent).toHaveLength(1)
    },
  )

  test('takes useAllPermittedAids=false for what it says', async () => {
    await using gateway = await startGateway()
    gateway.grants.set(accessToken, headquarters)
    await request(gateway.url)
      .get('/v7/audit-user-events?useAllPermittedAids=false')
      .auth(accessToken, bearer)
      .expect(200)
  })
})
