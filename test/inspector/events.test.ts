import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'

let service: RunningPanoptes

beforeAll(async () => {
  service = await startPanoptes()
})
afterAll(() => service?.stop())

interface Live extends Disposable {
  readonly answer: Response
  /** Reads until the text has come. */
  until(text: string): Promise<string>
}

async function openLive(query = ''): Promise<Live> {
  const controller = new AbortController()
  const answer = await fetch(`${service.url}/inspector/events${query}`, {
    signal: AbortSignal.any([controller.signal, AbortSignal.timeout(10_000)]),
  })
  const reader = answer.body?.getReader()
  let read = ''
  return {
    answer,
    async until(text) {
      while (!read.includes(text)) {
        const next = await reader?.read()
        if (!next || next.done) throw new Error(`the stream ended after ${read}`)
        read += Buffer.from(next.value).toString()
      }
      return read
    },
    [Symbol.dispose]: () => controller.abort(),
  }
}

const callV7 = (token: string): Promise<Response> =>
  fetch(`${service.url}/v7/tests`, { headers: { authorization: `Bearer ${token}` } })

describe('GET /inspector/events', () => {
  test('tells each exchange as it is answered, without its credentials', async () => {
    using live = await openLive()
    expect(live.answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(live.answer.headers.get('cache-control')).toBe('no-store')
    await live.until('retry: 3000\n\n')
    await callV7('a-token-that-nobody-gave')
    const read = await live.until('\n\nid: ').catch(() => live.until('"status":"401"'))
    const [, id = '', json = ''] = /id: (\d+)\ndata: (.*)\n/.exec(read) ?? []
    expect(JSON.parse(json)).toMatchObject({
      id: Number(id),
      href: `/inspector/exchanges/${id}`,
      request: 'GET /v7/tests',
      name: 'getTests',
      status: '401',
      isRefusal: true,
    })
    expect(read).not.toContain('a-token-that-nobody-gave')
  })

  test('tells only what the filter lets through, and nothing of the inspector and the playground', async () => {
    using live = await openLive('?surface=oauth')
    await live.until('retry')
    await callV7('x')
    await fetch(`${service.url}/playground`)
    await fetch(`${service.url}/inspector`)
    await fetch(`${service.url}/v7/oauth2/provider/keys`)
    const read = await live.until('/v7/oauth2/provider/keys')
    expect(read).not.toContain('/v7/tests')
    expect(read).not.toContain('/playground')
    expect(read).not.toContain('"GET /inspector')
  })

  test('tells first what came since the page was loaded, or since its connection broke', async () => {
    await callV7('x')
    const journal = await fetch(`${service.url}/emulator/journal?limit=1`)
    const { lastId } = (await journal.json()) as { lastId: number }
    await callV7('y')
    using live = await openLive(`?after=${lastId}`)
    expect(await live.until(`id: ${lastId + 1}\n`)).not.toContain(`id: ${lastId}\n`)
    const again = await fetch(`${service.url}/inspector/events?after=${lastId + 1}`, {
      headers: { 'last-event-id': String(lastId) },
      signal: AbortSignal.timeout(10_000),
    })
    const reader = again.body?.getReader()
    let read = ''
    while (!read.includes('data:')) read += Buffer.from((await reader?.read())?.value ?? []).toString()
    expect(read).toContain(`id: ${lastId + 1}\n`)
    await reader?.cancel()
  })

  test('has room for twenty, and for another once one is gone', async () => {
    const open: Live[] = []
    try {
      for (let count = 0; count < 20; count += 1) open.push(await openLive())
      expect(open.every(({ answer }) => answer.status === 200)).toBe(true)
      using refused = await openLive()
      expect(refused.answer.status).toBe(503)
      expect(refused.answer.headers.get('retry-after')).toBe('30')
      open.pop()?.[Symbol.dispose]()
      await expect
        .poll(async () => {
          using again = await openLive()
          return again.answer.status
        })
        .toBe(200)
    } finally {
      for (const live of open) live[Symbol.dispose]()
    }
  })

  test('says nothing in the log when a page is closed, however it leaves', async () => {
    const own = await startPanoptes()
    const { hostname, port } = new URL(own.url)
    const head = `GET /inspector/events HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`
    for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const page = connect(Number(port), hostname)
      page.write(head)
      await once(page, 'data')
      page[leave]()
      await once(page.resume(), 'close')
    }
    await own.stop()
    expect(own.log.filter((entry) => JSON.stringify(entry).includes('exchange-broken'))).toEqual([])
  })

  test('ends when the service stops, which does not wait for it', async () => {
    const own = await startPanoptes()
    const answer = await fetch(`${own.url}/inspector/events`, { signal: AbortSignal.timeout(10_000) })
    const ended = answer.text()
    const startedAt = performance.now()
    await own.stop()
    expect(performance.now() - startedAt).toBeLessThan(450)
    expect(await ended).toContain('retry')
  })
})
