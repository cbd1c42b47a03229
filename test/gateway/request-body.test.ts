import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { rawExchange, statusesOf } from './raw-exchange.ts'
import {
  type AnswerCall,
  accessToken,
  jsonAnswer,
  type RunningGateway,
  startGateway,
} from './start-gateway.ts'

const bearer = { type: 'bearer' } as const
const alertRules = '/v7/alerts/rules'
const tenMegabytes = 10 * 1024 * 1024

/** Answers with what it was sent. */
const echo: AnswerCall = async ({ body }) => jsonAnswer(body ? await text(body) : '"no body"')

const headOf = ({ port }: RunningGateway, method: string, ...more: readonly string[]): string =>
  [
    `${method} ${alertRules} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${accessToken}`,
    ...more,
    '',
    '',
  ].join('\r\n')

describe('request bodies', () => {
  test('reach the upstream as they were sent, with a length and in chunks', async () => {
    await using gateway = await startGateway({ answer: echo })
    const answer = await request(gateway.url)
      .post(alertRules)
      .auth(accessToken, bearer)
      .send({ testName: 'é' })
    expect(answer.body).toEqual({ testName: 'é' })
    const chunked = `${headOf(gateway, 'POST', 'Transfer-Encoding: chunked', 'Connection: close')}5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n`
    expect(await rawExchange(gateway.port, chunked)).toMatch(/\r\n\r\n\{"a":1\}$/)
  })

  test('of a GET need not be there for a content type, as PowerShell sends it', async () => {
    await using gateway = await startGateway({ answer: echo })
    const answer = await request(gateway.url)
      .get('/v7/tests')
      .set('Content-Type', 'application/json')
      .auth(accessToken, bearer)
      .expect(200)
    expect(answer.text).toBe('"no body"')
    expect(gateway.sent[0]?.headers).toEqual({ 'content-type': 'application/json' })
  })

  test('of a GET are dropped, and the connection goes on', async () => {
    await using gateway = await startGateway({ answer: echo })
    const withBody = `${headOf(gateway, 'GET', 'Content-Length: 12')}{"a":"body"}`
    const answer = await rawExchange(gateway.port, withBody + headOf(gateway, 'GET'))
    expect(statusesOf(answer)).toEqual([200, 200])
    expect(gateway.sent.map(({ body }) => body)).toEqual([undefined, undefined])
  })

  test('of ten megabytes pass; a byte more is refused by its announced length, before the upstream', async () => {
    await using gateway = await startGateway({
      answer: async ({ body }) => jsonAnswer(`${body ? (await text(body)).length : 0}`),
    })
    const post = () => request(gateway.url).post(alertRules).type('json').auth(accessToken, bearer)
    const answer = await post().send('x'.repeat(tenMegabytes)).expect(200)
    expect(answer.text).toBe(String(tenMegabytes))
    const head = headOf(gateway, 'POST', `Content-Length: ${tenMegabytes + 1}`)
    const refused = await rawExchange(gateway.port, head)
    expect(statusesOf(refused)).toEqual([413])
    expect(gateway.sent).toHaveLength(1)
  })

  test('without a length are cut at ten megabytes with 413', async () => {
    await using gateway = await startGateway({ answer: echo })
    async function* endless() {
      for (let sent = 0; sent <= tenMegabytes; sent += 65_536) yield Buffer.alloc(65_536, 120)
    }
    const answer = await fetch(gateway.url + alertRules, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}` },
      body: endless(),
      duplex: 'half',
    })
    expect(answer.status).toBe(413)
    expect(await answer.json()).toMatchObject({ code: 'body_too_large' })
  })

  test('that the upstream leaves unread or destroys do not disturb answer and connection', async () => {
    await using gateway = await startGateway({
      answer: async ({ body, query }) => {
        if (query.has('destroy')) body?.destroy()
        return { status: 400, headers: {}, body: 'no' }
      },
    })
    const body = 'y'.repeat(300_000)
    const unread = headOf(gateway, 'POST', `Content-Length: ${body.length}`) + body
    const answer = await rawExchange(
      gateway.port,
      unread + unread.replace(alertRules, `${alertRules}?destroy`) + unread,
    )
    expect(statusesOf(answer)).toEqual([400, 400, 400])
  })

  test('with a content coding are refused, as nobody would decode them', async () => {
    await using gateway = await startGateway()
    await request(gateway.url)
      .post(alertRules)
      .set({ 'Content-Encoding': 'gzip', 'Content-Type': 'application/json' })
      .auth(accessToken, bearer)
      .send('x')
      .expect(415)
    expect(gateway.sent).toEqual([])
  })

  test('are awaited with 100 Continue, and any other expectation fails', async () => {
    await using gateway = await startGateway({ answer: echo })
    const head = headOf(gateway, 'POST', 'Content-Length: 2', 'Expect: 100-continue')
    expect(statusesOf(await rawExchange(gateway.port, `${head}{}`))).toEqual([100, 200])
    const odd = headOf(gateway, 'POST', 'Content-Length: 2', 'Expect: 200-maybe')
    expect(statusesOf(await rawExchange(gateway.port, `${odd}{}`))[0]).toBe(417)
  })

  test.each(['websocket', 'h2c'])('open no tunnel with Upgrade: %s', async (protocol) => {
    await using gateway = await startGateway({ answer: echo })
    const head = headOf(
      gateway,
      'GET',
      `Upgrade: ${protocol}`,
      'Connection: Upgrade',
      'HTTP2-Settings: AAMAAABkAAQ',
    )
    const statuses = statusesOf(await rawExchange(gateway.port, head))
    expect(statuses).not.toContain(101)
  })

  test('that break off in the middle are told to the upstream', async () => {
    const failures: unknown[] = []
    await using gateway = await startGateway({
      answer: async ({ body }) => {
        try {
          return jsonAnswer(await text(body ?? Readable.from([])))
        } catch (error) {
          failures.push(error)
          throw error
        }
      },
    })
    await rawExchange(gateway.port, `${headOf(gateway, 'POST', 'Content-Length: 500')}{"a":`)
    await expect.poll(() => failures).toHaveLength(1)
    expect(gateway.log).toEqual([])
  })
})
