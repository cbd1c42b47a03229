import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedIn } from '../account/signed-in.ts'
import {
  askForDevice,
  askForCode as askForMerakiCode,
  connectMeraki,
  pollDevice,
  post,
  readsAgents,
  refresh,
} from '../steps/requests.ts'
import { enterCode } from '../support/device.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { type Labels, type Scrape, scrape } from '../support/scrape.ts'

const admin = ['admin@acme.example', 'panoptes-us1'] as const
const userApiToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

let service: RunningPanoptes
beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
})
afterAll(() => service.stop())

type Figure = readonly [name: string, labels: Labels]

/** By how much each figure rose while something was done. */
async function rises(figures: readonly Figure[], act: () => Promise<unknown>): Promise<readonly number[]> {
  const of = (read: Scrape): readonly number[] => figures.map(([name, labels]) => read.value(name, labels))
  const before = of(await scrape(service))
  await act()
  const after = of(await scrape(service))
  return after.map((value, index) => value - (before[index] ?? 0))
}

const call = async (token: string | undefined, path: string, method = 'GET'): Promise<number> => {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const answer = await fetch(`${service.url}${path}`, { method, headers })
  await answer.arrayBuffer()
  return answer.status
}

describe('GET /metrics, v7 gateway', () => {
  const calls = 'panoptes_gateway_calls_total'
  const durations = 'panoptes_gateway_call_duration_seconds_count'
  const refusals = 'panoptes_gateway_refusals_total'

  test('counts a call by integration, region, family and status, and times it', async () => {
    const { access_token: token } = await connectMeraki(service, new Person())
    const before = await scrape(service)
    const figures: readonly Figure[] = [
      [calls, { integration: 'meraki', region: 'us1', status_class: '2xx' }],
      [durations, { family: 'agents', status_class: '2xx' }],
      [refusals, {}],
    ]
    expect(await rises(figures, () => readsAgents(service, token))).toEqual([1, 1, 0])
    const sum = 'panoptes_gateway_call_duration_seconds_sum'
    const labels = { family: 'agents', status_class: '2xx' }
    const took = (await scrape(service)).value(sum, labels) - before.value(sum, labels)
    expect(took).toBeGreaterThan(0)
    expect(took).toBeLessThan(10)
  })

  test('counts the calls of User API Tokens and of nobody apart', async () => {
    const figures: readonly Figure[] = [
      [calls, { integration: 'user-api-token', region: 'us1' }],
      [calls, { integration: 'none', region: 'none', status_class: '4xx' }],
    ]
    await expect(rises(figures, () => call(userApiToken, '/v7/tests'))).resolves.toEqual([1, 0])
    await expect(rises(figures, () => call(undefined, '/v7/tests'))).resolves.toEqual([0, 1])
  })

  test.each([
    ['no_token', 'none', undefined, '/v7/tests', 401],
    ['invalid_token', 'none', 'nothing', '/v7/tests', 401],
    ['not_found', 'none', userApiToken, '/v7/nothing-of-the-kind', 404],
  ])('counts a refusal as %s, of family %s', async (code, family, token, path, status) => {
    const figures: readonly Figure[] = [
      [refusals, { code }],
      [refusals, {}],
      [durations, { family, status_class: '4xx' }],
    ]
    expect(await rises(figures, async () => expect(await call(token, path)).toBe(status))).toEqual([1, 1, 1])
  })
})

