import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Broker } from '#broker/broker.ts'
import { generate } from '../account/api-token.ts'
import { pasteToken } from '../broker/linked-broker.ts'
import { json, startHostileUpstream } from '../live/hostile-upstream.ts'
import { startReady } from '../start/program.ts'
import { type RunningBroker, startBroker } from '../support/broker.ts'
import { Person } from '../support/person.ts'
import type { Tokens } from './integrations.ts'
import { admin, meraki, sdWan } from './integrations.ts'
import { callV7, type V7Call } from './v7.ts'

/** What the user of the emulator behind has, as the seed says. */
const userToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

/** ThousandEyes for these tests: an emulator in another process, over TLS. */
async function startUpstream(): Promise<{ url: string; certificate: string }> {
  const data = mkdtempSync(join(tmpdir(), 'panoptes-upstream-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const { ready } = await startReady(['emulate', '--tls', '--data', data])
  return { url: ready.url, certificate: join(data, 'tls-certificate.pem') }
}

const lends: Broker = {
  lend: ({ userId }) => ({
    kind: 'user-api-token',
    userId,
    token: userToken,
    credential: 'the-one-of-the-test',
  }),
}

/** @param upstream the lines below `upstream:` of its configuration @param lender in place of what users link */
const startBetween = (upstream: readonly string[], lender?: Broker): Promise<RunningBroker> =>
  startBroker({
    configuration: [
      'upstream:',
      ...upstream.map((line) => `  ${line}`),
      'signIn: { passwordCost: light }',
      `integrations: ${join(process.cwd(), 'config/integrations.yaml')}`,
    ].join('\n'),
    ...(lender && { lender }),
  })

/** The user of the broker, made by its operator; the password is the user's own. */
async function addUser(broker: RunningBroker): Promise<void> {
  const added = await fetch(`${broker.operatorUrl}/operator/users`, {
    method: 'POST',
    headers: { authorization: `Bearer ${broker.operatorToken}` },
    body: new URLSearchParams({
      region: 'us1',
      organization: '110',
      email: admin.email,
      password: admin.password,
    }),
  })
  expect(added.status).toBe(201)
}

interface Created {
  readonly testId: string
  readonly _links: { readonly self: { readonly href: string } }
}

/** A user of the broker with Meraki connected. @param groups the boxes that are checked while the account is linked */
async function connected(
  broker: RunningBroker,
  groups: Readonly<Record<string, string>>,
): Promise<{ person: Person; tokens: Tokens }> {
  await addUser(broker)
  const person = new Person()
  const asked = await meraki.ask(broker, person)
  await person.signIn(admin.email, admin.password, 'us1')
  await pasteToken(person, userToken)
  await person.press('Link account', groups)
  expect(person.page?.text).toContain('Acme HQ')
  await person.press('Confirm')
  return { person, tokens: await asked.finish() }
}

describe('a broker in front of another Panoptes', { timeout: 60_000 }, () => {
  test('signs in, links an account, gives tokens, forwards calls, and forgets all of it at once', async () => {
    const { url, certificate } = await startUpstream()
    await using broker = await startBetween([`regions: { us1: "${url}" }`, `authorities: ${certificate}`])
    const { person, tokens } = await connected(broker, { 'aid-1101': 'on', 'aid-1102': 'on' })
    expect(person.page?.text).not.toContain(userToken)

    const agents = await callV7<{ agents: { agentId: string }[] }>(
      broker,
      tokens.access_token,
      '/v7/agents?aid=1101',
    )
    expect(agents.status).toBe(200)
    const json = {
      testName: 'Through the broker',
      url: 'https://dashboard.example',
      interval: 120,
      agents: agents.body.agents.slice(0, 2).map(({ agentId }) => ({ agentId })),
    }
    const created = await callV7<Created>(broker, tokens.access_token, '/v7/tests/http-server', {
      method: 'POST',
      json,
    })
    expect(created).toMatchObject({ status: 201, body: { testName: json.testName } })
    expect(new URL(created.headers.get('location') ?? '').origin).toBe(broker.url)
    const self = new URL(created.body._links.self.href)
    expect(self.origin).toBe(broker.url)
    const read = await callV7(broker, tokens.access_token, self.pathname + self.search)
    expect(read).toMatchObject({ status: 200, body: { testId: created.body.testId } })
    const gone = await callV7(broker, tokens.access_token, self.pathname, { method: 'DELETE' })
    expect(gone.status).toBe(204)

    const rotation = await callV7(broker, tokens.access_token, '/v7/api-tokens', { method: 'POST' })
    expect(rotation).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } })

    const refreshed = await meraki.refresh(broker, tokens.refresh_token)
    expect((await callV7(broker, refreshed.access_token, '/v7/agents')).status).toBe(200)
    await meraki.revoke(broker, refreshed.refresh_token)
    expect((await callV7(broker, refreshed.access_token, '/v7/agents')).status).toBe(401)
    expect(JSON.stringify(broker.log)).not.toContain(userToken)
  })

  test('lets a user make a scoped API token, which opens no more than it says and is dead once it is revoked', async () => {
    const { url, certificate } = await startUpstream()
    await using broker = await startBetween([`regions: { us1: "${url}" }`, `authorities: ${certificate}`])
    const { person } = await connected(broker, { 'aid-1101': 'on' })

    const token = await generate(broker, person, { scopes: ['agents:manage'], isReadOnly: true })
    const call = (path: string, how?: V7Call) => callV7<{ code: string }>(broker, token, path, how)
    expect((await call('/v7/agents?aid=1101')).status).toBe(200)
    expect((await call('/v7/agents?aid=1102')).body.code).toBe('account_group_not_granted')
    expect((await call('/v7/tests')).body.code).toBe('insufficient_scope')
    expect((await call('/v7/agents/3', { method: 'DELETE' })).body.code).toBe('read_only')
    await person.open(`${broker.url}/account/api-tokens`)
    await person.press('Revoke')
    expect((await call('/v7/agents?aid=1101')).status).toBe(401)
    expect(JSON.stringify(broker.log)).not.toContain(token)
  })

  test('refuses calls of a user who has no account to lend', async () => {
    let isLinked = true
    const withdrawn: Broker = {
      lend: (call) =>
        isLinked
          ? lends.lend(call)
          : { kind: 'refusal', code: 'account_not_linked', description: 'The user has no account linked.' },
    }
    await using upstream = await startHostileUpstream(
      json('{"accountGroups":[{"aid":"1101","accountGroupName":"Acme HQ"}]}'),
    )
    await using broker = await startBetween(
      ['allowPlaintextLoopback: true', `regions: { us1: "${upstream.origin}" }`],
      withdrawn,
    )
    await addUser(broker)
    const person = new Person()
    const asked = await sdWan.ask(broker, person)
    await person.signIn(admin.email, admin.password)
    await person.press('Confirm')
    const tokens = await asked.finish()
    expect((await callV7(broker, tokens.access_token, '/v7/agents?aid=1101')).status).toBe(200)
    isLinked = false
    upstream.arrived.length = 0
    const refused = await callV7(broker, tokens.access_token, '/v7/agents?aid=1101')
    expect(refused).toMatchObject({ status: 502, body: { code: 'account_not_linked' } })
    expect(upstream.arrived).toEqual([])
  })
})
