import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { certificateFor, type Pem } from '../live/certificates.ts'
import { type Behaviour, json } from '../live/hostile-upstream.ts'
import { withRetryAfter } from './asking.ts'
import { badUpstreamGround } from './bad-upstream-ground.ts'
import { startCountingUpstream } from './counting-upstream.ts'
import type { Client } from './load/client.ts'
import type { NodeProcess } from './node-process.ts'
import { patienceMs, rounds } from './scale.ts'
import { freshFolder } from './sqlite-ground.ts'

const write: RequestInit = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"testName":"a"}',
}
const pathOfWrites = '/v7/tests/http-server?aid=1101'
const unusable = { status: 502, code: 'upstream_answer_unusable' }

test(
  'R31: an upstream that redirects leads nobody anywhere: no call, no question of the gateway, and no token that somebody links',
  async () => {
    const ground = await badUpstreamGround()
    const { upstream, ask, connect } = ground
    const elsewhere = await startCountingUpstream()
    const client = await connect({ number: 1 })
    expect((await ask(client)).status).toBe(200)
    for (const status of [301, 302, 303, 307, 308]) {
      upstream.behave(json('', status, { location: `${elsewhere.origin}/v7/tests` }))
      // The second asks for the account groups of the user first.
      for (const path of ['/v7/tests?aid=1101', '/v7/tests'])
        expect(await ask(client, path)).toMatchObject(unusable)
      expect(await ask(client, pathOfWrites, write)).toMatchObject(unusable)
      await expect(connect({ number: status })).rejects.toThrow()
    }
    expect(elsewhere.connections.made).toBe(0)
    upstream.behave()
    expect((await ask(client)).status).toBe(200)
    await ground.finish()
  },
  patienceMs,
)

const megabyte = 2 ** 20
const mostGrowth = 64 * megabyte

interface Growth {
  /** By what is held after a collection, at some moments of the work. */
  readonly held: number
  /** By the whole process at its largest, with what waits to be collected. */
  readonly resident: number
}