describe('GET /metrics, authorization server', () => {
  const refreshes = 'panoptes_refreshes_total'
  const ended = 'panoptes_connections_ended_total'
  const issued = 'panoptes_tokens_issued_total'

  test('counts tokens by grant type and integration, and the sign-in before them', async () => {
    const figures: readonly Figure[] = [
      [issued, { grant_type: 'authorization_code', integration: 'meraki' }],
      ['panoptes_sign_ins_total', { way: 'password', outcome: 'accepted' }],
      ['panoptes_audit_events_total', { event: 'grant-created' }],
      ['panoptes_oauth_request_duration_seconds_count', { endpoint: 'token', status_class: '2xx' }],
    ]
    expect(await rises(figures, () => connectMeraki(service, new Person()))).toEqual([1, 1, 1, 1])
  })

  test('tells a refresh that rotated from one that got the same answer again, and from reuse', async () => {
    const tokens = await connectMeraki(service, new Person())
    const figures: readonly Figure[] = ['rotated', 'replayed', 'reuse', 'refused'].map((outcome) => [
      refreshes,
      { outcome },
    ])
    const of = async (token: string): Promise<readonly number[]> =>
      rises([...figures, [ended, { door: 'reuse' }], [issued, {}]], () => refresh(service, token))
    expect(await of(tokens.refresh_token)).toEqual([1, 0, 0, 0, 0, 1])
    expect(await of(tokens.refresh_token)).toEqual([0, 1, 0, 0, 0, 0])
    service.advance(60)
    expect(await of(tokens.refresh_token)).toEqual([0, 0, 1, 0, 1, 0])
    expect(await of(tokens.refresh_token)).toEqual([0, 0, 0, 1, 0, 0])
    expect(await of('made-up')).toEqual([0, 0, 0, 1, 0, 0])
  })

  test('counts twenty refreshes at once as one rotation and nineteen repeated answers', async () => {
    const { refresh_token: token } = await connectMeraki(service, new Person())
    const figures: readonly Figure[] = [
      [refreshes, { outcome: 'rotated' }],
      [refreshes, { outcome: 'replayed' }],
      [refreshes, {}],
    ]
    const act = (): Promise<unknown> => Promise.all(Array.from({ length: 20 }, () => refresh(service, token)))
    expect(await rises(figures, act)).toEqual([1, 19, 20])
  })

  test('counts polls of a device by what it was told', async () => {
    const polls = 'panoptes_device_polls_total'
    const device = await askForDevice(service)
    const figures: readonly Figure[] = [
      [polls, { outcome: 'pending' }],
      [polls, { outcome: 'slow_down' }],
      [polls, { outcome: 'approved' }],
      [polls, { outcome: 'refused' }],
      [issued, { grant_type: 'device_code', integration: 'sd-wan-manager' }],
    ]
    const act = (): Promise<unknown> => pollDevice(service, device)
    expect(await rises(figures, act)).toEqual([1, 0, 0, 0, 0])
    expect(await rises(figures, act)).toEqual([0, 1, 0, 0, 0])
    const person = new Person()
    await enterCode(person, device)
    await person.signIn(...admin)
    await person.press('Confirm')
    service.advance(30)
    expect(await rises(figures, act)).toEqual([0, 0, 1, 0, 1])
    service.advance(30)
    expect(await rises(figures, act)).toEqual([0, 0, 0, 1, 0])
  })

  test('names the endpoint and the word of a refusal, in a body and in a redirect', async () => {
    const refused = 'panoptes_oauth_refusals_total'
    const figures: readonly Figure[] = [
      [refused, { endpoint: 'token', error: 'invalid_client' }],
      [refused, { endpoint: 'authorization', error: 'invalid_scope' }],
    ]
    const wrongSecret = { grant_type: 'refresh_token', client_id: 'meraki', client_secret: 'wrong' }
    expect(await rises(figures, () => post(`${service.url}/v7/oauth2/token`, wrongSecret))).toEqual([1, 0])
    const { href } = askForMerakiCode(service, { scope: 'no:such-scope' })
    expect(await rises(figures, () => fetch(href, { redirect: 'manual' }))).toEqual([0, 1])
  })

  test('counts a wrong password as a refused sign-in, once, whatever region was chosen', async () => {
    const figures: readonly Figure[] = [
      ['panoptes_sign_ins_total', { way: 'password', outcome: 'refused' }],
      ['panoptes_sign_ins_total', {}],
    ]
    // The address has a user in two regions, so Default guesses at both.
    const act = async (): Promise<unknown> => {
      const person = new Person()
      await person.open(`${service.url}/account`)
      return person.signIn('admin@acme.example', 'wrong', 'default')
    }
    expect(await rises(figures, act)).toEqual([1, 1])
  })

  test('counts a sign-in by single sign-on, and one that the provider vouches for in vain', async () => {
    const signIns = 'panoptes_sign_ins_total'
    const figures: readonly Figure[] = [
      [signIns, { way: 'sso', outcome: 'accepted' }],
      [signIns, { way: 'sso', outcome: 'refused' }],
      [signIns, {}],
    ]
    const as = async (email: string): Promise<void> => {
      const person = new Person()
      await person.open(`${service.url}/account`)
      await person.press('Continue', { region: 'us1', email })
      await person.press('Sign in')
    }
    expect(await rises(figures, () => as('anyone@sso.example'))).toEqual([1, 0, 1])
    expect(await rises(figures, () => as('newcomer@sso.example'))).toEqual([0, 1, 1])
  })

  test('counts a password that nobody looked at, and the guard that was used up', async () => {
    const guess = async (): Promise<void> => {
      const person = new Person()
      await person.open(`${service.url}/account`)
      await person.signIn('nobody@acme.example', 'wrong', 'us1')
    }
    for (let count = 0; count < 15; count += 1) await guess()
    const figures: readonly Figure[] = [
      ['panoptes_sign_ins_total', { way: 'password', outcome: 'limited' }],
      ['panoptes_sign_ins_total', { way: 'password', outcome: 'refused' }],
      ['panoptes_limits_exhausted_total', { limit: 'password' }],
    ]
    expect(await rises(figures, guess)).toEqual([1, 0, 1])
  })

  describe('counts the end of a connection by its door:', () => {
    const doors: readonly (readonly [string, (person: Person) => Promise<unknown>])[] = [
      ['operator', () => endByOperator()],
      ['account', (person) => disconnect(person)],
      ['logout', (person) => logOut(person)],
    ]

    const endByOperator = (): Promise<Response> =>
      fetch(`${service.operatorUrl}/operator/connections?integration=meraki`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${service.operatorToken}` },
      })
    async function disconnect(person: Person): Promise<void> {
      await person.open(`${service.url}/account`)
      await person.press('Disconnect')
    }
    async function logOut(person: Person): Promise<void> {
      await person.open(`${service.url}/oauth2/logout?client_id=meraki`)
      await person.press('Sign out')
    }

    beforeAll(endByOperator)

    test.each(doors)('%s', async (door, leave) => {
      const person = new Person()
      await connectMeraki(service, person)
      const figures: readonly Figure[] = [
        [ended, { door }],
        [ended, {}],
      ]
      expect(await rises(figures, () => leave(person))).toEqual([1, 1])
    })

    test('integration', async () => {
      const { refresh_token: token } = await connectMeraki(service, new Person())
      const fields = { client_id: 'meraki', client_secret: 'meraki-secret', token }
      const act = (): Promise<unknown> => post(`${service.url}/v7/oauth2/revoke`, fields)
      const figures: readonly Figure[] = [
        [ended, { door: 'integration' }],
        [ended, {}],
      ]
      expect(await rises(figures, act)).toEqual([1, 1])
      expect(await rises(figures, act)).toEqual([0, 0])
    })
  })
})

describe('GET /metrics, limits', () => {
  const exhausted = 'panoptes_limits_exhausted_total'
  const refused = 'panoptes_gateway_refusals_total'

  test('counts a call beyond those of the minute', async () => {
    await using limited = await startPanoptes()
    const send = async (): Promise<number> => {
      const answer = await fetch(`${limited.url}/v7/user-agents`, {
        headers: { authorization: `Bearer ${userApiToken}` },
      })
      await answer.arrayBuffer()
      return answer.status
    }
    // A minute may end in between, and its window be full again.
    let status = 0
    for (let round = 0; round < 5 && status !== 429; round += 1) {
      await fetch(`${limited.url}/emulator/budgets/exhaust`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user: 'admin@acme.example', region: 'us1' }),
      })
      status = await send()
    }
    expect(status).toBe(429)
    const { value } = await scrape(limited)
    expect(value(exhausted, { limit: 'calls' })).toBe(1)
    expect(value(refused, { code: 'rate_limit_exhausted' })).toBe(1)
  })

  test('counts each call of a blocked address', async () => {
    await using limited = await startPanoptes()
    for (let count = 0; count < 125; count += 1)
      await (await fetch(`${limited.url}/v7/user-agents`)).arrayBuffer()
    const { value } = await scrape(limited)
    expect(value(exhausted, { limit: 'source-block' })).toBe(5)
    expect(value(refused, { code: 'source_blocked' })).toBe(5)
  })
})

describe('GET /metrics, store', () => {
  test('counts commits, and reads that are answered at once', async () => {
    const { access_token: token } = await connectMeraki(service, new Person())
    const reads = 'panoptes_store_reads_total'
    const commits = 'panoptes_store_command_duration_seconds_count'
    const figures: readonly Figure[] = [
      [reads, { freshness: 'recent', answered: 'at_once' }],
      [commits, { command: 'commit', outcome: 'failed' }],
    ]
    const [atOnce = 0, failed] = await rises(figures, () => readsAgents(service, token))
    expect(atOnce).toBeGreaterThan(0)
    expect(failed).toBe(0)
    const committed: readonly Figure[] = [[commits, { command: 'commit', outcome: 'committed' }]]
    const [written = 0] = await rises(committed, () => signedIn(service, admin))
    expect(written).toBeGreaterThan(0)
  })
})
