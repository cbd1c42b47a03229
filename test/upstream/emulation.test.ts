import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, ops, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const device = { category: 'phone', width: 412, height: 915 }

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const devices = async (query = '', as?: string) => {
  const { status, body } = await calls.call('GET', '/emulated-devices', { query, ...(as && { as }) })
  expect([status, violations('EmulatedDeviceResponses', body)]).toEqual([200, []])
  return body.emulatedDevices
}
const create = (body: unknown, options: object = {}) =>
  calls.call('POST', '/emulated-devices', { body, ...options })

describe('GET /user-agents', () => {
  test('lists browsers with the text that they send', async () => {
    const { status, body } = await calls.call('GET', '/user-agents', { as: viewer })
    expect([status, violations('UserAgents', body)]).toEqual([200, []])
    expect(body.userAgents).toContainEqual({
      browser: 'Firefox',
      os: 'Windows',
      value: expect.stringContaining('Firefox/'),
    })
  })
})

describe('/emulated-devices', () => {
  test('shows the user agents of devices on demand alone', async () => {
    const [plain] = await devices()
    expect(plain).toMatchObject({ id: '1', category: 'desktop', width: 1024, height: 768 })
    expect(plain).not.toHaveProperty('availableUserAgents')
    expect(plain).not.toHaveProperty('defaultUserAgentTemplate')
    for (const one of await devices('expand=user-agent'))
      expect(one.availableUserAgents).toContain(one.defaultUserAgentTemplate)
  })

  test('makes a device, whose user agents are those of its category, for the whole organization', async () => {
    const { status, body, headers } = await create(device)
    expect([status, violations('EmulatedDeviceResponse', body)]).toEqual([201, []])
    expect(body).toMatchObject(device)
    expect(headers).not.toHaveProperty('location')
    const listed = (await devices('expand=user-agent', ops)).at(-1)
    expect(listed).toMatchObject({ ...device, id: body.id })
    expect(listed.defaultUserAgentTemplate).toMatch(/Mobile/)
    expect(await devices('', 'us2.2001')).toHaveLength((await devices()).length - 1)
  })

  test.each([
    ['without a width', { category: 'phone', height: 915 }, 'width'],
    ['that is too wide', { ...device, width: 10_000 }, 'width'],
    ['of a height that is text', { ...device, height: '915' }, 'height'],
    ['of an unknown category', { ...device, category: 'fridge' }, 'category'],
  ])('400 for a device %s, and makes none', async (_, body, field) => {
    const before = await devices()
    const refused = await create(body)
    expect([refused.status, refused.body.errors[0].field]).toEqual([400, field])
    expect(await devices()).toEqual(before)
  })

  test('are all that tests may pretend to be', async () => {
    const { body: own } = await create(device)
    const test = (testName: string, emulatedDeviceId: string) =>
      calls.call('POST', '/tests/page-load', {
        body: {
          testName,
          url: 'shop.example',
          interval: 300,
          agents: [{ agentId: '110201' }],
          emulatedDeviceId,
        },
      })
    expect((await test('Own', own.id)).status).toBe(201)
    expect((await test('Seeded', '2')).status).toBe(201)
    const refused = await test('None', '999')
    expect([refused.status, refused.body.title]).toEqual([400, expect.stringContaining('emulatedDeviceId')])
  })

  test('403 for a Regular User who makes one, and for an account group of others', async () => {
    expect((await create(device, { as: viewer })).status).toBe(403)
    expect((await create(device, { aid: '2101' })).status).toBe(403)
  })
})
