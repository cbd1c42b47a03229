import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askForCode, askForDevice, exchangeCode, pollDevice, typeUserCode } from '../steps/requests.ts'
import { type Page, Person } from '../support/person.ts'
import {
  addUser,
  adminEmail,
  adminToken,
  askOperator,
  atAccount,
  generateUpstream,
  keptBytes,
  type LinkedBroker,
  linkAt,
  password,
  pasteToken,
  startLinkedBroker,
} from './linked-broker.ts'

let linked: LinkedBroker
beforeAll(async () => {
  linked = await startLinkedBroker()
})
afterAll(() => linked[Symbol.asyncDispose]())

const opsEmail = 'ops@acme.example'

/** A person whom an integration sent to the broker, signed in. */
async function asked(
  email: string,
  { broker }: LinkedBroker = linked,
): Promise<{ person: Person; page: Page; request: ReturnType<typeof askForCode> }> {
  const person = new Person()
  const request = askForCode(broker)
  await person.open(request.href)
  return { person, request, page: await person.signIn(email, password, 'us1') }
}

describe('the step Link account', () => {
  beforeAll(() => addUser(linked.broker))

  test('asks for the token once, offers its account groups, and the confirm page narrows them', async () => {
    const { broker } = linked
    const { person, page, request } = await asked(adminEmail)
    expect(page.text).toContain('Link your ThousandEyes account')
    expect(page.html).toMatch(
      /<input id="user-api-token" name="user-api-token" type="password" autocomplete="off"/,
    )

    const groups = await pasteToken(person, `  ${adminToken}\n`)
    expect(groups.status).toBe(200)
    for (const words of ['Acme HQ aid 1101 login account group', 'Acme Branches aid 1102'])
      expect(groups.text).toContain(words)
    expect(groups.html).not.toContain(adminToken)
    expect(groups.html).not.toMatch(/<input[^>]* checked/)

    const nothing = await person.press('Link account')
    expect([nothing.status, nothing.text.includes('Choose at least one account group')]).toEqual([400, true])

    const confirm = await person.press('Link account', { 'aid-1102': 'on' })
    expect(confirm.text).toContain('Confirm authorization')
    expect(confirm.text).toContain('Acme Branches aid 1102')
    expect(confirm.text).not.toContain('Acme HQ')

    await person.press('Confirm')
    const { access_token: token } = await exchangeCode(broker, request, person.leavesTo)
    const headers = { authorization: `Bearer ${token}` }
    const call = (path: string) => fetch(`${broker.url}${path}`, { headers })
    const agents = await call('/v7/agents?aid=1102')
    expect(agents.status).toBe(200)
    expect(await agents.text()).not.toContain(linked.upstream.url)
    expect((await call('/v7/agents?aid=1101')).status).toBe(403)

    const again = await asked(adminEmail)
    expect(again.page.text).toContain('Confirm authorization')
  })

  test('keeps no token in the clear, in records, log or audit', async () => {
    const { broker } = linked
    expect(keptBytes(broker)).not.toContain(adminToken)
    expect(keptBytes(broker)).not.toContain(Buffer.from(adminToken).toString('base64url').slice(0, 40))
    expect(JSON.stringify(broker.log)).not.toContain(adminToken)
  })

  test('stands between a device’s sign-in and its confirmation too', async () => {
    await using own = await startLinkedBroker()
    const { broker } = own
    await addUser(broker)
    const device = await askForDevice(broker)
    const person = new Person()
    await typeUserCode(broker, person, device.user_code)
    await person.press('Continue')
    expect((await person.signIn(adminEmail, password, 'us1')).text).toContain(
      'Link your ThousandEyes account',
    )
    await pasteToken(person)
    expect(await pollDevice(broker, device)).toBe('authorization_pending')
    const confirm = await person.press('Link account', { 'aid-1101': 'on' })
    expect(confirm.text).toContain('A device asked for this')
    expect((await person.press('Confirm')).text).toContain('Device connected')
  })

  test('denies the request when it is cancelled', async () => {
    await addUser(linked.broker, 'viewer@acme.example')
    const { person } = await asked('viewer@acme.example')
    await person.press('Cancel')
    expect(person.leavesTo.searchParams.get('error')).toBe('access_denied')
  })

  test('takes no form from elsewhere, and none of another interaction', async () => {
    const { person, page } = await asked('viewer@acme.example')
    const action = /<form method="post" action="([^"]+)"/.exec(page.html)?.[1] ?? ''
    const send = (fields: Readonly<Record<string, string>>) =>
      person.request(`${linked.broker.url}${action}`, { method: 'POST', body: new URLSearchParams(fields) })
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? ''
    expect((await send({ csrf: 'x'.repeat(16), choice: 'check' })).status).toBe(400)
    expect((await send({ csrf, choice: 'link-it' })).status).toBe(400)
    expect((await send({ csrf, choice: 'check-all' })).text).toContain('no longer at hand')
  })
})

