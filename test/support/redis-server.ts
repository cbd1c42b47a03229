import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { parseRedisAddress, type RedisAddress } from '#store/redis-address.ts'
import { freePort } from './free-port.ts'

/** A Redis of the test's own on loopback: it keeps nothing and ends with the process that started it. */
export interface RedisServer extends AsyncDisposable {
  readonly url: URL
  readonly address: RedisAddress
  readonly port: number
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>
  /** It keeps its connections but answers nothing, until `thaw`. */
  freeze(): void
  thaw(): void
}

/** @throws Error when it is none */
export function redisAddress(text: string): RedisAddress {
  const address = parseRedisAddress(text)
  if (!address) throw new Error(`${text} is no address of a Redis`)
  return address
}

const programs = ['redis-server', 'valkey-server'] as const

/**
 * The shell ends the server when its own standard input ends, which also happens when the test process is killed.
 * It prints the server's process id, or nothing when neither program is installed. The server begins in an empty folder of its own: what a
 * primary sent to a replica stays there as a file, which any server that begins there reads.
 */
const watchdog = `
program=$(command -v ${programs[0]} || command -v ${programs[1]}) || exit 127
folder=$(mktemp -d) && cd "$folder" || exit 1
"$program" "$@" </dev/null &
server=$!
echo "pid $server"
cat >/dev/null
exec 2>/dev/null
kill -9 $server
wait $server
rm -rf "$folder"
`

/** @param more settings beside the usual ones @throws Error that says what to install, when there is no Redis on this machine */
export async function startRedisServer(more: readonly string[] = []): Promise<RedisServer> {
  let running = await startOnFreePort(more)
  const { port } = running
  const stop = (): Promise<void> => stopProcess(running.watcher)
  return {
    port,
    url: new URL(`redis://127.0.0.1:${port}`),
    address: redisAddress(`redis://127.0.0.1:${port}`),
    kill: stop,
    async restart() {
      await stop()
      running = await startOn(port, more)
    },
    freeze: () => void process.kill(running.pid, 'SIGSTOP'),
    thaw: () => void process.kill(running.pid, 'SIGCONT'),
    [Symbol.asyncDispose]: stop,
  }
}

interface Running {
  readonly watcher: ChildProcess
  readonly pid: number
  readonly port: number
}

async function startOnFreePort(more: readonly string[]): Promise<Running> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(await freePort(), more)
    } catch (failure) {
      // Another process may take the port between our look and Redis' own.
      if (attempt === 3 || !String(failure).includes('Address already in use')) throw failure
    }
  }
}

async function startOn(port: number, more: readonly string[]): Promise<Running> {
  // A Sentinel has its settings in a file, which comes first.
  const isSentinel = more.includes('--sentinel')
  const usual = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const settings = isSentinel ? [...more, '--port', `${port}`] : [...usual, ...more]
  const ready = isSentinel ? '+monitor' : 'Ready to accept connections'
  const watcher = spawn('sh', ['-c', watchdog, 'redis', ...settings], { stdio: ['pipe', 'pipe', 'inherit'] })
  const deadline = setTimeout(() => watcher.stdin?.end(), 10_000)
  let pid = 0
  let log = ''
  for await (const line of createInterface({ input: watcher.stdout as NodeJS.ReadableStream })) {
    log += `${line}\n`
    pid ||= Number(/^pid (\d+)$/.exec(line)?.[1] ?? 0)
    if (line.includes(ready)) break
  }
  clearTimeout(deadline)
  watcher.stdout?.resume()
  if (log.includes(ready)) return { watcher, pid, port }
  await stopProcess(watcher)
  if (pid === 0)
    throw new Error(
      `these tests need a real Redis: install ${programs.join(' or ')} (Debian: apt-get install redis-server)`,
    )
  throw new Error(`Redis did not start on port ${port}:\n${log}`)
}

async function stopProcess(watcher: ChildProcess): Promise<void> {
  if (watcher.exitCode !== null || watcher.signalCode !== null) return
  const ended = once(watcher, 'exit')
  watcher.stdin?.end()
  await Promise.race([ended, pause(5_000, undefined, { ref: false })])
}
