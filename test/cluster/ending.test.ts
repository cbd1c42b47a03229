import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startCluster } from './cluster-process.ts'

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const listens = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
  'nothing survives the cluster after %s',
  async (signal) => {
    const { child, ready } = await startCluster(['--nodes', '1'])
    const pids = ready.nodes.map(({ pid }) => pid)
    expect(pids.every(isAlive)).toBe(true)
    expect(await listens(ready.redisUrl)).toBe(true)
    const ended = once(child, 'exit')
    child.kill(signal)
    expect(await ended).toEqual(signal === 'SIGKILL' ? [null, signal] : [0, null])
    // Who is killed cannot wait for the others.
    while (pids.some(isAlive) || (await listens(ready.redisUrl))) await pause(20)
    expect(await listens(ready.url)).toBe(false)
  },
)

test.each([
  [['--nodes', '0'], '--nodes: found 0; allowed is a whole number from 1 to 16'],
  [['--nodse', '1'], "Unknown option '--nodse'; allowed are --nodes --port --data"],
  [['--origin', 'nonsense'], '--origin: found nonsense; allowed is http://HOST or https://HOST'],
])('a cluster says in one line what is wrong with %j', async (args, words) => {
  await expect(startCluster(args)).rejects.toThrow(`cluster: ${words}`)
})

test('a cluster whose port is in use says so, and so of a line that it does not know', async () => {
  const { child, ready, complaints } = await startCluster(['--nodes', '1'])
  const { port } = new URL(ready.url)
  await expect(startCluster(['--nodes', '1', '--port', port])).rejects.toThrow('the port of --port is in use')
  child.stdin?.write('restrat\n')
  while (!complaints().includes('found the line "restrat"; allowed are restart and restart DIR'))
    await pause(20)
})
