import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curlOf } from '#inspector/curl.ts'
import { drawingOf, participants, stepsOf } from '#inspector/diagram.ts'
import { flowOf, tiesOf } from '#inspector/flow.ts'
import type { Exchange } from '#traffic/traffic.ts'
import {
  connectDevice,
  connectMeraki,
  merakiSecret,
  paths,
  post,
  v7Status,
} from '../authorization-server/protocol.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { newest, recorded } from './explained.ts'

let service: RunningPanoptes
let all: readonly Exchange[]

/** Two connections whose requests come in turn, with a call each; the first one logs out. */
beforeAll(async () => {
  service = await startPanoptes()
  const person = new Person()
  await person.open(`${service.url}/account/sign-in`)
  await person.signIn('admin@acme.example', 'panoptes-us1')
  const meraki = await connectMeraki(service, person)
  const device = await connectDevice(service, person)
  await v7Status(service, meraki.access_token)
  await v7Status(service, device.access_token)
  await post(service, paths.revoke, { ...merakiSecret, token: meraki.refresh_token })
  await v7Status(service, meraki.access_token)
  all = await recorded(service)
})
afterAll(() => service?.stop())

const requestsOf = (flow: readonly Exchange[]): readonly string[] =>
  flow.map(({ method, path }) => `${method} ${path.replace(/<[^>]*>/g, 'ID')}`)

const authorizationCode = [
  'GET /oauth2/authorize',
  'GET /interaction/ID',
  'POST /interaction/ID/confirm',
  'GET /interaction/ID/continue',
  'GET /oauth2/authorize/ID',
  'POST /v7/oauth2/token',
  'GET /v7/account-groups',
  'POST /v7/oauth2/revoke',
  'GET /v7/account-groups',
]

describe('the flow of an exchange', () => {
  test.each([
    ['its authorization request', { name: 'authorize' }],
    ['its code exchange', { name: 'token', clientId: 'meraki' }],
    ['its call', { surface: 'v7', status: '401' }],
    ['its revocation', { name: 'revoke' }],
  ])('is the same whole one from %s', async (_, query) => {
    const flow = flowOf(all, await newest(service, query))
    expect(requestsOf(flow)).toEqual(authorizationCode)
  })

  test('of a device ties its polls to the pages on which the code was entered', async () => {
    const flow = requestsOf(flowOf(all, await newest(service, { name: 'device_authorization' })))
    expect(flow[0]).toBe('POST /v7/oauth2/device/authorization')
    expect(flow).toContain('POST /oauth2/device')
    expect(flow).toContain('POST /v7/oauth2/token')
    expect(flow.at(-1)).toBe('GET /v7/account-groups')
    expect(flow).not.toContain('POST /v7/oauth2/revoke')
  })

  test('without a tie is what the same address did within a minute before', () => {
    const untied = (id: number, at: number, address: string): Exchange => ({
      ...(all[0] as Exchange),
      id,
      at,
      address,
      path: '/oauth2/device',
      query: [],
      headers: [],
      body: undefined,
      answer: undefined,
    })
    const near = [untied(1, 0, 'a'), untied(2, 50_000, 'a'), untied(3, 60_000, 'b'), untied(4, 70_000, 'a')]
    expect(flowOf(near, near[3] as Exchange).map(({ id }) => id)).toEqual([2, 4])
  })

  test('is not tied by secrets of the client, cookies and form tokens', () => {
    const exchange: Exchange = {
      ...(all[0] as Exchange),
      query: [['state', '<state:aaaaaaaa>']],
      headers: [['cookie', 'a=<cookie:bbbbbbbb>']],
      body: { text: 'client_secret=<client_secret:cccccccc>&csrf=<csrf:dddddddd>', bytes: 1, isCut: false },
      answer: undefined,
    }
    expect([...tiesOf(exchange)]).toEqual(['aaaaaaaa'])
  })
})

