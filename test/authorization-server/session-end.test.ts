import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import request, { type Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { authorizeQuery, paths, signedIn } from './protocol.ts'

let service: RunningPanoptes

beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
})
afterAll(() => service.stop())

const authorization = `${paths.authorize}?${authorizeQuery()}`
const endings = [
  ['on the account page', '/account', 'Sign out'],
  ['on the confirm page', authorization, 'Logout'],
] as const

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
describe.each(endings)('a browser session whose user signs out %s', (_where, path, button) => {
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
      await person.open(`${service.url}${path}`)
      await person.press(button)
      await expectOver(cookie)
      await finish()
      await expectOver(cookie)
    }
  })

  test('is over while many others use it', async () => {
    const person = await signedIn(service)
    const cookie = person.cookiesFor(new URL(service.url))
    await person.open(`${service.url}${path}`)
    let isOver = false
    const thief = async (target: string): Promise<void> => {
      while (!isOver) await withCookie(cookie, target)
    }
    const thieves = ['/account', '/account', authorization, authorization].map(thief)
    await person.press(button)
    isOver = true
    await Promise.all(thieves)
    await expectOver(cookie)
  })
})
