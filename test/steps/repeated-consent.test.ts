import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import { askForCode, exchangeCode, merakiScope } from './requests.ts'

const ops = ['ops@acme.example', 'panoptes-us1'] as const
const admin = ['admin@acme.example', 'panoptes-us1'] as const

describe('the confirm page of a repeated consent', () => {
  let service: RunningPanoptes
  let person: Person
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())
  beforeEach(async () => {
    person = new Person()
    await person.open(`${service.url}/account`)
    await person.signIn(...ops)
    while (person.page?.html.includes('>Disconnect<')) await person.press('Disconnect')
  })

  const ask = (scope: string, by = person): Promise<Page> => by.open(askForCode(service, { scope }).href)

  async function connect(
    scope: string,
    fields: Readonly<Record<string, string | undefined>> = {},
  ): Promise<void> {
    const request = askForCode(service, { scope })
    await person.open(request.href)
    await person.press('Confirm', fields)
    await exchangeCode(service, request, person.leavesTo)
  }

  /** The scopes and account groups that are marked as new. */
  const marked = ({ html }: Page): readonly string[] =>
    [...html.matchAll(/<li>((?:(?!<\/li>)[\s\S])*)<\/li>/g)]
      .filter(([, item = '']) => item.includes('<strong class="tag new">New</strong>'))
      .map(([, item = '']) => /<code>([^<]*)<\/code>/.exec(item)?.[1] ?? '')

  test('the first time nothing is marked, and nothing is said of an earlier one', async () => {
    const page = await ask(merakiScope)
    expect(page.text).toContain('Confirm authorization')
    expect(page.text).not.toMatch(/last time|\bNew\b/)
  })

  test('asking for the same is said, and the page is not skipped', async () => {
    await connect(merakiScope)
    const page = await ask(merakiScope)
    expect(page.text).toContain('Nothing has changed since last time')
    expect(page.text).toMatch(/You last connected Meraki on \d+ \w+ \d{4}, \d\d:\d\d UTC/)
    expect(page.html).toMatch(/role="note" aria-labelledby="again-heading"/)
    expect(marked(page)).toEqual([])
  })

  test('what is asked for anew is marked, what is no longer asked for is listed', async () => {
    await connect('organization:read agents:manage openid')
    const page = await ask('organization:read tests:manage openid email')
    expect(page.text).toContain('Changed since last time')
    expect(page.text).toContain('2 scopes more than then, marked New below')
    expect(marked(page)).toEqual(['tests:manage', 'email'])
    expect(page.text).toMatch(/No longer asked for: [^.]* agents:manage/)
  })

  test('less than before marks nothing, and is a change all the same', async () => {
    await connect('organization:read agents:manage openid')
    const page = await ask('organization:read openid')
    expect(page.text).toContain('Changed since last time')
    expect(marked(page)).toEqual([])
    expect(page.text).toMatch(/No longer asked for: [^.]* agents:manage/)
  })

  test('an account group that the connection does not have is marked', async () => {
    await connect(merakiScope, { 'aid-1102': undefined })
    const page = await ask(merakiScope)
    expect(page.text).toContain('1 account group more than then, marked New below')
    expect(marked(page)).toEqual(['aid 1102'])
  })

  test('the newest of several connections counts', async () => {
    await connect(merakiScope)
    service.advance(60)
    await connect('organization:read openid')
    const page = await ask('organization:read openid tests:manage')
    expect(marked(page)).toEqual(['tests:manage'])
  })

  test('a connection that was ended does not count', async () => {
    await connect(merakiScope)
    await person.open(`${service.url}/account`)
    await person.press('Disconnect')
    expect((await ask(merakiScope)).text).not.toContain('last time')
  })

  test('connections of others, and with other integrations, do not count', async () => {
    const other = new Person()
    await other.open(`${service.url}/account`)
    await other.signIn(...admin)
    const own = askForCode(service)
    await other.open(own.href)
    await other.press('Confirm')
    await exchangeCode(service, own, other.leavesTo)
    expect((await ask(merakiScope)).text).not.toContain('last time')
    expect((await ask(merakiScope, other)).text).toContain('Nothing has changed since last time')
  })
})
