import type { Clock } from '#domain/clock.ts'
import type { WorkspaceFacts, Workspaces } from '#emulator-control/parts.ts'
import { noMetrics } from '#metrics/no-metrics.ts'
import type { OpenedStore } from '#store/images.ts'
import type { Settings } from './settings.ts'
import { drainable, listen, listeningLater, openServer, originOf } from './sockets.ts'
import { openWorkspace, type RunningWorkspace, type SharedGround } from './workspace.ts'

/** As a part of a cookie's name and of a path. */
const nameForm = /^[a-z][a-z0-9-]{0,31}$/
/** Each has a listener; more is no test suite but a mistake in one. */
const mostWorkspaces = 500
const drainGraceMs = 500

export interface WorkspacesParts {
  /** Of the process; a workspace has its own port and origin. */
  readonly settings: Settings
  /** @returns what the workspace is built on @throws when it cannot be made */
  readonly ground: () => Promise<SharedGround>
  /** A store in memory that holds the seed. @param clock the workspace's */
  readonly openSeeded: (clock: Clock) => Promise<OpenedStore>
}

interface Beside {
  readonly workspace: RunningWorkspace
  stop(): Promise<void>
}

/** All workspaces of the process, with what only the process does. */
export interface OpenWorkspaces extends Workspaces {
  /** The one that the process began with. */
  begin(workspace: WorkspaceFacts): void
  /** Ends all that were created. */
  stop(): Promise<void>
}

/** The origin of a workspace: that of the process with another port. */
function besideOrigin(settings: Settings, port: number): URL {
  const origin = new URL(originOf(settings, port))
  origin.port = String(port)
  return origin
}

/** Begins a workspace on a port of its own. @throws Error, in words for a person, when it cannot */
async function startBeside(
  { settings, ground, openSeeded }: WorkspacesParts,
  name: string,
  port: number,
): Promise<Beside> {
  const shared = await ground()
  const { clock, log } = shared.surroundings
  const { server, renewCertificate } = await openServer(settings, clock)
  const drain = drainable(server)
  const attach = listeningLater(server)
  try {
    const bound = await listen(server, port, settings.host)
    const clockMoved = (now: number): void => void renewCertificate(now).catch(log)
    const origin = besideOrigin(settings, bound)
    const workspace = await openWorkspace(
      { name, settings, origin, open: openSeeded, isKept: false, openMetrics: noMetrics, clockMoved },
      shared,
    )
    attach(workspace.publicListener)
    return {
      workspace,
      async stop() {
        const callOff = shared.after(drainGraceMs, () => server.closeAllConnections())
        await drain()
        callOff()
        await workspace.close()
      },
    }
  } catch (error) {
    server.close()
    throw error
  }
}

const factsOf = ({ name, url }: WorkspaceFacts): WorkspaceFacts => ({ name, url })

/** Workspaces besides the first one: each in memory, on a port of its own, begun and ended at run time. */
export function openWorkspaces(parts: WorkspacesParts): OpenWorkspaces {
  const created = new Map<string, Beside>()
  /** Those that are being begun or ended included. */
  const taken = new Set<string>()
  const beginning = new Set<Promise<unknown>>()
  let first: WorkspaceFacts | undefined
  let isOver = false

  function problemOf(name: string): string | undefined {
    if (isOver) return 'the emulator is stopping'
    if (!nameForm.test(name))
      return `name: found ${JSON.stringify(name.slice(0, 64))}; allowed are 1 to 32 characters a to z, 0 to 9 and -, a letter first`
    if (name === first?.name || taken.has(name)) return `name: found ${name}, which is in use`
    return taken.size < mostWorkspaces
      ? undefined
      : `there are ${mostWorkspaces} workspaces; remove one first`
  }

  async function end(name: string, beside: Beside): Promise<void> {
    created.delete(name)
    await beside.stop()
    taken.delete(name)
  }

  return {
    begin(workspace) {
      first = factsOf(workspace)
    },
    list: () => [
      ...(first ? [first] : []),
      ...[...created.values()].map(({ workspace }) => factsOf(workspace)),
    ],
    async create(name, port) {
      const problem = problemOf(name)
      if (problem !== undefined) return problem
      taken.add(name)
      const start = startBeside(parts, name, port)
      beginning.add(start)
      try {
        const beside = await start
        created.set(name, beside)
        return factsOf(beside.workspace)
      } catch (error) {
        taken.delete(name)
        return `port: ${error instanceof Error ? error.message : String(error)}`
      } finally {
        beginning.delete(start)
      }
    },
    async remove(name) {
      if (name === first?.name) return 'default'
      const beside = created.get(name)
      if (beside) await end(name, beside)
      return beside !== undefined
    },
    async stop() {
      isOver = true
      await Promise.allSettled(beginning)
      await Promise.all([...created].map(([name, beside]) => end(name, beside)))
    },
  }
}
