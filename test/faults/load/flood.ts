/**
 * A process of its own that asks for more than anybody can answer: so many requests a second, whatever becomes of them, over so many kept
 * connections. Raw sockets, as a client that costs more than the server shows nothing. What it was told stands
 * in one line of JSON on standard output.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Flooded, FloodParts, Waits } from './flooding.ts'

const { url, requests, perSecond, seconds, connections } = JSON.parse(process.argv[2] ?? '') as FloodParts
const { hostname, port, host } = new URL(url)

const texts = requests.map(({ path, form }) =>
  form === undefined
    ? `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
    : `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n${form}`,
)

const waits = new Map<number, number[]>()
const idle: Socket[] = []
const sentAt = new Map<Socket, number>()
let [sent, unsent, broken, withoutRetryAfter] = [0, 0, 0, 0]

/** Answers are short, so that each comes in one piece but for a page's: the pieces that do not begin as an answer belong to one. */
function hear(socket: Socket, bytes: Buffer): void {
  const begun = sentAt.get(socket)
  const head = bytes.toString('latin1', 0, 1_500)
  if (begun === undefined || !head.startsWith('HTTP/1.1 ')) return
  const status = Number(head.slice(9, 12))
  const own = waits.get(status) ?? []
  own.push(performance.now() - begun)
  waits.set(status, own)
  if (status === 503 && !/\r\nRetry-After: [1-9]/.test(head)) withoutRetryAfter += 1
  sentAt.delete(socket)
  idle.push(socket)
}

async function openSocket(): Promise<void> {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  socket.on('data', (bytes) => hear(socket, bytes))
  socket.on('error', () => undefined)
  socket.on('close', () => {
    if (sentAt.delete(socket)) broken += 1
    const at = idle.indexOf(socket)
    if (at >= 0) idle.splice(at, 1)
  })
  await once(socket, 'connect')
  idle.push(socket)
}

function ask(): void {
  const socket = idle.pop()
  if (!socket) {
    unsent += 1
    return
  }
  sentAt.set(socket, performance.now())
  socket.write(texts[sent % texts.length] ?? '')
  sent += 1
}

const waitsOf = (all: readonly number[]): Waits => {
  const sorted = all.toSorted((one, next) => one - next)
  const at = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0)
  return { count: all.length, p50: at(0.5), p99: at(0.99), longest: Math.round(sorted.at(-1) ?? 0) }
}

// Before anything is asked: how long a queue for new connections the kernel keeps is not what is tried.
for (let opened = 0; opened < connections; opened += 20)
  await Promise.all(Array.from({ length: 20 }, openSocket))

const begunAt = performance.now()
for (let due = 0; performance.now() - begunAt < seconds * 1_000; await pause(2)) {
  const now = Math.floor(((performance.now() - begunAt) * perSecond) / 1_000)
  for (; due < now; due += 1) ask()
}
for (const until = performance.now() + 10_000; sentAt.size > 0 && performance.now() < until; ) await pause(20)

const refused = waits.get(503) ?? []
const served = [...waits].filter(([status]) => status !== 503)
const flooded: Flooded = {
  ...{ sent, unsent, broken, withoutRetryAfter, unanswered: sentAt.size },
  statuses: [...waits.keys()].toSorted((one, next) => one - next),
  refused: waitsOf(refused),
  served: waitsOf(served.flatMap(([, own]) => own)),
}
process.stdout.write(JSON.stringify(flooded), () => process.exit(0))
