import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import { askForDevice, connectMeraki, pollDevice, typeUserCode } from './requests.ts'

const unknownCode = 'This code is not known or has expired. Compare it with the one on your device, or ask'
const isConfirmation = ({ text }: Page): boolean => text.includes('Is this your device?')
const typedCode = ({ html }: Page): string => /name="user_code"[^>]*\svalue="([^"]*)"/.exec(html)?.[1] ?? ''

describe('the device page', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  test('connects a device: code, question, sign-in, Confirm, done', async () => {
    const device = await askForDevice(service)
    const person = new Person()
    const question = await typeUserCode(service, person, device.user_code)
    for (const words of [
      'Is this your device?',
      'Cisco SD-WAN Manager asks to be connected',
      device.user_code,
      'Asked less than a minute ago',
      'From 127.0.0.1',
      'Says it is vmanage/20.15',
      'A device asked for this',
      'The same address as this browser’s.',
      'Go on only if you started this yourself, on a device in front of you.',
    ])
      expect(question.text).toContain(words)
    await person.press('Continue')
    const confirm = await person.signIn('admin@acme.example', 'panoptes-us1')
    for (const words of [
      'A device asked for this',
      device.user_code,
      'From 127.0.0.1',
      'For Cisco SD-WAN Manager',
      'Asked less than a minute ago',
      'Says it is vmanage/20.15',
      'Go on only if you started this yourself, on a device in front of you that shows this code.',
      'Region US1',
    ])
      expect(confirm.text).toContain(words)
    expect(await pollDevice(service, device)).toBe('authorization_pending')
    const done = await person.press('Confirm')
    for (const words of ['Device connected', 'admin@acme.example', 'Region US1', 'You stay signed in'])
      expect(done.text).toContain(words)
    expect(done.html).toContain('href="/oauth2/logout"')
    expect(await pollDevice(service, device)).toBe('granted')
  })

  test('warns more once the request is older than five minutes', async () => {
    const device = await askForDevice(service)
    const person = new Person()
    service.advance(301)
    const question = await typeUserCode(service, person, device.user_code)
    await person.press('Continue')
    const confirm = await person.signIn('admin@acme.example', 'panoptes-us1')
    for (const { text, html } of [question, confirm]) {
      expect(text).toContain('That was 5 minutes ago.')
      expect(text).not.toContain('Go on only if')
      expect(html).toMatch(/class="caution ask\w+ late" role="note"/)
    }
  })

  test('asks at every step of a remembered session too', async () => {
    const person = new Person()
    await connectMeraki(service, person)
    const device = await askForDevice(service)
    expect(isConfirmation(await typeUserCode(service, person, device.user_code))).toBe(true)
    expect((await person.press('Continue')).text).toContain('A device asked for this')
    expect(await pollDevice(service, device)).toBe('authorization_pending')
  })

  test('has the focus on Cancel, which refuses the device and needs no sign-in', async () => {
    const device = await askForDevice(service)
    const person = new Person()
    const question = await typeUserCode(service, person, device.user_code)
    expect(question.html).toMatch(/<button[^>]*\bautofocus[^>]*>Cancel</)
    expect((await person.press('Cancel')).text).toContain('The request was declined.')
    expect(await pollDevice(service, device)).toBe('access_denied')
    expect((await typeUserCode(service, new Person(), device.user_code)).text).toContain(unknownCode)
  })

  test('Logout on the confirm page refuses the device', async () => {
    const device = await askForDevice(service)
    const person = new Person()
    await typeUserCode(service, person, device.user_code)
    await person.press('Continue')
    await person.signIn('admin@acme.example', 'panoptes-us1')
    const end = await person.press('Logout')
    expect(end.status).toBeLessThan(500)
    expect(end.text).not.toContain('Device connected')
    expect(await pollDevice(service, device)).toBe('access_denied')
  })

  test('prefills the code of the link, and never sends itself', async () => {
    const device = await askForDevice(service)
    const person = new Person()
    await connectMeraki(service, person)
    for (const round of [1, 2]) {
      const page = await person.open(device.verification_uri_complete)
      expect({ round, status: page.status, code: typedCode(page) }).toEqual({
        round,
        status: 200,
        code: device.user_code,
      })
      expect(page.html).not.toMatch(/<script|javascript:|\son\w+=|http-equiv="refresh"/i)
      expect(isConfirmation(page)).toBe(false)
    }
    expect(await pollDevice(service, device)).toBe('authorization_pending')
    expect(isConfirmation(await person.press('Continue'))).toBe(true)
  })

  test.each([
    ['lower case', (code: string) => code.toLowerCase()],
    ['no dash', (code: string) => code.replace('-', '')],
    ['spaces', (code: string) => ` ${[...code].join(' ')} `],
    ['other dashes', (code: string) => code.replace('-', '–')],
  ])('takes a code with %s', async (_, retype) => {
    const device = await askForDevice(service)
    const page = await typeUserCode(service, new Person(), retype(device.user_code))
    expect(isConfirmation(page)).toBe(true)
    expect(page.text).toContain(device.user_code)
  })

  test.each([
    ['of 1 kB', 'B'.repeat(1_024)],
    ['of markup', '"><img src=x onerror=alert(1)>'],
    ['with NUL and newlines', 'BCDF\u0000\r\nGHJK'],
    ['of another alphabet', 'ΑΒΓΔ-ΕΖΗΘ'],
    ['of a prototype', '__proto__'],
    ['in full-width characters', 'ＢＣＤＦ－ＧＨＪＫ'],
  ])('misses cleanly on a code %s', async (_, code) => {
    const page = await typeUserCode(service, new Person(), code)
    expect({ status: page.status, isKnown: isConfirmation(page) }).toEqual({ status: 200, isKnown: false })
    expect(page.text).toContain(unknownCode)
    expect(page.html).not.toContain('<img')
    service.advance(700)
  })

  test('says the same of a code that is unknown, expired, refused or used', async () => {
    const [expired, refused, used] = [
      await askForDevice(service),
      await askForDevice(service),
      await askForDevice(service),
    ]
    const person = new Person()
    await typeUserCode(service, person, refused.user_code)
    await person.press('Cancel')
    await typeUserCode(service, person, used.user_code)
    await person.press('Continue')
    await person.signIn('admin@acme.example', 'panoptes-us1')
    await person.press('Confirm')
    const seen = async (code: string): Promise<object> => {
      const page = await typeUserCode(service, new Person(), code)
      return { status: page.status, text: page.text }
    }
    const unknown = await seen('BBBB-BBBB')
    expect(unknown).toMatchObject({ text: expect.stringContaining(unknownCode) })
    expect(await seen(refused.user_code)).toEqual(unknown)
    expect(await seen(used.user_code)).toEqual(unknown)
    service.advance(601)
    expect(await seen(expired.user_code)).toEqual(unknown)
  })

  test('says what to do when nothing was typed', async () => {
    const page = await typeUserCode(service, new Person(), '')
    expect(page.text).toContain('Enter the code that your device shows.')
  })

  test.each([
    ['a query that stands twice', '?user_code=AAAA&user_code=BBBB'],
    ['markup in the query', '?user_code=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E'],
    ['a query of a list', '?user_code[]=A'],
    ['parameters of ours', '?xsrf=x&confirm=yes&abort=yes'],
  ])('shows the empty or escaped field for %s', async (_, query) => {
    const page = await new Person().open(`${service.url}/oauth2/device${query}`)
    expect(page.status).toBe(200)
    expect(page.html).not.toContain('<script')
    expect(page.text).toContain('Connect a device')
  })
})
