import { mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { endOf, startChild, stopChild } from './child.ts'
import type { Running } from './keep-running.ts'

const programs = ['redis-server', 'valkey-server'] as const
const graceMs = 10_000

/**
 * The shell holds the server: it tells its process id, ends with it, and ends it when its own standard input ends. SIGTERM lets Redis
 * write what it has; whatever it acknowledged is on disk already.
 */
const watchdog = `
program=$(command -v ${programs[0]} || command -v ${programs[1]}) || exit 127
exec 3<&0
"$program" "$@" </dev/null 3<&- &
server=$!
echo "pid $server"
{ cat <&3; kill -TERM $server; } >/dev/null 2>&1 &
watcher=$!
exec 3<&- </dev/null
wait $server
code=$?
kill $watcher 2>/dev/null
exit $code
`

/** Starts Redis or Valkey on loopback, with all that it acknowledges on disk. @throws Error in words for a person */
export async function startRedis(directory: string, port: number): Promise<Running> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const place = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory]
  const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
  const settings = [...place, ...durable, '--maxmemory-policy', 'noeviction']
  const child = startChild('sh', ['-c', watchdog, 'redis', ...settings])
  const ended = endOf(child)
  let pid = 0
  let log = ''
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    log += `${line}\n`
    pid ||= Number(/^pid (\d+)$/.exec(line)?.[1] ?? 0)
    if (line.includes('Ready to accept connections')) break
  }
  child.stdout?.resume()
  if (!log.includes('Ready to accept connections')) {
    await ended
    throw new Error(
      pid === 0
        ? `install ${programs.join(' or ')} (Debian: apt-get install redis-server)`
        : `Redis did not start on port ${port}:\n${log}`,
    )
  }
  return { pid, ended, stop: () => stopChild(child, () => child.stdin?.end(), graceMs) }
}
