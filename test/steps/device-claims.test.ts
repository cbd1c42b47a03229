import { describe, expect, test } from 'vitest'
import { startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { askForDevice, pollDevice, typeUserCode } from './requests.ts'

const unknown = 'This code is not known or has expired.'

describe('a user code is claimed by one browser', () => {
  test('another browser is refused while the first one signs in, and may take over two minutes later', async () => {
    await using service = await startPanoptes()
    const device = await askForDevice(service)
    const [first, second] = [new Person(), new Person()]
    await typeUserCode(service, first, device.user_code)
    await first.press('Continue')
    const firstSignIn = first.page
    expect((await typeUserCode(service, second, device.user_code)).text).toContain(unknown)
    service.advance(121)
    expect((await typeUserCode(service, second, device.user_code)).text).toContain('Is this your device?')
    await second.press('Continue')
    await second.signIn('admin@globex.example', 'panoptes-us2')
    expect((await second.press('Confirm')).text).toContain('Device connected')
    first.page = firstSignIn
    const late = await first.signIn('admin@acme.example', 'panoptes-us1')
    if (late.text.includes('Confirm authorization')) await first.press('Confirm')
    expect(first.page?.text).not.toContain('Device connected')
    expect(first.page?.status).toBeLessThan(500)
    expect(await pollDevice(service, device)).toBe('granted')
    expect((await second.open(`${service.url}/account`)).text).toContain('admin@globex.example')
    expect((await first.open(`${service.url}/account`)).text).toContain('No integration is connected')
  })

  test('of two browsers at once one gets it', async () => {
    await using service = await startPanoptes()
    const device = await askForDevice(service)
    const people = [new Person(), new Person()]
    await Promise.all(people.map((person) => typeUserCode(service, person, device.user_code)))
    const pages = await Promise.all(people.map((person) => person.press('Continue')))
    expect(pages.filter(({ text }) => text.includes('Email'))).toHaveLength(1)
    for (const { status } of pages) expect(status).toBeLessThan(500)
  })

  test('a third browser waits for the second one as that did for the first', async () => {
    await using service = await startPanoptes()
    const device = await askForDevice(service)
    for (const person of [new Person(), new Person()]) {
      await typeUserCode(service, person, device.user_code)
      expect((await person.press('Continue')).text).toContain('Email')
      expect((await typeUserCode(service, new Person(), device.user_code)).text).toContain(unknown)
      service.advance(121)
    }
  })

  test('the browser that began may begin again at once: by the back button or a second press', async () => {
    await using service = await startPanoptes()
    const device = await askForDevice(service)
    const person = new Person()
    const question = await typeUserCode(service, person, device.user_code)
    await person.press('Continue')
    person.page = question
    const again = await person.press('Continue')
    expect(again.text).toContain('This form has expired. Please send it again.')
    expect(again.html).toContain(`value="${device.user_code}"`)
    expect((await person.press('Continue')).text).toContain('Is this your device?')
    await person.press('Continue')
    await person.signIn('admin@acme.example', 'panoptes-us1')
    expect((await person.press('Confirm')).text).toContain('Device connected')
    expect(await pollDevice(service, device)).toBe('granted')
    expect((await typeUserCode(service, person, device.user_code)).text).toContain(unknown)
  })

  test('a second tab makes the form of the first expire, which keeps what was typed', async () => {
    await using service = await startPanoptes()
    const device = await askForDevice(service)
    const person = new Person()
    const firstTab = await person.open(`${service.url}/oauth2/device`)
    await person.open(`${service.url}/oauth2/device`)
    person.page = firstTab
    const page = await person.press('Continue', { user_code: device.user_code })
    expect(page.status).toBe(400)
    expect((await person.press('Continue')).text).toContain('Is this your device?')
  })
})
