import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { brokerGround, clientGround, linkedClient, regionsAt } from './broker-ground.ts'
import { startCountingUpstream } from './counting-upstream.ts'
import type { Entry } from './judge/history.ts'
import { brokenInvariants } from './judge/invariants.ts'
import type { Client } from './load/client.ts'
import { startNode } from './node-process.ts'
import { untilNot503 } from './redis-ground.ts'
import { patienceMs, rounds } from './scale.ts'
import { freshFolder } from './sqlite-ground.ts'
import { inOwnMounts } from './tools.ts'

const resolverAddress = '127.0.0.93'
/** `connectTimeout` of the configuration, and what a busy machine needs besides. */
const longestMs = 10_000

/** A resolver that hears questions and answers none. @returns undefined where this process may not have its port */
async function silentResolver(): Promise<Socket | undefined> {
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  socket.bind(53, resolverAddress)
  return Promise.race([
    once(socket, 'listening').then(() => socket),
    once(socket, 'error').then(() => undefined),
  ])
}

test(
  'R53: a region whose name nobody resolves is 502 or 503 in seconds, and other regions, refreshes and sign-ins notice nothing',
  async ({ skip }) => {
    const folder = freshFolder()
    const resolver = join(folder, 'resolv.conf')
    writeFileSync(resolver, `nameserver ${resolverAddress}\noptions timeout:5 attempts:2\n`)
    const starter = inOwnMounts([[resolver, '/etc/resolv.conf']])
    const silent = await silentResolver()
    if (!starter || !silent) return skip('needs root, to give a process a resolver of its own')
    let questions = 0
    silent.on('message', () => {
      questions += 1
    })
    const upstream = await startCountingUpstream()
    const ground = brokerGround({ keys: 'a', upstream: [regionsAt(upstream.origin)] })
    const node = await startNode({ ...ground, starter })
    const clients = clientGround(() => node.url)
    const lost: Client[] = []
    for (let number = 1; number <= 8; number += 1) lost.push(await linkedClient(node, { ...clients, number }))
    const well = await linkedClient(node, { ...clients, number: 20, region: 'eu1' })
    await node.kill()
    ground.configure({
      keys: 'a',
      upstream: [
        `regions: { us1: 'https://api.thousandeyes.example', us2: '${upstream.origin}', eu1: '${upstream.origin}' }`,
        'connectTimeout: 2s',
      ],
    })
    await node.start()

    const from = performance.now()
    let isOver = false
    const unresolved: Entry[] = []
    const asking = lost.map(async (client) => {
      // An organization has 240 calls a minute.
      for (; !isOver; await pause(500)) unresolved.push(await client.call())
    })
    const waits: number[] = []
    let number = 30
    while (performance.now() - from < rounds(30_000, 4_000)) {
      const answer = await well.call()
      expect(answer).toMatchObject({ status: 200 })
      waits.push(answer.doneAt - answer.sentAt)
      expect(await well.refresh()).toMatchObject({ status: 200 })
      // Passwords are hashed on the threads that names are looked up on.
      if (number < 36)
        expect(await (await linkedClient(node, { ...clients, number, region: 'eu1' })).call()).toMatchObject({
          status: 200,
        })
      number += 1
      await pause(300)
    }
    isOver = true
    await Promise.all(asking)
    expect(unresolved.filter(({ status }) => ![502, 503, 504].includes(status))).toEqual([])
    expect(Math.max(...unresolved.map(({ sentAt, doneAt }) => doneAt - sentAt))).toBeLessThan(longestMs)
    expect(questions).toBeGreaterThan(0)
    waits.sort((one, next) => one - next)
    expect(waits[Math.floor(waits.length / 2)]).toBeLessThan(500)
    for (const client of lost) expect(await untilNot503(client.refresh)).toBe(200)
    const unreached = new Set(lost.map(({ chain }) => chain))
    const judged = clients.history.filter(
      ({ kind, chain, sentAt }) => kind !== 'call' || !unreached.has(chain) || sentAt < from,
    )
    expect(brokenInvariants({ history: judged, logs: [node.log()] })).toEqual([])
  },
  patienceMs,
)
