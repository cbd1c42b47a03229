import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { linkRewriter, ownLocation } from '#gateway/links.ts'
import { accessToken, startGateway } from './start-gateway.ts'

const bearer = { type: 'bearer' } as const
const upstream = 'https://api.thousandeyes.com'
const own = 'http://localhost:7070'

function rewriter() {
  const links = linkRewriter(upstream, own)
  if (!links) throw new Error('nothing to rewrite')
  return links
}

describe('links, security-cases G18', () => {
  test.each([
    [`{"href":"${upstream}/v7/tests?cursor=a"}`, `{"href":"${own}/v7/tests?cursor=a"}`],
    [`{ "href" : "${upstream}/v7" }`, `{ "href" : "${own}/v7" }`],
    [`{"href":\n  "${upstream}"}`, `{"href":\n  "${own}"}`],
    ['{"href":"HTTPS://API.ThousandEyes.com/v7"}', `{"href":"${own}/v7"}`],
    [`{"href":"${upstream}:443/v7"}`, `{"href":"${own}/v7"}`],
    [
      String.raw`{"href":"https:\/\/api.thousandeyes.com\/v7"}`,
      String.raw`{"href":"http://localhost:7070\/v7"}`,
    ],
  ])('point at us: %s', (body, expected) => {
    expect(rewriter().text(body)).toBe(expected)
  })

  test.each([
    `{"href":"${upstream}.evil.example/v7"}`,
    `{"href":"https://app.thousandeyes.com/x"}`,
    `{"href":"${upstream}:4430/v7"}`,
    `{"href":"${upstream}:80/v7"}`,
    `{"href":"${upstream}@evil.example/v7"}`,
    `{"HREF":"${upstream}/v7"}`,
    `{"url":"${upstream}/v7"}`,
    String.raw`{"text":"{\"href\":\"https://api.thousandeyes.com/v7\"}"}`,
    `{"href":"http://api.thousandeyes.com/v7"}`,
    `{"href":"/v7/tests"}`,
  ])('are left alone where they are not the upstream’s: %s', (body) => {
    expect(rewriter().text(body)).toBe(body)
  })

  test('are found wherever a stream is cut', async () => {
    const link = (to: string): string => `{"name":"é","_links":{"next":{"href" : "${to}/v7/tests?cursor=x"}}}`
    const bytes = Buffer.from(`[${link(upstream)},${link(upstream)}]`)
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const source = Readable.from([bytes.subarray(0, cut), bytes.subarray(cut)], { objectMode: false })
      expect(await text(source.pipe(rewriter().stream()))).toBe(`[${link(own)},${link(own)}]`)
    }
    const single = Readable.from([...bytes].map((byte) => Buffer.from([byte])))
    expect(await text(single.pipe(rewriter().stream()))).toBe(`[${link(own)},${link(own)}]`)
  })

  test('leave every other byte of a stream as it is', async () => {
    const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7) % 256))
    const source = Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)])
    expect(await buffer(source.pipe(rewriter().stream()))).toEqual(bytes)
  })

  test('cost nothing when the upstream writes our origin', () => {
    expect(linkRewriter(own, own)).toBeUndefined()
  })

  test.each([
    [`${upstream}/v7/tests/bgp/7`, `${own}/v7/tests/bgp/7`],
    [upstream, own],
    ['https://API.thousandeyes.com:443/v7/tests/7', `${own}/v7/tests/7`],
    [`${upstream}@evil.example/`, undefined],
    [`${upstream}:4430/`, undefined],
    ['/v7/tests/7', '/v7/tests/7'],
    ['https://evil.example/v7', undefined],
    [`${upstream}.evil.example/`, undefined],
    ['//evil.example/', undefined],
    [String.raw`/\evil.example/`, undefined],
  ])('Location %s becomes %s', (location, expected) => {
    expect(ownLocation(location, upstream, own)).toBe(expected)
  })

  test.each(['text', 'bytes', 'stream'])(
    'and Location are rewritten in an answer that comes as %s',
    async (form) => {
      const body = `{"_links":{"self":{"href":"${upstream}/v7/tests/bgp/7"}},"name":"ö"}`
      const bodies = { text: body, bytes: Buffer.from(body), stream: Readable.from([Buffer.from(body)]) }
      await using gateway = await startGateway({
        answer: () => ({
          status: 201,
          // Media types know no case (RFC 9110 §8.3.1).
          headers: {
            'content-type': 'Application/HAL+JSON;charset=UTF-8',
            location: `${upstream}/v7/tests/bgp/7`,
          },
          body: bodies[form as keyof typeof bodies],
        }),
        parts: { upstreamOrigins: { us1: upstream, us2: 'https://us2.example', eu1: 'https://eu1.example' } },
      })
      const answer = await request(gateway.url).post('/v7/tests/bgp').auth(accessToken, bearer).send({})
      expect(answer.headers['location']).toBe(`${gateway.url}/v7/tests/bgp/7`)
      expect(answer.body).toEqual({ _links: { self: { href: `${gateway.url}/v7/tests/bgp/7` } }, name: 'ö' })
    },
  )

  test('are not touched in what is no JSON or is encoded', async () => {
    const body = `{"href":"${upstream}/v7"}`
    let headers: Record<string, string> = { 'content-type': 'text/csv' }
    await using gateway = await startGateway({
      answer: () => ({ status: 200, headers, body }),
      parts: { upstreamOrigins: { us1: upstream, us2: upstream, eu1: upstream } },
    })
    const read = async (): Promise<string> =>
      (await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).buffer(true)).text
    expect(await read()).toBe(body)
    headers = { 'content-type': 'application/json', 'content-encoding': 'identity' }
    expect(await read()).toBe(body)
  })
})
