import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Gate, openGate } from '../../src/gate.ts'

const patienceMs = 5_000
const never = (): boolean => false

let server: Server
let gate: Gate
let answers: (() => void)[]

beforeEach(async () => {
  answers = []
  gate = openGate({
    patienceMs,
    after(milliseconds, work) {
      const timer = setTimeout(work, milliseconds)
      return () => clearTimeout(timer)
    },
  })
  const listener = gate.guard(
    (request, response) => {
      if (request.url === '/held') answers.push(() => response.end('late'))
      else response.end('done')
    },
    (path) => path === '/exempt',
  )
  server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const url = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
const get = (path: string): Promise<string> =>
  fetch(url(path), { signal: AbortSignal.timeout(10_000) }).then((response) => response.text())

async function closing(work: () => Promise<void> = async () => undefined): Promise<number> {
  const startedAt = performance.now()
  await gate.closedFor(work)
  return performance.now() - startedAt
}

describe('the gate', () => {
  test('waits for what is under way, and keeps what comes meanwhile until it opens', async () => {
    const held = get('/held')
    await expect.poll(() => answers.length).toBe(1)
    const steps: string[] = []
    const closed = gate.closedFor(async () => void steps.push('work'))
    const waiting = get('/next').then(() => void steps.push('next'))
    await pause(100)
    expect(steps).toEqual([])
    answers[0]?.()
    await Promise.all([held, closed, waiting])
    expect(steps).toEqual(['work', 'next'])
  })

  test('lets exempt requests through while it is closed', async () => {
    await gate.closedFor(async () => expect(await get('/exempt')).toBe('done'))
  })

  test('counts nobody who left while waiting: the next closing waits for no patience', async () => {
    await gate.closedFor(async () => {
      const leaving = connect((server.address() as AddressInfo).port, '127.0.0.1')
      leaving.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
      await pause(100)
      leaving.destroy()
      await pause(100)
    })
    expect(await get('/next')).toBe('done')
    expect(await closing()).toBeLessThan(patienceMs / 2)
  })

  test('opens after work that failed, and does works one after the other', async () => {
    const order: string[] = []
    const failing = gate.closedFor(async () => {
      order.push('first')
      throw new Error('no')
    })
    const second = gate.closedFor(async () => void order.push('second'))
    await expect(failing).rejects.toThrow('no')
    await second
    expect(order).toEqual(['first', 'second'])
    expect(await get('/next')).toBe('done')
  })

  test('guards several listeners as one', async () => {
    const other = gate.guard((_request, response) => void response.end('other'), never)
    const second = createServer(other)
    await new Promise<void>((resolve) => second.listen(0, '127.0.0.1', resolve))
    const held = get('/held')
    await expect.poll(() => answers.length).toBe(1)
    let isDone = false
    const closed = gate.closedFor(async () => {
      isDone = true
    })
    const { port } = second.address() as AddressInfo
    const beside = fetch(`http://127.0.0.1:${port}/`).then(() => expect(isDone).toBe(true))
    answers[0]?.()
    await Promise.all([held, closed, beside])
    second.closeAllConnections()
    await new Promise((resolve) => second.close(resolve))
  })
})