describe('a token that is pasted', () => {
  beforeAll(() => addUser(linked.broker, opsEmail))

  const sourceRefusals = async (): Promise<number> => {
    const answer = await fetch(`${linked.upstream.url}/v7/tests`, {
      headers: { authorization: `Bearer ${adminToken}` },
    })
    return answer.status
  }

  test.each([
    ['nothing', ''],
    ['a word', 'token'],
    ['another form', `${adminToken}0`],
    ['a header', `Bearer ${adminToken}`],
    ['two lines', `${adminToken}\r\nX-Evil: 1`],
    ['markup', '<script>alert(1)</script>'],
    ['a null', `${adminToken.slice(0, -1)}\0`],
    ['digits of another script', adminToken.replaceAll('1', '١')],
  ])('is refused as %s without asking ThousandEyes, and is not shown again', async (_, token) => {
    const person = await atAccount(linked.broker, opsEmail)
    await person.press('Link account')
    const page = await pasteToken(person, token)
    expect(page.status).toBe(400)
    expect(page.text).toContain('That is not a User API Token')
    if (token.length > 10) expect(page.html).not.toContain(token)
  })

  test('of another user is refused and told to the audit, without a word of whose it is', async () => {
    const person = await atAccount(linked.broker, opsEmail)
    await person.press('Link account')
    const page = await pasteToken(person, adminToken)
    expect([page.status, page.text.includes('belongs to another user')]).toEqual([400, true])
    expect(page.html).not.toContain(adminEmail)
    const activity = await person.open(`${linked.broker.url}/account/activity`)
    expect(activity.text).toContain('Refused a User API Token that belongs to another user')
  })

  test('cannot spend the budget of ThousandEyes: five a user and hour, and then nobody is asked', async () => {
    await addUser(linked.broker, 'guesser@acme.example')
    const person = await atAccount(linked.broker, 'guesser@acme.example')
    await person.press('Link account')
    const junk = (digit: number) => `${String(digit).repeat(8)}-0000-4000-8000-000000000000`
    for (let tries = 1; tries <= 5; tries += 1) {
      const page = await pasteToken(person, junk(tries))
      expect([page.status, page.text.includes('does not take this token')]).toEqual([400, true])
    }
    const refused = await pasteToken(person, junk(6))
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(refused.text).toContain('Too many tokens were tried')
    expect(await sourceRefusals()).toBe(200)
  })
})

