import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { controlApi } from '../emulator-control/support/control-api.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Page, Person } from '../support/person.ts'
import { callWith, csrfOf, ops, post, signedIn, tokenOn, viewer } from './signed-in.ts'

const folder = mkdtempSync(join(tmpdir(), 'panoptes-token-code-'))
const config = join(folder, 'emulator.yaml')
writeFileSync(config, 'tokenConfirmation: email\n')
afterAll(() => rmSync(folder, { recursive: true }))

const generatePath = '/account/profile/user-api-token'

let service: RunningPanoptes
beforeEach(async () => {
  service = await startPanoptes(['--config', config, '--limits', 'off'])
})
afterEach(() => service.stop())

const profile = (person: Person): Promise<Page> => person.open(`${service.url}/account/profile`)

/** The codes mailed to an address, newest first. */
async function codesTo(email: string): Promise<readonly string[]> {
  const { body } = await controlApi(service.url)('GET', `/outbox?to=${encodeURIComponent(email)}`)
  return body.messages.map(({ text }: { text: string }) => /^\d{6}/.exec(text)?.[0] ?? '')
}

async function askForCode(person: Person, email: string = ops[0]): Promise<string> {
  await profile(person)
  await person.press('Generate')
  return (await codesTo(email))[0] ?? ''
}

const wrongFor = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

