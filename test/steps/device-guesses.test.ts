import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import { askForDevice, pollDevice, typeUserCode } from './requests.ts'

const folder = mkdtempSync(join(tmpdir(), 'panoptes-guesses-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Behind a proxy of this machine, so that a request can come from any address. */
const config = join(folder, 'proxied.yaml')
writeFileSync(
  config,
  `trustedProxies: [127.0.0.1, "::1"]\nintegrations: ${join(process.cwd(), 'config/integrations.yaml')}`,
)

/** One guess from an address, by a browser that throws its cookies away after it. */
async function guessFrom(service: RunningPanoptes, address: string, code = 'BBBB-BBBB'): Promise<Page> {
  const person = new Person()
  const headers = { 'x-forwarded-for': address }
  const page = await person.open(`${service.url}/oauth2/device`, { headers })
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.html)?.[1] ?? ''
  return person.request(`${service.url}/oauth2/device`, {
    method: 'POST',
    body: new URLSearchParams({ xsrf, user_code: code }),
    headers,
  })
}

const guesses = (service: RunningPanoptes, count: number): Promise<readonly Page[]> =>
  Promise.all(Array.from({ length: count }, () => typeUserCode(service, new Person(), 'BBBB-BBBB')))

const statuses = (pages: readonly Page[]): readonly number[] => pages.map(({ status }) => status).sort()

describe('guessing user codes, RFC 8628 §5.1', () => {
  test.each(['on', 'off'])(
    'is refused from the 11th miss of an address on, with --limits %s',
    async (limits) => {
      await using service = await startPanoptes(['--limits', limits])
      const device = await askForDevice(service)
      expect(statuses(await guesses(service, 10))).toEqual(Array(10).fill(200))
      const refused = await typeUserCode(service, new Person(), device.user_code)
      expect(refused.status).toBe(429)
      expect(refused.text).toContain('Too many attempts')
      expect(refused.text).not.toContain(device.user_code)
      const wait = Number(refused.headers.get('retry-after'))
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(600)
      service.advance(wait)
      expect((await typeUserCode(service, new Person(), 'BBBB-BBBB')).status).toBe(200)
    },
  )

  test('lets exactly ten of fifty parallel misses pass', async () => {
    await using service = await startPanoptes()
    expect(statuses(await guesses(service, 50))).toEqual([...Array(10).fill(200), ...Array(40).fill(429)])
  })

  test('does not count codes that are right, nor forms that are not ours', async () => {
    await using service = await startPanoptes()
    await guesses(service, 9)
    for (let round = 0; round < 12; round += 1) {
      const device = await askForDevice(service)
      const person = new Person()
      expect((await typeUserCode(service, person, device.user_code)).text).toContain(device.user_code)
      await person.press('Cancel')
      expect(await pollDevice(service, device)).toBe('access_denied')
      const body = new URLSearchParams({ xsrf: 'x', user_code: 'BBBB-BBBB' })
      const foreign = await new Person().request(`${service.url}/oauth2/device`, { method: 'POST', body })
      expect(foreign.status).toBe(400)
    }
    expect(statuses(await guesses(service, 2))).toEqual([200, 429])
  })

  test('is counted by address, whatever cookies are kept, and only a trusted proxy names another one', async () => {
    await using service = await startPanoptes(['--config', config])
    for (let round = 0; round < 10; round += 1)
      expect((await guessFrom(service, '198.51.100.7, 203.0.113.9')).status).toBe(200)
    expect((await guessFrom(service, '198.51.100.8, 203.0.113.9')).status).toBe(429)
    expect((await guessFrom(service, '203.0.113.10')).status).toBe(200)
    await using direct = await startPanoptes()
    for (let round = 0; round < 10; round += 1)
      expect((await guessFrom(direct, `203.0.113.${round}`)).status).toBe(200)
    expect((await guessFrom(direct, '203.0.113.200')).status).toBe(429)
  })

  test('is refused nobody else because a blocked address goes on', async () => {
    await using service = await startPanoptes(['--config', config])
    const blocked = statuses(
      await Promise.all(Array.from({ length: 250 }, () => guessFrom(service, '203.0.113.9'))),
    )
    expect(blocked.filter((status) => status === 429)).toHaveLength(240)
    expect((await guessFrom(service, '203.0.113.10')).status).toBe(200)
  })

  test('is refused everybody after 200 misses overall', async () => {
    await using service = await startPanoptes(['--config', config])
    const addresses = Array.from({ length: 25 }, (_, index) => `203.0.113.${index}`)
    const pages = await Promise.all(
      addresses.flatMap((address) => Array.from({ length: 8 }, () => guessFrom(service, address))),
    )
    expect(statuses(pages)).toEqual(Array(200).fill(200))
    expect((await guessFrom(service, '192.0.2.1')).status).toBe(429)
    service.advance(601)
    expect((await guessFrom(service, '192.0.2.1')).status).toBe(200)
  })
})
