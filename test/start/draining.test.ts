import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startReady } from './program.ts'

/** A request that is under way: its head and half of its body are sent. */
interface HalfSent {
  /** Sends the rest. @returns all that came back, until the server closed */
  finish(): Promise<string>
}

async function sendHalf(url: string, path = '/v7/oauth2/token'): Promise<HalfSent> {
  const body = 'grant_type=refresh_token&client_id=meraki&client_secret=meraki-secret&refresh_token=x'
  const { hostname, port, host } = new URL(url)
  const socket: Socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    'Connection: keep-alive',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 20)}`)
  const answer = text(socket)
  // The next request is answered after the server has read this one's head.
  await fetch(`${url}/.well-known/oauth-authorization-server`).then((response) => response.text())
  return {
    finish() {
      socket.write(body.slice(20))
      return answer
    },
  }
}

/** The status of the operator's readiness, over a connection that is kept. */
function readiness(
  url: string,
  agent: Agent,
): Promise<{ status: number | undefined; connection: string | undefined }> {
  return new Promise((resolve, reject) => {
    request(`${url}/health/ready`, { agent }, (answer) => {
      answer
        .resume()
        .on('end', () => resolve({ status: answer.statusCode, connection: answer.headers.connection }))
    })
      .on('error', reject)
      .end()
  })
}

describe('SIGTERM and SIGINT, reliability R35', () => {
  test('the program finishes what is under way, says meanwhile that it is not ready, and ends with 0', async () => {
    const { ready, child, ended } = await startReady()
    const underWay = await sendHalf(ready.url)
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    expect(await readiness(ready.operatorUrl, agent)).toEqual({ status: 200, connection: 'keep-alive' })
    child.kill('SIGTERM')
    let seen = await readiness(ready.operatorUrl, agent)
    while (seen.status === 200) seen = await readiness(ready.operatorUrl, agent)
    expect(seen.status).toBe(503)
    await expect(fetch(ready.url)).rejects.toThrow()
    const answer = await underWay.finish()
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toMatch(/^connection: close\r$/im)
    expect(answer).toContain('"invalid_grant"')
    expect(await ended).toMatchObject({ code: 0, signal: null })
    expect((await ended).stderr).toContain('"event":"draining","signal":"SIGTERM"')
  })

  test('with a notice it serves everybody for so long after it said that it is not ready', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'panoptes-notice-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const config = join(folder, 'notice.yaml')
    writeFileSync(config, 'drainNotice: 1s\n')
    const { ready, child, ended } = await startReady(['--config', config])
    const agent = new Agent()
    const signalledAt = performance.now()
    child.kill('SIGTERM')
    while ((await readiness(ready.operatorUrl, agent)).status === 200);
    const metadata = `${ready.url}/.well-known/oauth-authorization-server`
    expect((await fetch(metadata, { headers: { connection: 'close' } })).status).toBe(200)
    expect(await ended).toMatchObject({ code: 0, signal: null })
    expect(performance.now() - signalledAt).toBeGreaterThan(990)
  })

  test('a second signal ends it at once, whatever is under way, and SIGUSR1 opens no inspector', async () => {
    const { ready, child, ended } = await startReady()
    child.kill('SIGUSR1')
    await sendHalf(ready.url)
    child.kill('SIGTERM')
    const agent = new Agent()
    while ((await readiness(ready.operatorUrl, agent)).status === 200);
    const before = performance.now()
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 1, signal: null })
    expect(performance.now() - before).toBeLessThan(3_000)
    expect((await ended).stderr).toContain('"signal-ignored"')
    expect((await ended).stderr).not.toContain('Debugger')
  })

  test('SIGINT does the same, through bin/panoptes.js as well', async () => {
    const { ready, child, ended } = await startReady([], 'bin/panoptes.js')
    const underWay = await sendHalf(ready.url)
    child.kill('SIGINT')
    expect(await underWay.finish()).toMatch(/^HTTP\/1\.1 400 /)
    expect(await ended).toMatchObject({ code: 0, signal: null })
  })
})