const statusOf = (node: NodeProcess, field: string): number =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${node.pid()}/status`, 'utf8'))?.[1]) *
  1_024

/** By how much the memory of a process grew at most while it worked (proc(5), clear_refs and VmHWM). */
async function growthOf(node: NodeProcess, work: () => Promise<void>): Promise<Growth> {
  const inspector = await node.inspector()
  const heldBefore = await inspector.heldBytes()
  writeFileSync(`/proc/${node.pid()}/clear_refs`, '5')
  const residentBefore = statusOf(node, 'VmRSS')
  let isOver = false
  const working = work().finally(() => {
    isOver = true
  })
  let held = 0
  for (; !isOver; await Promise.race([working, pause(500)]))
    held = Math.max(held, await inspector.heldBytes())
  await working
  return { held: held - heldBefore, resident: statusOf(node, 'VmHWM') - residentBefore }
}

/** Garbage of buffers waits until V8 has some 64 MB of it. */
const mostResident = 128 * megabyte

function expectSmall({ held, resident }: Growth): void {
  expect(held).toBeLessThan(mostGrowth)
  expect(resident).toBeLessThan(mostResident)
}

/** Reads what comes, and keeps nothing. @returns how much it was, and whether it came to its end */
async function drain(
  node: NodeProcess,
  client: Client,
  pauseMs = 0,
): Promise<{ readonly bytes: number; readonly isWhole: boolean }> {
  const headers = { authorization: `Bearer ${client.accessToken()}` }
  const request = get(`${node.url}/v7/tests?aid=1101`, { headers })
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  expect(answer.statusCode).toBe(200)
  let bytes = 0
  answer.on('error', () => undefined)
  await pause(pauseMs)
  answer.on('data', (piece: Buffer) => {
    bytes += piece.length
  })
  await new Promise<void>((resolve) => void answer.once('close', resolve))
  return { bytes, isWhole: answer.complete }
}

function* times(count: number, piece: Buffer): Generator<Buffer> {
  for (let given = 0; given < count; given += 1) yield piece
}

interface Giant {
  readonly type?: string
  readonly coding?: string
  readonly piece: Buffer
  /** So many times the same piece. */
  readonly count: number
}

const giant =
  ({ type = 'application/json', coding, piece, count }: Giant): Behaviour =>
  (_request, response) => {
    const coded = coding === undefined ? {} : { 'content-encoding': coding }
    response.writeHead(200, { 'content-type': type, ...coded })
    pipeline(Readable.from(times(count, piece)), response, () => undefined)
  }

const giantBytes = rounds(2_048, 160) * megabyte
const blanks = (bytes: number): Buffer => Buffer.alloc(bytes, ' ')
const quickly = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }

const bombs = (): readonly Giant[] => [
  // Members one after the other, which are one body of two gigabytes (RFC 1952 §2.2).
  { coding: 'gzip', piece: gzipSync(blanks(10 * megabyte)), count: 205 },
  { coding: 'br', piece: brotliCompressSync(blanks(160 * megabyte), quickly), count: 1 },
]

test(
  'R32: giant bodies pass, packed ones that grow to be such are broken off, and what is held grows by less than 64 MB',
  async () => {
    const ground = await badUpstreamGround({ node: { isInspected: true }, isCalm: true })
    const { upstream, node, ask, connect } = ground
    const client = await connect({ number: 1 })
    // What a process takes once, as its first streams do.
    upstream.behave(giant({ coding: 'gzip', piece: gzipSync(blanks(megabyte)), count: 8 }))
    expect(await drain(node, client)).toEqual({ bytes: 8 * megabyte, isWhole: true })
    const heldBefore = await (await node.inspector()).heldBytes()
    const piece = blanks(64 * 1_024)
    for (const { type, pauseMs } of [
      { type: 'application/json', pauseMs: 0 },
      { type: 'application/octet-stream', pauseMs: 1_000 },
    ]) {
      upstream.behave(giant({ type, piece, count: giantBytes / piece.length }))
      const growth = await growthOf(node, async () => {
        expect(await drain(node, client, pauseMs)).toEqual({ bytes: giantBytes, isWhole: true })
      })
      expectSmall(growth)
    }
    for (const bomb of bombs()) {
      upstream.behave(giant(bomb))
      const growth = await growthOf(node, async () => {
        const { bytes, isWhole } = await drain(node, client)
        expect([isWhole, bytes < 192 * megabyte]).toEqual([false, true])
        // The gateway's own question, and the check of a token that somebody links.
        expect(await ask(client, '/v7/tests')).toMatchObject(unusable)
        await expect(connect({ number: 50 })).rejects.toThrow()
      })
      expectSmall(growth)
    }
    upstream.behave()
    expect((await ask(client)).status).toBe(200)
    expect(await (await node.inspector()).heldBytes()).toBeLessThan(heldBefore * 1.1)
    ground.begin()
    await pause(1_000)
    await ground.finish()
  },
  patienceMs,
)

/** Self-signed, each vouched for by the broker's configuration but for the one that is a stranger's. */
async function certificates(): Promise<Readonly<Record<'good' | 'expired' | 'misnamed' | 'unknown', Pem>>> {
  const here = ['127.0.0.1']
  return {
    good: await certificateFor(here),
    expired: await certificateFor(here, -1),
    misnamed: await certificateFor(['api.thousandeyes.com']),
    unknown: await certificateFor(here),
  }
}

test(
  'R33: an upstream whose certificate does not hold is 502, hears not a byte in the clear, rests, and is back with one that does',
  async () => {
    const { good, ...bad } = await certificates()
    const authorities = join(freshFolder(), 'authorities.pem')
    writeFileSync(authorities, [good, bad.expired, bad.misnamed].map(({ cert }) => cert).join('\n'))
    const ground = await badUpstreamGround({
      settings: [`authorities: '${authorities}'`, 'breakerFailures: 3', 'breakerRest: 1s'],
      tls: good,
    })
    const { upstream, ask, connect } = ground
    const client = await connect({ number: 1 })
    expect((await ask(client)).status).toBe(200)
    for (const [name, certificate] of Object.entries(bad)) {
      upstream.certify(certificate)
      upstream.cut()
      await expect.poll(() => upstream.connections.open).toBe(0)
      const before = upstream.answers.length
      const tries = upstream.failedHandshakes.length
      for (let failure = 0; failure < 3; failure += 1) {
        const answer = await (failure === 1 ? ask(client, pathOfWrites, write) : ask(client))
        expect([name, answer]).toMatchObject([name, { status: 502, code: 'upstream_untrusted' }])
      }
      expect(await ask(client)).toMatchObject({ ...withRetryAfter, code: 'upstream_resting' })
      await expect.poll(() => upstream.failedHandshakes.length - tries).toBe(3)
      expect(upstream.answers.length).toBe(before)
      upstream.certify(good)
      await pause(1_050)
      for (let again = 0; again < 3; again += 1) expect((await ask(client)).status).toBe(200)
    }
    expect(upstream.failedHandshakes.filter((code) => code.includes('HTTP'))).toEqual([])
    await ground.finish()
  },
  patienceMs,
)
