import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import request, { type Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Page, Person } from '../support/person.ts'
import { admin, authorizeQuery, paths, signedIn } from './protocol.ts'

let service: RunningPanoptes

beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
})
afterAll(() => service.stop())

const authorization = `${paths.authorize}?${authorizeQuery()}`

/** @returns what ends the session, once everything is ready for it */
type Ending = (person: Person) => Promise<() => Promise<Page>>

const pressing =
  (path: string, button: string): Ending =>
  async (person) => {
    await person.open(`${service.url}${path}`)
    return () => person.press(button)
  }

/** In another browser of the same user, in its list of sessions. */
const elsewhere: Ending = async () => {
  const other = await signedIn(service)
  const { html } = await other.open(`${service.url}/account/sessions`)
  const names = [...html.matchAll(/name="session" value="([^"]+)"/g)].map(([, name = '']) => name)
  expect(names.length).toBeGreaterThan(1)
  return async () => {
    for (const session of names.slice(1)) await other.press('Sign out', {}, { session })
    return other.press('Sign out')
  }
}

const endings: readonly (readonly [string, Ending])[] = [
  ['on the account page', pressing('/account', 'Sign out')],
  ['on the confirm page', pressing(authorization, 'Logout')],
  ['everywhere', pressing('/account/sessions', 'Sign out everywhere')],
  ['in another browser', elsewhere],
]

const withCookie = (cookie: string, path: string): Promise<Response> =>
  request(service.url).get(path).set('Cookie', cookie).redirects(0).then()

async function expectOver(cookie: string): Promise<void> {
  expect((await withCookie(cookie, '/account')).headers['location']).toBe('/account/sign-in')
  const asked = await withCookie(cookie, `${paths.authorize}?${authorizeQuery({ prompt: 'none' })}`)
  expect(new URL(asked.headers['location'] ?? '').searchParams.get('error')).toBe('login_required')
}

/** Sends a form whose body comes only when it is told to. @returns what sends the body and waits for the answer */
async function slowForm(cookie: string, path: string): Promise<() => Promise<void>> {
  const { hostname, port, host } = new URL(service.url)
  const socket = connect(Number(port), hostname)
  const body = 'csrf=of+nobody'
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    `Cookie: ${cookie}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  socket.resume()
  await once(socket, 'connect')
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  await pause(50)
  return async () => {
    socket.end(body)
    await once(socket, 'close')
  }
}

/** Whoever has a copy of the cookie may keep the session busy; it must not outlive its end by that (security-cases E18). */
describe.each(endings)('a browser session whose user signs out %s', (_where, ending) => {
  test('is not brought back by a request that was under way', async () => {
    for (const target of [
      '/account/disconnect',
      '/account/sign-out',
      '/oauth2/device',
      '/oauth2/logout/confirm',
    ]) {
      const person = await signedIn(service)
      const cookie = person.cookiesFor(new URL(service.url))
      const finish = await slowForm(cookie, target)
      const end = await ending(person)
      await end()
      await expectOver(cookie)
      await finish()
      await expectOver(cookie)
    }
  })

  test('is over while many others use it', async () => {
    const person = await signedIn(service)
    const cookie = person.cookiesFor(new URL(service.url))
    const end = await ending(person)
    let isOver = false
    const thief = async (target: string): Promise<void> => {
      while (!isOver) await withCookie(cookie, target)
    }
    const thieves = ['/account', '/account', authorization, authorization].map(thief)
    await end()
    isOver = true
    await Promise.all(thieves)
    await expectOver(cookie)
  })

  test('is over while its user signs in to it again, and its id changes', async () => {
    for (let round = 0; round < 5; round += 1) {
      const person = await signedIn(service)
      await person.open(`${service.url}${paths.authorize}?${authorizeQuery({ prompt: 'login' })}`)
      const page = await person.press('Continue', { region: 'default', email: admin.email })
      const csrf = /name="csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? ''
      const proof = await person.request(page.url, {
        method: 'POST',
        body: new URLSearchParams({ csrf, region: 'default', ...admin }),
      })
      const resume = new URL(proof.headers.get('location') ?? '', service.url)
      const end = await ending(person)
      const before = person.cookiesFor(resume)
      const [resumed, told] = await Promise.all([
        fetch(resume, { headers: { cookie: before }, redirect: 'manual' }),
        end(),
      ])
      await resumed.arrayBuffer()
      await expectOver(before)
      // A form that comes with the id of before is a stranger's: nobody is told then that anything has ended.
      if (told.html.includes('name="email"')) continue
      const changed = resumed.headers.getSetCookie().map((line) => line.split(';', 1)[0])
      await expectOver(changed.join('; '))
    }
  })
})
