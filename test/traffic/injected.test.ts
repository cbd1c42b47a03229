import { describe, expect, test } from 'vitest'
import { injectInto } from '../../src/http/inject.ts'
import { type Listener, observed } from '../../src/traffic/observe.ts'
import { openTraffic } from '../../src/traffic/open-traffic.ts'
import type { Disturbance, Exchange } from '../../src/traffic/traffic.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { machineTimers } from './hand-timers.ts'
import { hash, nameOf } from './start-observed.ts'

const echo: Listener = (request, response) => {
  const pieces: Buffer[] = []
  request.on('data', (piece) => pieces.push(Buffer.from(piece)))
  request.on('end', () => {
    response.writeHead(200, ['Content-Type', 'text/plain'])
    response.end(`${request.method} ${Buffer.concat(pieces)}`)
  })
}

/** The playground sends its requests without a socket, and shows their exchanges as any other. */
async function inject(
  does?: Disturbance,
): Promise<{ answer: { status: number; body: string } | undefined; exchange: Exchange | undefined }> {
  const traffic = openTraffic({ clock: fakeClock(), timers: machineTimers, hash, nameOf })
  if (does) traffic.faults.add({ on: '*', does, when: {} })
  const listener = observed(echo, {
    traffic,
    addressOf: ({ socket }) => socket.remoteAddress ?? '',
    isOwnAffair: () => false,
    knownAnswer: () => undefined,
  })
  const ended = traffic.journal.next({}, { timeoutMs: 3000, signal: AbortSignal.timeout(3000) })
  const answer = await injectInto(
    listener,
    'localhost:7070',
  )({ method: 'POST', path: '/v7/a', body: 'body' }).catch(() => undefined)
  return { answer, exchange: await ended }
}

describe('a request without a socket', () => {
  test.each<Disturbance | undefined>([
    undefined,
    { kind: 'latency', milliseconds: 5 },
    { kind: 'slow', bytesPerSecond: 500 },
  ])('is answered and noted as a whole under %j', async (does) => {
    const { answer, exchange } = await inject(does)
    expect(answer).toMatchObject({ status: 200, body: 'POST body' })
    expect(exchange).toMatchObject({
      address: '127.0.0.1',
      body: { text: 'body', bytes: 4 },
      answer: { status: 200, body: { text: 'POST body', bytes: 9 }, isWhole: true },
    })
  })

  test.each<[Disturbance, number]>([
    [{ kind: 'status', status: 500 }, 500],
    [{ kind: 'rate-limit' }, 429],
    [{ kind: 'maintenance' }, 503],
  ])('is answered by %j with %i', async (does, status) => {
    const { answer, exchange } = await inject(does)
    expect(answer?.status).toBe(status)
    expect(exchange).toMatchObject({ fault: 'fault-1', answer: { status, isWhole: true } })
  })

  test.each<[Disturbance, boolean]>([
    [{ kind: 'drop', after: false }, false],
    [{ kind: 'drop', after: true }, false],
    [{ kind: 'truncate', bytes: 3 }, true],
  ])('is cut by %j', async (does, hasAnswer) => {
    const { answer, exchange } = await inject(does)
    expect(answer).toBeUndefined()
    expect(exchange?.fault).toBe('fault-1')
    if (hasAnswer) expect(exchange?.answer).toMatchObject({ body: { text: 'POS' }, isWhole: false })
    else expect(exchange?.answer).toBeUndefined()
  })
})
