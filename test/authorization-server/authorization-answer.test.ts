import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { fieldsBeside } from '../support/person.ts'
import { attacksOf } from './attacks.ts'
import {
  authorize,
  authorizeQuery,
  confirm,
  merakiScope,
  paths,
  redirectedAnswer,
  signedIn,
} from './protocol.ts'

let service: RunningPanoptes

beforeAll(async () => {
  service = await startPanoptes()
})
afterAll(() => service.stop())

describe('GET /oauth2/authorize, what a signed-in person sends back', () => {
  test('returns 4 kB of state byte for byte, with the issuer', async () => {
    const person = await signedIn(service)
    const state = Array.from({ length: 4096 }, (_, index) => String.fromCharCode(33 + (index % 94))).join('')
    const answer = await confirm(service, person, { state })
    expect(answer.searchParams.get('state')).toBe(state)
    expect(answer.searchParams.get('iss')).toBe(service.url)
    expect(answer.searchParams.get('code')).toMatch(/^[\w-]{16}\.[\w-]{43}$/)
    expect([...answer.searchParams.keys()].sort()).toEqual(['code', 'iss', 'state'])
  })

  test.each(attacksOf('oauth-states.txt'))(
    'returns the state %j as it came, and writes it into no header or page',
    async (state) => {
      const answer = await authorize(service, { state, prompt: 'none' })
      expect(redirectedAnswer(answer).get('state')).toBe(state)
      expect(answer.headers['set-cookie'] ?? []).not.toContain('a=b')
      expect(answer.text).not.toMatch(/<(?:script|html)/)
    },
  )

  test('asks again although this client was confirmed before, so prompt=none is refused, ASVS 5.0 10.7.1', async () => {
    const person = await signedIn(service)
    await confirm(service, person)
    await person.request(`${service.url}${paths.authorize}?${authorizeQuery({ prompt: 'none' })}`)
    const answer = person.leavesTo.searchParams
    expect(answer.get('error')).toBe('consent_required')
    expect(answer.get('iss')).toBe(service.url)
  })

  test('asks for every scope that was requested, offline_access with or without prompt=consent', async () => {
    const person = await signedIn(service)
    await person.open(`${service.url}${paths.authorize}?${authorizeQuery()}`)
    for (const scope of merakiScope.split(' ')) expect(person.page?.text).toContain(scope)
  })

  test('answers 303 to a confirmation, never 302 or 307, RFC 9700 §4.12', async () => {
    const person = await signedIn(service)
    const asked = await person.open(`${service.url}${paths.authorize}?${authorizeQuery()}`)
    const action = /action="([^"]+confirm)"/.exec(asked.html)?.[1] ?? ''
    const page = await person.request(`${service.url}${action}`, {
      method: 'POST',
      body: new URLSearchParams({ ...fieldsBeside(asked, 'Confirm'), choice: 'confirm' }),
    })
    expect(page.status).toBe(303)
  })
})