describe('the sequence of a flow', () => {
  test('goes from the browser to the tokens, and to the upstream only when that was asked', async () => {
    const steps = flowOf(all, await newest(service, { name: 'revoke' })).flatMap(stepsOf)
    const words = steps.map(({ from, to, words: said }) => `${from} -> ${to}: ${said}`)
    for (const said of [
      'Browser -> Authorization server: GET /oauth2/authorize',
      'Authorization server -> Browser: 303 to /callback with code, state, iss',
      'Integration -> Authorization server: POST token (authorization_code)',
      'Authorization server -> Integration: 200 access_token, refresh_token',
      'Integration -> Gateway: GET /v7/account-groups',
      'Gateway -> Upstream: with a lent credential',
      'Gateway -> Integration: 401 invalid_token',
    ])
      expect(words).toContain(said)
    expect(steps.filter(({ to }) => to === 'Upstream')).toHaveLength(1)
    expect(steps.at(-1)?.kind).toBe('refusal')
  })

  test('is drawn within its frame, each arrow below the one before', () => {
    const drawing = drawingOf(all.flatMap(stepsOf))
    expect(drawing.lanes.map(({ name }) => name)).toEqual([...participants])
    let lowest = 0
    for (const { y, startX, endX, wordsX, label } of drawing.steps) {
      expect(y).toBeGreaterThan(lowest)
      lowest = y
      for (const x of [startX, endX, wordsX]) expect(x > 0 && x < drawing.width).toBe(true)
      expect(startX).not.toBe(endX)
      expect(label.length).toBeLessThanOrEqual((31 * Math.abs(endX - startX)) / 192)
    }
    expect(lowest).toBeLessThan(drawing.height)
  })
})

describe('an exchange as curl', () => {
  test('is sent again as it was, with names in place of credentials', async () => {
    const command = curlOf(await newest(service, { name: 'revoke' }), service.url)
    expect(command).toBe(
      [
        `curl -g --path-as-is -X 'POST' '${service.url}/v7/oauth2/revoke'`,
        `-H 'content-type: application/x-www-form-urlencoded'`,
        `--data-raw 'client_id=meraki&client_secret=YOUR-CLIENT-SECRET&token=YOUR-TOKEN'`,
      ].join(' \\\n  '),
    )
    const call = curlOf(await newest(service, { surface: 'v7' }), service.url)
    expect(call).toBe(
      `curl -g --path-as-is '${service.url}/v7/account-groups' \\\n  -H 'authorization: Bearer YOUR-TOKEN'`,
    )
  })

  test('sends one request, to the path that was asked for', async () => {
    const exchange = await newest(service, { surface: 'v7' })
    for (const path of ['/v7/{a,b}[1-3]', '/v7/x/../y']) {
      const { lastId } = (await (await fetch(`${service.url}/emulator/journal?limit=1`)).json()) as {
        lastId: number
      }
      await promisify(execFile)('sh', ['-c', curlOf({ ...exchange, path }, service.url) ?? ''])
      const sent = (await recorded(service)).filter(({ id }) => id > lastId)
      expect(sent.map((one) => one.path)).toEqual([path])
    }
  })

  test.each(['m://x', 'http://127.0.0.1/v7/tests', '*', '@127.0.0.1/', '.evil.example/', ''])(
    'is none for the target %j, which names more than a path',
    async (path) => {
      const exchange = await newest(service, { surface: 'v7' })
      expect(curlOf({ ...exchange, path }, service.url)).toBeUndefined()
    },
  )

  test('leaves a shell nothing to interpret', async () => {
    const exchange: Exchange = {
      ...(await newest(service, { surface: 'v7' })),
      path: `/v7/a'b`,
      query: [['aid', `'; rm -rf / #$(id)`]],
      headers: [['content-type', `x'\`id\``]],
      body: { text: `{"a":"'$(id)'"}`, bytes: 1, isCut: false },
    }
    const quotes = (curlOf(exchange, service.url) ?? '').replaceAll(`'\\''`, '').split("'")
    expect(quotes.length % 2, 'every quote is closed').toBe(1)
    const outside = quotes.filter((_, index) => index % 2 === 0).join('')
    expect(outside).not.toMatch(/[$`;#]/)
  })
})
