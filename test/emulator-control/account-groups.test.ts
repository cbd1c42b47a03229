import { beforeEach, describe, expect, test } from 'vitest'
import { fileEmulator } from './support/file-emulator.ts'
import { askForCode, poll } from './support/oauth.ts'

const panoptes = fileEmulator()
const { ask } = panoptes
beforeEach(() => ask('POST', '/reset'))

const otis = { user: 'ops@acme.example' }

/** The status of a call for an account group. */
async function readsTests(token: unknown, aid: string): Promise<number> {
  const answer = await fetch(`${panoptes.url}/v7/tests?aid=${aid}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  await answer.arrayBuffer()
  return answer.status
}

const url =
  '/oauth2/authorize?response_type=code&client_id=meraki&redirect_uri=http%3A%2F%2F127.0.0.1%3A49152%2Fcallback&scope=tests%3Amanage&state=s&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'

async function exchange(code: unknown): Promise<unknown> {
  const answer = await fetch(`${panoptes.url}/v7/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: 'meraki',
      client_secret: 'meraki-secret',
      redirect_uri: 'http://127.0.0.1:49152/callback',
      code: String(code),
      code_verifier: verifier,
    }),
  })
  return ((await answer.json()) as { access_token?: unknown }).access_token
}

/** A connection that is approved for some account groups. @returns its access token */
const connections: Readonly<Record<string, (accountGroups?: readonly unknown[]) => Promise<unknown>>> = {
  async 'a device that is approved'(accountGroups) {
    const device = await askForCode(panoptes.url)
    const body = { ...otis, ...(accountGroups && { accountGroups }) }
    await ask('POST', `/device-codes/${device.user_code}/approve`, body)
    return (await poll(panoptes.url, device.device_code)).body.access_token
  },
  async 'an authorization that is completed'(accountGroups) {
    const body = { url, ...otis, ...(accountGroups && { accountGroups }) }
    return exchange((await ask('POST', '/authorizations', body)).body['code'])
  },
}

describe.each(Object.keys(connections))('accountGroups of %s', (name) => {
  const connect = (accountGroups?: readonly unknown[]): Promise<unknown> =>
    connections[name]?.(accountGroups) ?? Promise.reject(new Error(name))

  test('left out: the connection reaches all of the user', async () => {
    const token = await connect()
    expect([await readsTests(token, '1101'), await readsTests(token, '1102')]).toEqual([200, 200])
  })

  test.each([[['1102']], [[1102]], [['1102', '1102']]])(
    'given as %j: it reaches no other',
    async (groups) => {
      const token = await connect(groups)
      expect([await readsTests(token, '1101'), await readsTests(token, '1102')]).toEqual([403, 200])
    },
  )
})

describe.each(['/device-codes/{user_code}/approve', '/authorizations'])('POST /emulator%s', (path) => {
  const sendWith = async (
    accountGroups: unknown,
  ): Promise<{ status: number; body: { code?: string; detail?: string } }> => {
    const isDevice = path.startsWith('/device')
    const { user_code } = isDevice ? await askForCode(panoptes.url) : { user_code: '' }
    return ask('POST', path.replace('{user_code}', user_code), {
      ...otis,
      ...(isDevice ? {} : { url }),
      accountGroups,
    }) as Promise<{ status: number; body: { code?: string; detail?: string } }>
  }

  test('refuses an account group that the user does not reach, and says which are reached', async () => {
    const { status, body } = await sendWith(['1101', '2101'])
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'unknown_account_group' })
    expect(body.detail).toMatch(/2101.*1101, 1102/)
  })

  test.each([[[]], ['1101'], [['']], [['aid']], [[null]], [[{}]], [['1101', -1]], [Array(201).fill('1101')]])(
    'refuses accountGroups of %j',
    async (accountGroups) => {
      expect((await sendWith(accountGroups)).status).toBe(422)
    },
  )
})

test('a device is refused without account groups', async () => {
  const { user_code } = await askForCode(panoptes.url)
  const answer = await ask('POST', `/device-codes/${user_code}/deny`, { ...otis, accountGroups: ['1101'] })
  expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_body' } })
})
