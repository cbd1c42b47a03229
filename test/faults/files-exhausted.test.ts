import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { patienceMs } from './scale.ts'
import { expectSound, sqliteGround } from './sqlite-ground.ts'
import { withoutProgram } from './tools.ts'

const mostFiles = 128
const sockets = 500

test(
  'R45: a process without a file descriptor left keeps its database, and serves again once there are some',
  async ({ skip }) => {
    const missing = withoutProgram('prlimit', 'util-linux')
    if (missing) skip(missing)
    const { options, database } = sqliteGround()
    const node = await startNode({ options, starter: ['prlimit', `--nofile=${mostFiles}`] })
    const load = await startLoad({ target: () => node.url, perSecond: 40 })
    await pause(500)
    const before = await node.resources()
    const { hostname, port } = new URL(node.url)
    const open: Socket[] = []
    onTestFinished(() => open.forEach((socket) => void socket.destroy()))
    for (let count = 0; count < sockets; count += 1) {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => undefined)
      open.push(socket)
    }
    await pause(2_000)
    expect((await node.resources()).openFiles).toBeGreaterThan(mostFiles - 8)
    expect(node.isRunning()).toBe(true)
    const left = open.filter(({ closed }) => !closed)
    expect(left.length).toBeLessThan(sockets)
    const closed = left.map((socket) => once(socket, 'close'))
    for (const socket of left) socket.destroy()
    await Promise.all(closed)
    await pause(1_500)
    await load.stop()
    await load.takeStock()
    await pause(500)
    const after = await node.resources()
    await node.kill()
    const resources = [{ before, after }]
    expectSound(database, { history: load.history, logs: [node.log()], resources })
  },
  patienceMs,
)
