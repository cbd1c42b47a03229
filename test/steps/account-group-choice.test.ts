import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callV7 } from '../flow/v7.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { fieldsBeside, type Page, Person } from '../support/person.ts'
import { type AuthorizationRequest, askForCode, exchangeCode, refresh, type Tokens } from './requests.ts'

const problem = 'Choose at least one account group.'
const changed = 'The account groups that you reach have changed.'

describe('the account groups on the confirm page', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  interface AtConfirm {
    readonly person: Person
    readonly request: AuthorizationRequest
    readonly page: Page
  }

  async function atConfirm(email = 'ops@acme.example'): Promise<AtConfirm> {
    const request = askForCode(service)
    const person = new Person()
    await person.open(request.href)
    return { person, request, page: await person.signIn(email, 'panoptes-us1') }
  }

  const boxes = ({ html }: Page): readonly (readonly [string | undefined, boolean])[] =>
    [...html.matchAll(/<input type="checkbox"[^>]*>/g)].map(([tag]) => [
      / name="([^"]*)"/.exec(tag)?.[1],
      / checked\b/.test(tag),
    ])

  const actionOf = ({ html }: Page): string => `${service.url}${/action="([^"]+confirm)"/.exec(html)?.[1]}`

  /** Sends the form with other fields than those that the page has. */
  const sendInstead = (
    { person, page }: AtConfirm,
    fields: readonly (readonly [string, string])[],
  ): Promise<Page> =>
    person.request(actionOf(page), {
      method: 'POST',
      body: new URLSearchParams([
        ['csrf', fieldsBeside(page, 'Confirm')['csrf'] ?? ''],
        ['choice', 'confirm'],
        ...fields.map(([name, value]): [string, string] => [name, value]),
      ]),
    })

  const connections = async (person: Person): Promise<number> =>
    (await person.open(`${service.url}/account`)).html.match(/>Disconnect</g)?.length ?? 0

  const readsTests = async (token: string, query = ''): Promise<number> =>
    (await callV7(service, token, `/v7/tests${query}`)).status

  test('are boxes with their names, all checked, and the login account group is told', async () => {
    const { page } = await atConfirm()
    expect(page.html).toMatch(/<legend>Account groups<\/legend>/)
    expect(boxes(page)).toEqual([
      ['aid-1101', true],
      ['aid-1102', true],
    ])
    expect(page.html).toMatch(/<label for="aid-1102"><bdi>Acme Branches<\/bdi><\/label>/)
    expect(page.text).toMatch(/Acme HQ aid 1101 login account group/)
  })

  test('all left checked are all granted', async () => {
    const { person, request } = await atConfirm()
    await person.press('Confirm')
    const { access_token } = await exchangeCode(service, request, person.leavesTo)
    expect([
      await readsTests(access_token, '?aid=1101'),
      await readsTests(access_token, '?aid=1102'),
    ]).toEqual([200, 200])
  })

  test('left unchecked is not granted: a call for it is 403, and so it stays after a refresh', async () => {
    const { person, request } = await atConfirm()
    await person.press('Confirm', { 'aid-1102': undefined })
    const first = await exchangeCode(service, request, person.leavesTo)
    const second = (await (await refresh(service, first.refresh_token)).json()) as Tokens
    for (const { access_token } of [first, second]) {
      expect(await readsTests(access_token)).toBe(200)
      expect(await readsTests(access_token, '?aid=1101')).toBe(200)
      const refused = await callV7(service, access_token, '/v7/tests?aid=1102')
      expect(refused).toMatchObject({ status: 403, body: { code: 'account_group_not_granted' } })
    }
    const account = await person.open(`${service.url}/account`)
    expect(account.text).toMatch(/Account groups Acme HQ aid 1101 What it may do/)
  })

  test('without the login account group, a call that names none is 403 and says what to do', async () => {
    const { person, request, page } = await atConfirm()
    expect(page.text).toContain(
      'Without the login account group, calls that name no account group are refused.',
    )
    await person.press('Confirm', { 'aid-1101': undefined })
    const { access_token } = await exchangeCode(service, request, person.leavesTo)
    expect(await readsTests(access_token, '?aid=1102')).toBe(200)
    const refused = await callV7<{ detail: string }>(service, access_token, '/v7/tests')
    expect(refused.status).toBe(403)
    expect(refused.body.detail).toContain('name another with aid')
  })

  test('none checked shows the page again with what is wrong; nothing is granted, and the choice can still be made', async () => {
    const at = await atConfirm('admin@acme.example')
    const again = await at.person.press('Confirm', { 'aid-1101': undefined, 'aid-1102': undefined })
    expect(again.status).toBe(400)
    expect(again.html).toMatch(/<title>Error: /)
    expect(again.html).toMatch(/role="alert"[^>]*autofocus/)
    expect(again.html).toContain('aria-describedby="account-groups-hint problem"')
    expect(again.text).toContain(problem)
    expect(boxes(again)).toEqual([
      ['aid-1101', false],
      ['aid-1102', false],
    ])
    await at.person.press('Confirm', { 'aid-1102': 'on' })
    const { access_token } = await exchangeCode(service, at.request, at.person.leavesTo)
    expect([
      await readsTests(access_token, '?aid=1101'),
      await readsTests(access_token, '?aid=1102'),
    ]).toEqual([403, 200])
  })

  test('one alone is text, and goes with the form', async () => {
    const { person, request, page } = await atConfirm('viewer@acme.example')
    expect(boxes(page)).toEqual([])
    expect(page.text).toContain('Account groups Acme HQ aid 1101')
    await person.press('Confirm')
    const { access_token } = await exchangeCode(service, request, person.leavesTo)
    expect([await readsTests(access_token), await readsTests(access_token, '?aid=1102')]).toEqual([200, 403])
  })

  test.each<[string, string, number, readonly (readonly [string, string])[]]>([
    [
      'of another organization',
      changed,
      400,
      [
        ['aid-1101', 'on'],
        ['aid-2101', 'on'],
      ],
    ],
    ['of another organization alone', changed, 400, [['aid-2101', 'on']]],
    ['that nobody has', changed, 400, [['aid-999999999999999999', 'on']]],
    [
      'that is no number',
      changed,
      400,
      [
        ['aid-', 'on'],
        ['aid-1101', 'on'],
      ],
    ],
    [
      'of a prototype',
      changed,
      400,
      [
        ['aid-__proto__', 'on'],
        ['aid-constructor', 'on'],
      ],
    ],
    ['of markup', changed, 400, [['aid-"><img src=x onerror=alert(1)>', 'on']]],
    ['with NUL', changed, 400, [['aid-1101\u0000', 'on']]],
    [
      'twice',
      'malformed',
      400,
      [
        ['aid-1101', 'on'],
        ['aid-1101', 'on'],
      ],
    ],
    [
      'in another spelling',
      problem,
      400,
      [
        ['aid[]', '1101'],
        ['aid', '1101'],
        ['AID-1101', 'on'],
      ],
    ],
    [
      '2,000 times, made up',
      changed,
      400,
      Array.from({ length: 2_000 }, (_, at) => [`aid-9${at}`, 'on'] as const),
    ],
    [
      '10,000 times, made up',
      '',
      413,
      Array.from({ length: 10_000 }, (_, at) => [`aid-9${at}`, 'on'] as const),
    ],
  ])('chosen %s are refused, and nothing is granted', async (_, words, status, fields) => {
    const at = await atConfirm('viewer@acme.example')
    const before = await connections(at.person)
    const answer = await sendInstead(at, fields)
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(words)
    expect(answer.html).not.toContain('<img')
    expect(await connections(at.person)).toBe(before)
  })

  test('chosen by mistake of others keep what was chosen of one’s own', async () => {
    const at = await atConfirm()
    const answer = await sendInstead(at, [
      ['aid-1102', 'on'],
      ['aid-2101', 'on'],
    ])
    expect(answer.status).toBe(400)
    expect(boxes(answer)).toEqual([
      ['aid-1101', false],
      ['aid-1102', true],
    ])
  })

  test('are checked all or none by a press, which decides nothing, nor does Enter in a box', async () => {
    const at = await atConfirm()
    const before = await connections(at.person)
    for (const [press, checked] of [
      ['check-none', [false, false]],
      ['check-all', [true, true]],
      ['look-again', [false, true]],
    ] as const) {
      const { csrf = '' } = fieldsBeside(at.page, 'Confirm')
      const answer = await at.person.request(actionOf(at.page), {
        method: 'POST',
        body: new URLSearchParams({ csrf, choice: press, 'aid-1102': 'on' }),
      })
      expect({ status: answer.status, boxes: boxes(answer) }).toEqual({
        status: 200,
        boxes: [
          ['aid-1101', checked[0]],
          ['aid-1102', checked[1]],
        ],
      })
    }
    expect(await connections(at.person)).toBe(before)
  })
})