describe('the tab ThousandEyes account', () => {
  let own: LinkedBroker
  beforeAll(async () => {
    own = await startLinkedBroker()
    await addUser(own.broker)
    await linkAt(await atAccount(own.broker))
  })
  afterAll(() => own[Symbol.asyncDispose]())

  test('shows fingerprint, validity and account groups, and never the token', async () => {
    const person = await atAccount(own.broker)
    const page = await person.open(`${own.broker.url}/account/thousandeyes`)
    expect(page.text).toMatch(/Fingerprint [\w-]{16} /)
    expect(page.text).toContain('Not known here')
    expect(page.text).toContain('Acme Branches aid 1102')
    expect(page.html).not.toContain(adminToken)
  })

  test('replaces the account groups, and ends the connections that had more', async () => {
    const { broker } = own
    const connected = await asked(adminEmail, own)
    await connected.person.press('Confirm')
    await exchangeCode(broker, connected.request, connected.person.leavesTo)
    const person = await atAccount(broker)
    expect((await person.open(`${broker.url}/account`)).text).toContain('Meraki')
    await person.open(`${broker.url}/account/thousandeyes`)
    await person.press('Replace token or account groups')
    const groups = await pasteToken(person)
    expect(groups.html).toMatch(/id="aid-1102"[^>]* checked/)
    await person.press('Link account', { 'aid-1101': 'on', 'aid-1102': undefined })
    expect((await person.open(`${broker.url}/account/thousandeyes`)).text).toContain('Acme HQ aid 1101')
    expect((await person.open(`${broker.url}/account`)).text).toContain('No integration is connected')
  })

  test('turns the renewal on and off', async () => {
    const person = await atAccount(own.broker)
    expect((await person.press('Turn on')).text).toContain('Renewal is on')
    expect((await person.press('Turn off')).text).toContain('Renewal is off')
  })

  test('disconnects: connections end at once, and a new one needs a link', async () => {
    const { broker } = own
    const { person, request } = await asked(adminEmail, own)
    await person.press('Confirm')
    const { access_token: token } = await exchangeCode(broker, request, person.leavesTo)
    const call = () =>
      fetch(`${broker.url}/v7/agents?aid=1101`, { headers: { authorization: `Bearer ${token}` } })
    expect((await call()).status).toBe(200)

    const owner = await atAccount(broker)
    const question = await owner.press('Disconnect')
    expect(question.text).toContain('All your connections end at once')
    expect((await owner.press('Disconnect')).text).toContain('No account is linked')
    expect((await call()).status).toBe(401)
    expect((await asked(adminEmail, own)).page.text).toContain('Link your ThousandEyes account')
  })
})

describe('a token that ThousandEyes refuses later', () => {
  test('is used once more and never again, until its user replaces it', async () => {
    await using own = await startLinkedBroker()
    const { broker, upstream } = own
    await addUser(broker)
    const owner = await atAccount(broker)
    await linkAt(owner)
    const person = new Person()
    const request = askForCode(broker)
    await person.open(request.href)
    await person.signIn(adminEmail, password, 'us1')
    await person.press('Confirm')
    const { access_token: token } = await exchangeCode(broker, request, person.leavesTo)
    const call = () =>
      fetch(`${broker.url}/v7/agents?aid=1101`, { headers: { authorization: `Bearer ${token}` } })
    expect((await call()).status).toBe(200)

    const other = await generateUpstream(upstream, adminEmail)
    for (let calls = 0; calls < 3; calls += 1) {
      const refused = await call()
      expect(refused.status).toBe(502)
      expect(await refused.json()).toMatchObject({ code: 'upstream_credential_rejected' })
    }
    const quarantined = broker.log.filter(
      (entry) => 'event' in entry && entry.event === 'upstream-credential-rejected',
    )
    expect(quarantined).toHaveLength(1)

    const page = await owner.open(`${broker.url}/account/thousandeyes`)
    expect(page.text).toContain('ThousandEyes refuses this token')
    await owner.press('Replace token or account groups')
    await pasteToken(owner, other)
    await owner.press('Link account')
    expect((await call()).status).toBe(200)
  })
})

describe('the keys of a running broker', () => {
  test('are listed by id and wrapped anew through the operator listener, which is ready', async () => {
    await using own = await startLinkedBroker()
    const { broker } = own
    await addUser(broker)
    const owner = await atAccount(broker)
    await linkAt(owner)
    const keys = (await (await askOperator(broker, '/operator/keys')).json()) as { keys: readonly object[] }
    expect(keys).toMatchObject({ problem: null, keys: [{ newest: true, held: true, sealedTokens: 1 }] })
    const round = await askOperator(broker, '/operator/keys/rewrap', { method: 'POST' })
    expect(await round.json()).toEqual({ rewrapped: 0, after: null, retired: [] })
    const wrong = await askOperator(broker, '/operator/keys/rewrap?after=%20', { method: 'POST' })
    expect(wrong.status).toBe(400)
    expect((await fetch(`${broker.operatorUrl}/operator/keys`)).status).toBe(401)
    expect((await fetch(`${broker.operatorUrl}/health/ready`)).status).toBe(200)
  })
})
