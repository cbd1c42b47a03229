import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { brokenInvariants, type Resources } from './judge/invariants.ts'
import { fillJournal } from './load/fill-journal.ts'
import { startLoad } from './load/load.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { patienceMs } from './scale.ts'
import { sqliteGround } from './sqlite-ground.ts'

const form = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 4000\r\n\r\n'

/** What a slow client says at first, and then every second; L01 in the words of slowhttptest. */
const kinds = {
  /** -H: a head that never ends. */
  head: { count: 450, first: () => 'GET /v7/account-groups HTTP/1.1\r\n', further: 'X-A: b\r\n' },
  /** -B: a body that never ends. */
  body: {
    count: 450,
    first: (host: string) => `POST /v7/oauth2/token HTTP/1.1\r\nHost: ${host}\r\n${form}`,
    further: 'a',
  },
  /** -X: more questions than the kernel has room for answers, none of which is read. Few, as each question is work by itself. */
  reading: {
    count: 20,
    first: (host: string) => `GET /emulator/openapi.yaml HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(150),
    further: '',
  },
  /** One question, and nothing more over the kept connection. */
  idle: {
    count: 50,
    first: (host: string) => `GET /v7/account-groups HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    further: '',
  },
} as const

type Kind = keyof typeof kinds

interface SlowClient {
  readonly kind: Kind
  readonly socket: Socket
}

function slowClient({ url }: NodeProcess, kind: Kind): SlowClient {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname).on('error', () => undefined)
  if (kind === 'reading') socket.pause()
  else socket.resume()
  socket.write(kinds[kind].first(host))
  return { kind, socket }
}

const established = '01'

/** How many of them the node holds open, as its kernel has it (proc(5), /proc/net/tcp). */
function heldBy({ url }: NodeProcess, clients: readonly SlowClient[]): number {
  const own = Number(new URL(url).port)
  const ports = new Set(clients.map(({ socket }) => socket.localPort))
  const rows = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1)
  const portOf = (address = ''): number => Number.parseInt(address.split(':')[1] ?? '', 16)
  return rows.filter((row) => {
    const [, local, remote, state] = row.trim().split(/\s+/)
    return state === established && portOf(local) === own && ports.has(portOf(remote))
  }).length
}

/** Slow clients of all kinds, until the last one is cut. */
async function wave(node: NodeProcess): Promise<void> {
  const slow = (Object.keys(kinds) as Kind[]).flatMap((kind) =>
    Array.from({ length: kinds[kind].count }, () => slowClient(node, kind)),
  )
  const dripping = setInterval(() => {
    for (const { kind, socket } of slow) if (kinds[kind].further !== '') socket.write(kinds[kind].further)
  }, 1_000)
  const end = (): void => {
    clearInterval(dripping)
    for (const { socket } of slow) socket.destroy()
  }
  onTestFinished(end)
  while (heldBy(node, slow) < 600) await pause(100)
  // A client that reads nothing does not hear that it was cut: the node's side tells.
  while (heldBy(node, slow) > 0) await pause(1_000)
  end()
}

/** A wave while others are served. @returns what the node has once all of them are gone */
async function waveUnderLoad(node: NodeProcess): Promise<Resources> {
  const load = await startLoad({ target: () => node.url, perSecond: 50 })
  await fillJournal(load)
  await wave(node)
  await load.stop()
  await load.takeStock()
  const waits = load.history.map(({ sentAt, doneAt }) => doneAt - sentAt).toSorted((one, next) => one - next)
  // L01 asks for a second on a machine that does nothing else. Whoever had to wait for the slow ones would wait until they are cut.
  expect(waits[Math.floor(waits.length / 2)]).toBeLessThan(1_000)
  expect(waits[Math.floor(waits.length * 0.99)]).toBeLessThan(9_000)
  expect(load.history.filter(({ status }) => status === 0 || status >= 500)).toEqual([])
  expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
  await pause(1_000)
  return node.resources()
}

test(
  'R46: a thousand slow clients of four kinds are cut one after the other, and everybody else is served meanwhile',
  async () => {
    const node = await startNode({ ...sqliteGround(), isInspected: true })
    // What a thousand connections took of the machine is kept for the next thousand: the second wave tells whether something stays of each.
    const resources = [{ before: await waveUnderLoad(node), after: await waveUnderLoad(node) }]
    expect(brokenInvariants({ history: [], resources })).toEqual([])
  },
  patienceMs,
)
