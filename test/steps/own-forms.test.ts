import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import { askForCode, askForDevice, connectMeraki, pollDevice, typeUserCode } from './requests.ts'

/** A page with one form of ours, in the browser of a person; what pressing its button would do; whether that was done. */
interface Place {
  readonly person: Person
  readonly fields: Record<string, string>
  readonly action: string
  wasDone(): Promise<boolean>
}

const fieldsOf = (html: string): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  )

const actionOf = (page: Page, ending: string): string => {
  const action = [...page.html.matchAll(/<form[^>]*action="([^"]+)"/g)].find(([, to = '']) =>
    to.endsWith(ending),
  )
  if (!action?.[1]) throw new Error(`no form ${ending} on ${page.text.slice(0, 200)}`)
  return new URL(action[1], page.url).href
}

const isSignedIn = async (service: RunningPanoptes, person: Person): Promise<boolean> =>
  (await person.open(`${service.url}/account`)).text.includes('Your connections')

const places: Readonly<Record<string, (service: RunningPanoptes) => Promise<Place>>> = {
  async 'sign-in to an integration'(service) {
    const person = new Person()
    const page = await person.open(askForCode(service).href)
    return {
      person,
      action: actionOf(page, '/sign-in'),
      fields: {
        ...fieldsOf(page.html),
        region: 'us1',
        email: 'admin@acme.example',
        password: 'panoptes-us1',
      },
      async wasDone() {
        const next = person.page?.headers.get('location')
        if (next) await person.open(new URL(next, service.url).href)
        return isSignedIn(service, person)
      },
    }
  },
  async 'sign-in to the account page'(service) {
    const person = new Person()
    const page = await person.open(`${service.url}/account`)
    return {
      person,
      action: actionOf(page, '/sign-in'),
      fields: {
        ...fieldsOf(page.html),
        region: 'us1',
        email: 'admin@acme.example',
        password: 'panoptes-us1',
      },
      wasDone: () => isSignedIn(service, person),
    }
  },
  async Confirm(service) {
    const person = new Person()
    await person.open(askForCode(service).href)
    const page = await person.signIn('viewer@acme.example', 'panoptes-us1')
    return {
      person,
      action: actionOf(page, '/confirm'),
      fields: { ...fieldsOf(page.html), choice: 'confirm' },
      wasDone: async () => (await person.open(`${service.url}/account`)).text.includes('Disconnect'),
    }
  },
  async 'Logout on the confirm page'(service) {
    const confirm = await places['Confirm']?.(service)
    if (!confirm) throw new Error('no confirm page')
    const { person } = confirm
    return {
      ...confirm,
      fields: { ...confirm.fields, choice: 'logout' },
      wasDone: async () => !(await isSignedIn(service, person)),
    }
  },
  async Disconnect(service) {
    const person = new Person()
    await connectMeraki(service, person, ['ops@acme.example', 'panoptes-us1'])
    const page = await person.open(`${service.url}/account`)
    const tag = /name="connection" value="([^"]+)"/.exec(page.html)?.[1] ?? ''
    return {
      person,
      action: actionOf(page, '/disconnect'),
      fields: { ...fieldsOf(page.html), connection: tag },
      wasDone: async () => !(await person.open(`${service.url}/account`)).html.includes(`value="${tag}"`),
    }
  },
  async 'Sign out on the account page'(service) {
    const person = new Person()
    await connectMeraki(service, person)
    const page = await person.open(`${service.url}/account`)
    return {
      person,
      action: actionOf(page, '/sign-out'),
      fields: fieldsOf(page.html),
      wasDone: async () => !(await isSignedIn(service, person)),
    }
  },
  async 'Sign out at the integration’s wish'(service) {
    const person = new Person()
    await connectMeraki(service, person)
    const page = await person.open(`${service.url}/oauth2/logout?client_id=meraki`)
    return {
      person,
      action: actionOf(page, '/logout/confirm'),
      fields: { ...fieldsOf(page.html), logout: 'yes' },
      wasDone: async () => !(await isSignedIn(service, person)),
    }
  },
  async 'cancelling a device'(service) {
    const [person, device] = [new Person(), await askForDevice(service)]
    const page = await typeUserCode(service, person, device.user_code)
    return {
      person,
      action: actionOf(page, '/oauth2/device'),
      fields: { ...fieldsOf(page.html), abort: 'yes' },
      wasDone: async () => (await pollDevice(service, device)) === 'access_denied',
    }
  },
}

const tokenName = (fields: Record<string, string>): 'csrf' | 'xsrf' => ('csrf' in fields ? 'csrf' : 'xsrf')

const send = (
  { person, action }: Place,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Page> => person.request(action, { method: 'POST', body: new URLSearchParams(fields), headers })

describe.each(Object.entries(places))('forms are sent from our own pages: %s', (_, open) => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['a neighbour on another port', { origin: 'http://localhost:1' }],
    ['another site, with an origin withheld', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['the same site, with another origin', { 'sec-fetch-site': 'same-site' }],
    ['no page at all', { 'sec-fetch-site': 'none' }],
  ])('a form sent from %s changes nothing', async (__, headers) => {
    const place = await open(service)
    const page = await send(place, place.fields, headers)
    expect(page.status).toBe(403)
    expect(page.text).toContain('This is not allowed')
    expect(await place.wasDone()).toBe(false)
  })

  test.each([
    ['without its token', () => undefined],
    ['with an empty token', () => ''],
    ['with a token of the wrong length', () => 'x'],
    ['with a changed token', (token: string) => `${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`],
  ])('a form %s changes nothing', async (__, change) => {
    const place = await open(service)
    const name = tokenName(place.fields)
    const { [name]: token = '', ...rest } = place.fields
    const changed = change(token)
    const page = await send(place, changed === undefined ? rest : { ...rest, [name]: changed })
    expect(page.status).toBeGreaterThanOrEqual(400)
    expect(page.status).toBeLessThan(500)
    expect(await place.wasDone()).toBe(false)
  })

  test('a form with the token of another browser changes nothing', async () => {
    const [place, other] = [await open(service), await open(service)]
    const name = tokenName(place.fields)
    const page = await send(place, { ...place.fields, [name]: other.fields[name] ?? '' })
    expect(page.status).toBeGreaterThanOrEqual(400)
    expect(page.status).toBeLessThan(500)
    expect(await place.wasDone()).toBe(false)
  })

  test.each(['GET', 'HEAD'])('%s changes nothing', async (method) => {
    const place = await open(service)
    const url = new URL(place.action)
    for (const [name, value] of Object.entries(place.fields)) url.searchParams.set(name, value)
    const page = await place.person.request(url.href, { method })
    expect(page.status).toBeLessThan(500)
    expect(await place.wasDone()).toBe(false)
  })

  test('the form itself is answered with 303, or in the device flow with its page', async () => {
    const place = await open(service)
    const page = await send(place, place.fields, { origin: 'null', 'sec-fetch-site': 'same-origin' })
    expect(page.status).toBe(place.action.endsWith('/device') ? 200 : 303)
    expect(await place.wasDone()).toBe(true)
  })
})
