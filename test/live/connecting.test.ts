import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createPlainServer, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificateFor } from './certificates.ts'
import { json, startHostileUpstream } from './hostile-upstream.ts'
import { call, startLiveGateway } from './live-gateway.ts'

const unreachable = { status: 502, code: 'upstream_unreachable' }
const untrusted = { status: 502, code: 'upstream_untrusted' }

/** An egress proxy that keeps what it was asked for. */
async function startProxy(
  answer: 'tunnels' | 'refuses' | 'says nothing',
): Promise<{ url: URL; asked: string[] }> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const proxy: Server = createServer((_request, response) => void response.writeHead(400).end())
  proxy.on('connection', (socket) => sockets.add(socket))
  proxy.on('connect', (request, near: Socket) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? 'nobody'}`)
    near.on('error', () => undefined)
    if (answer === 'says nothing') return
    if (answer === 'refuses') return void near.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    const far = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      near.write('HTTP/1.1 200 OK\r\n\r\n')
      near.pipe(far).pipe(near)
    })
    far.on('error', () => near.destroy())
    near.on('close', () => far.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  return { url: new URL(`http://me:p%40ss@127.0.0.1:${(proxy.address() as AddressInfo).port}`), asked }
}

describe('an upstream that cannot be connected to', () => {
  test('refuses: 502', async () => {
    const upstream = await startHostileUpstream()
    await upstream[Symbol.asyncDispose]()
    await using gateway = await startLiveGateway({ origin: upstream.origin })
    expect(await call(gateway)).toMatchObject(unreachable)
  })

  test('has no name: 502', async () => {
    await using gateway = await startLiveGateway({ origin: 'https://no-such-host.invalid' })
    expect(await call(gateway)).toMatchObject(unreachable)
  })

  test('does not end its TLS handshake: 502 once the time to connect is over', async () => {
    const sockets = new Set<Socket>()
    const mute = createPlainServer((socket) => void sockets.add(socket.on('error', () => undefined)))
    mute.listen(0, '127.0.0.1')
    await once(mute, 'listening')
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      mute.close()
    })
    const { port } = mute.address() as AddressInfo
    await using gateway = await startLiveGateway({ origin: `https://127.0.0.1:${port}`, connectTimeout: 1 })
    expect(await call(gateway)).toMatchObject(unreachable)
  })

  test('does not end its TLS handshake, and the caller leaves: the connection is freed', async () => {
    let open = 0
    const mute = createPlainServer((socket) => {
      open += 1
      socket
        .resume()
        .on('error', () => undefined)
        .on('close', () => {
          open -= 1
        })
    })
    mute.listen(0, '127.0.0.1')
    await once(mute, 'listening')
    onTestFinished(() => void mute.close())
    const { port } = mute.address() as AddressInfo
    await using gateway = await startLiveGateway({ origin: `https://127.0.0.1:${port}`, connectTimeout: 60 })
    const leaving = new AbortController()
    const left = call(gateway, undefined, { signal: leaving.signal }).catch(() => 'left')
    await expect.poll(() => open).toBe(1)
    leaving.abort()
    expect(await left).toBe('left')
    await expect.poll(() => open).toBe(0)
  })
})

describe('TLS with the upstream', () => {
  test.each([
    ['vouched for by nobody', ['127.0.0.1'], 30, false],
    ['that has expired', ['127.0.0.1'], -1, true],
    ['of another name', ['api.thousandeyes.com'], 30, true],
  ])('does not begin with a certificate %s', async (_, names, days, isTrusted) => {
    const certificate = await certificateFor(names, days)
    await using upstream = await startHostileUpstream(json('{}'), certificate)
    await using gateway = await startLiveGateway({
      origin: upstream.origin,
      authorities: isTrusted ? certificate.cert : undefined,
    })
    expect(await call(gateway)).toMatchObject(untrusted)
    expect(upstream.arrived).toEqual([])
  })

  test('begins with a certificate of a trusted authority, and without one in spite of the environment', async () => {
    const certificate = await certificateFor(['127.0.0.1'])
    await using upstream = await startHostileUpstream(json('{"tests":[]}'), certificate)
    await using gateway = await startLiveGateway({ origin: upstream.origin, authorities: certificate.cert })
    expect(await call(gateway)).toMatchObject({ status: 200, text: '{"tests":[]}' })
    expect(await call(gateway)).toMatchObject({ status: 200 })
    expect(upstream.connections.made).toBe(1)
  })

  test('does not begin with a server that speaks plain HTTP', async () => {
    await using upstream = await startHostileUpstream()
    await using gateway = await startLiveGateway({ origin: `https://127.0.0.1:${upstream.port}` })
    expect((await call(gateway)).status).toBe(502)
    expect(upstream.arrived).toEqual([])
  })
})

describe('an egress proxy', () => {
  test('tunnels to the upstream, which is asked for its certificate all the same', async () => {
    const certificate = await certificateFor(['127.0.0.1'])
    await using upstream = await startHostileUpstream(json('{"tests":[]}'), certificate)
    const { url: proxy, asked } = await startProxy('tunnels')
    await using gateway = await startLiveGateway({
      ...{ origin: upstream.origin, proxy, authorities: certificate.cert },
    })
    expect(await call(gateway)).toMatchObject({ status: 200, text: '{"tests":[]}' })
    expect(await call(gateway)).toMatchObject({ status: 200 })
    const basic = Buffer.from('me:p@ss').toString('base64')
    expect(asked).toEqual([`127.0.0.1:${upstream.port} Basic ${basic}`])
    expect(upstream.arrived[0]?.headers).not.toHaveProperty('proxy-authorization')

    await using distrusting = await startLiveGateway({ origin: upstream.origin, proxy })
    expect(await call(distrusting)).toMatchObject(untrusted)
  })

  test('that refuses leaves the upstream unreachable', async () => {
    await using upstream = await startHostileUpstream()
    const { url: proxy } = await startProxy('refuses')
    await using gateway = await startLiveGateway({ origin: upstream.origin, proxy })
    expect(await call(gateway)).toMatchObject(unreachable)
  })

  test('that says nothing is waited for no longer than an upstream', async () => {
    await using upstream = await startHostileUpstream()
    const { url: proxy } = await startProxy('says nothing')
    await using gateway = await startLiveGateway({ origin: upstream.origin, proxy, connectTimeout: 1 })
    expect((await call(gateway)).status).toBeGreaterThanOrEqual(502)
    expect(upstream.arrived).toEqual([])
  })
})
