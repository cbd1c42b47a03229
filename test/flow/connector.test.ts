import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { connect, sdWan } from './integrations.ts'
import { callV7, type V7Answer } from './v7.ts'

/** The User API Token of the product documentation's own example, pasted as "API Key". */
const apiKey = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'
const unknownKey = '00000000-0000-4000-8000-000000000000'
const dayInSeconds = 86_400

/** A week that ended an hour ago, so that it reads the same from one call to the next. */
const at = (secondsAgo: number): string =>
  `${new Date(Date.now() - secondsAgo * 1000).toISOString().slice(0, 19)}Z`
const week = `startDate=${at(7 * dayInSeconds)}&endDate=${at(3_600)}`

interface Groups {
  readonly accountGroups: readonly {
    readonly aid: string
    readonly accountGroupName: string
    readonly isDefaultAccountGroup: boolean
  }[]
}

type Row = Readonly<Record<string, unknown>>

interface Page extends Row {
  readonly _links: { readonly next?: { readonly href: string } }
}

/** All rows of a list: `_links.next` is followed as it is given until it is missing (thousandeyes-facts 6.1). */
async function readAll(service: RunningPanoptes, path: string, name: string): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const answer: V7Answer<Page> = await callV7<Page>(service, apiKey, next)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-organization-rate-limit-limit')).toBe('240')
    rows.push(...(answer.body[name] as readonly Row[]))
    const href: string | undefined = answer.body._links.next?.href
    if (href !== undefined) expect(new URL(href).origin).toBe(service.url)
    next = href?.slice(service.url.length)
  }
  return rows
}

describe('a connector with a pasted User API Token', () => {
  let service: RunningPanoptes

  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  test('learns the ids of its account groups, which no page shows', async () => {
    const { status, body } = await callV7<Groups>(service, apiKey, '/v7/account-groups')
    expect(status).toBe(200)
    expect(
      body.accountGroups.map(({ aid, accountGroupName, isDefaultAccountGroup }) => ({
        aid,
        accountGroupName,
        isDefaultAccountGroup,
      })),
    ).toEqual([
      { aid: '1101', accountGroupName: 'Acme HQ', isDefaultAccountGroup: true },
      { aid: '1102', accountGroupName: 'Acme Branches', isDefaultAccountGroup: false },
    ])
  })

  test.each([
    ['tests', '/v7/tests'],
    ['agents', '/v7/agents'],
    ['alerts', `/v7/alerts?${week}`],
    ['events', `/v7/events?${week}`],
  ])(
    'reads all %s of the default account group without an aid, and of another with it',
    async (name, path) => {
      const idsOf = async (target: string): Promise<readonly unknown[]> => {
        const rows = await readAll(service, target, name)
        return rows.map((row) => row['testId'] ?? row['agentId'] ?? row['id'])
      }
      const within = (aid: string): string => `${path}${path.includes('?') ? '&' : '?'}aid=${aid}`
      const byDefault = await idsOf(path)
      expect(byDefault).not.toEqual([])
      expect(await idsOf(within('1101'))).toEqual(byDefault)
      const branches = await idsOf(within('1102'))
      expect(branches).not.toEqual([])
      expect(branches).not.toEqual(byDefault)
    },
  )

  test('reads the same events in small pages', async () => {
    const inOne = await readAll(service, `/v7/events?${week}&max=100`, 'events')
    expect(inOne.length).toBeGreaterThan(5)
    const inMany = await readAll(service, `/v7/events?${week}&max=5`, 'events')
    expect(inMany.map(({ id }) => id)).toEqual(inOne.map(({ id }) => id))
  })

  test.each(['/v7/tests', '/v7/agents', '/v7/alerts', '/v7/events'])(
    'gets 403 from %s for an account group of somebody else, in words and not with an empty list',
    async (path) => {
      const foreign = await callV7(service, apiKey, `${path}?aid=2101`)
      expect(foreign).toMatchObject({ status: 403, body: { status: 403, title: expect.any(String) } })
    },
  )

  test.each([
    ['an unknown one', unknownKey],
    ['an access token of nobody', `${'a'.repeat(16)}.${'b'.repeat(43)}`],
    ['something else', 'not a token'],
  ])('gets 401 with the observed body for %s', async (_, token) => {
    const refused = await callV7(service, token, '/v7/tests')
    expect(refused).toMatchObject({
      status: 401,
      body: { error: 'invalid_token', error_description: 'Invalid access token' },
    })
  })

  test('gets 401 with the other observed body without a token, also for a token in the query', async () => {
    const body = {
      errorMessage: '401 Not Authorized\nPlease ensure you are using the correct authentication token.',
    }
    expect(await callV7(service, undefined, '/v7/tests')).toMatchObject({ status: 401, body })
    const inQuery = await callV7(service, undefined, `/v7/tests?access_token=${apiKey}`)
    expect(inQuery).toMatchObject({ status: 401, body })
  })

  test('answers a GET that carries a content type and no body, as PowerShell sends it', async () => {
    const headers = { accept: 'application/json', 'content-type': 'application/json' }
    expect((await callV7(service, apiKey, '/v7/tests', { headers })).status).toBe(200)
  })
})

describe('POST /v7/api-tokens', () => {
  test('rotates: the old token lives for 14 days beside the new one and is then revoked', async () => {
    await using service = await startPanoptes()
    const rotated = await callV7<{ bearerToken: string; validUntil: string }>(
      service,
      apiKey,
      '/v7/api-tokens',
      {
        method: 'POST',
      },
    )
    expect(rotated).toMatchObject({
      status: 201,
      body: { bearerToken: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    })
    const { bearerToken, validUntil } = rotated.body
    const days = (Date.parse(validUntil) - Date.now()) / (dayInSeconds * 1000)
    expect(days).toBeGreaterThan(729)
    expect(days).toBeLessThan(732)
    expect((await callV7(service, bearerToken, '/v7/api-tokens', { method: 'POST' })).status).toBe(409)

    service.advance(14 * dayInSeconds - 60)
    for (const token of [apiKey, bearerToken])
      expect((await callV7(service, token, '/v7/account-groups')).status).toBe(200)
    service.advance(61)
    expect(await callV7(service, apiKey, '/v7/account-groups')).toMatchObject({
      status: 401,
      body: { error: 'invalid_token' },
    })
    expect((await callV7(service, bearerToken, '/v7/account-groups')).status).toBe(200)
  })

  test('refuses an access token that was not given that scope', async () => {
    await using service = await startPanoptes()
    const tokens = await connect(service, sdWan)
    const refused = await callV7(service, tokens.access_token, '/v7/api-tokens', { method: 'POST' })
    expect(refused.status).toBe(403)
  })
})