describe('Generate with tokenConfirmation: email', () => {
  test('mails a code of six digits first, and makes the token once it is entered', async () => {
    const person = await signedIn(service, ops)
    expect((await profile(person)).text).toContain('We mail a code to ops@acme.example first')
    const asked = await person.press('Generate')
    expect(asked.text).toContain('We mailed a code of six digits to ops@acme.example')
    expect(asked.html).toContain('<label for="code">Code</label>')
    const { body } = await controlApi(service.url)('GET', '/outbox')
    expect(body.messages).toHaveLength(1)
    expect(body.messages[0]).toMatchObject({ to: 'ops@acme.example' })
    expect(body.messages[0].subject).toMatch(/^Validation Code to/)
    const [code = ''] = await codesTo('ops@acme.example')
    expect(code).toMatch(/^\d{6}$/)
    const token = tokenOn(await person.press('Generate', { code: ` ${code.slice(0, 3)} ${code.slice(3)}` }))
    expect(await callWith(service, token ?? '')).toBe(200)
  })

  test('makes nothing for a wrong code, and takes the right one after it', async () => {
    const person = await signedIn(service, ops)
    const code = await askForCode(person)
    const refused = await person.press('Generate', { code: wrongFor(code) })
    expect({ status: refused.status, token: tokenOn(refused) }).toEqual({ status: 403, token: undefined })
    expect(refused.text).toContain('That is not the code')
    expect((await person.press('Generate', { code: '' })).status).toBe(400)
    expect(tokenOn(await person.press('Generate', { code }))).toBeDefined()
  })

  test('takes five tries; the right code comes too late after them', async () => {
    const person = await signedIn(service, ops)
    const code = await askForCode(person)
    const csrf = csrfOf(await profile(person))
    const tries = await Promise.all(
      Array.from({ length: 20 }, () => post(service, person, generatePath, { csrf, code: wrongFor(code) })),
    )
    expect(tries.map(({ status }) => status).sort()).toEqual([
      ...Array.from({ length: 5 }, () => 403),
      ...Array.from({ length: 15 }, () => 429),
    ])
    expect((await post(service, person, generatePath, { csrf, code })).status).toBe(429)
    service.advance(601)
    expect((await post(service, person, generatePath, { csrf, code })).status).toBe(403)
  })

  test('a new code does not bring new tries, and no more than five are mailed', async () => {
    const person = await signedIn(service, ops)
    const code = await askForCode(person)
    const csrf = csrfOf(await profile(person))
    for (let round = 0; round < 5; round += 1)
      await post(service, person, generatePath, { csrf, code: wrongFor(code) })
    const statuses: number[] = []
    for (let round = 0; round < 5; round += 1)
      statuses.push((await post(service, person, generatePath, { csrf })).status)
    expect(statuses).toEqual([303, 303, 303, 303, 429])
    const [newest = ''] = await codesTo('ops@acme.example')
    expect((await post(service, person, generatePath, { csrf, code: newest })).status).toBe(429)
  })

  test('takes a code for ten minutes', async () => {
    const person = await signedIn(service, ops)
    const code = await askForCode(person)
    const csrf = csrfOf(await profile(person))
    service.advance(599)
    expect((await profile(person)).html).toContain('name="code"')
    service.advance(1)
    expect((await profile(person)).html).not.toContain('name="code"')
    const late = await post(service, person, generatePath, { csrf, code })
    expect(late.status).toBe(403)
    expect(late.text).toContain('used up or too old')
  })

  test('a newer code is good in the place of the older one', async () => {
    const person = await signedIn(service, ops)
    const first = await askForCode(person)
    await person.press('Send another code')
    const [second = ''] = await codesTo('ops@acme.example')
    if (second !== first) expect((await person.press('Generate', { code: first })).status).toBe(403)
    expect(tokenOn(await person.press('Generate', { code: second }))).toBeDefined()
  })

  test('a code is good once: of ten at once one makes a token, and after Revoke none does', async () => {
    const person = await signedIn(service, ops)
    const code = await askForCode(person)
    const csrf = csrfOf(await profile(person))
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => post(service, person, generatePath, { csrf, code })),
    )
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    await profile(person)
    await person.press('Revoke')
    await person.press('Revoke')
    expect((await post(service, person, generatePath, { csrf, code })).status).toBe(403)
  })

  test('a code is good in the browser session that asked for it, and for its user', async () => {
    const person = await signedIn(service, ops)
    const code = await askForCode(person)
    for (const who of [ops, viewer]) {
      const other = await signedIn(service, who)
      const csrf = csrfOf(await profile(other))
      expect((await post(service, other, generatePath, { csrf, code })).status).toBe(403)
    }
    expect(tokenOn(await person.press('Generate', { code }))).toBeDefined()
  })

  test('mails nothing for a form without the token of the session, nor while there is a token', async () => {
    const person = await signedIn(service, ops)
    const csrf = csrfOf(await profile(person))
    expect((await post(service, person, generatePath, { csrf: 'AAAAAAAAAAAAAAAA' })).status).toBe(403)
    expect(await codesTo('ops@acme.example')).toEqual([])
    const code = await askForCode(person)
    await person.press('Generate', { code })
    expect((await post(service, person, generatePath, { csrf })).status).toBe(409)
    expect(await codesTo('ops@acme.example')).toHaveLength(1)
  })

  test('the journal has neither the code nor the token', async () => {
    const person = await signedIn(service, ops)
    const code = await askForCode(person)
    const token = tokenOn(await person.press('Generate', { code })) ?? ''
    await person.open(`${service.url}/playground/outbox`)
    const { body } = await controlApi(service.url)('GET', '/journal?surface=pages&limit=1000')
    const words = JSON.stringify(body)
    expect(words).toContain(generatePath)
    expect(token).not.toBe('')
    for (const secret of [token, `code=${code}`, `${code} is your code`]) expect(words).not.toContain(secret)
  })
})

describe('the outbox', () => {
  test('is a page that shows each message as text, of one address or all', async () => {
    const [person, other] = [await signedIn(service, ops), await signedIn(service, viewer)]
    const code = await askForCode(person)
    await askForCode(other, viewer[0])
    const all = await person.open(`${service.url}/playground/outbox`)
    expect(all.text).toContain(`${code} is your code`)
    expect(all.html.match(/<article/g)).toHaveLength(2)
    const own = await person.press('Show', { to: 'OPS@acme.example' })
    expect(own.html.match(/<article/g)).toHaveLength(1)
    expect((await person.press('Show', { to: '"><script>alert(1)</script>' })).html).not.toContain(
      '<script>a',
    )
    expect((await person.open(`${service.url}/`)).html).toContain('href="/playground/outbox"')
  })
})
