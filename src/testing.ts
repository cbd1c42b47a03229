/**
 * The library for Node tests: starts the emulator in this process on a free port, or connects to one that runs elsewhere, and
 * gives everything its control API can do as typed helpers. A composition root: time, chance and network begin here.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { accessSync, constants } from 'node:fs'
import { resolve } from 'node:path'
import { systemClock } from '#domain/clock.ts'
import { type Call, controlCall, type Fetch, PanoptesRefusal } from './testing/call.ts'
import { type Emulator, emulatorAt } from './testing/emulator.ts'
import type {
  Approval,
  AuthorizationAnswer,
  ClockReading,
  EmulatorIntegration,
  EmulatorUser,
  Exchange,
  ExchangeQuery,
  Fault,
  Message,
  Region,
  Snapshot,
  Span,
  StandingFault,
  TokenAnswer,
  TokenKind,
} from './testing/words.ts'

export interface PanoptesOptions {
  /** A name in config/seeds, or the path of a YAML file. */
  readonly seed?: string
  /** The path of a YAML file, as config/integrations.yaml. */
  readonly integrations?: string
  /** On unless it says `off`. */
  readonly limits?: 'on' | 'off'
  /** Whether a code is mailed before a User API Token is made; off unless it says `email`. */
  readonly tokenConfirmation?: 'email' | 'off'
  /** With a local certificate; `ca` is what clients have to trust. */
  readonly tls?: boolean
  /** A directory that keeps everything; left out, everything is in memory. */
  readonly data?: string
  /** Where the clock begins, and begins again with each `reset()`. */
  readonly now?: Date | string
  /** Whether the clock stands still at first, and with each `reset()`. */
  readonly freeze?: boolean
  /** Gets what the emulator logs; left out, nothing does. */
  readonly log?: (entry: object) => void
}

/** A workspace of its own beside the first one; disposing of it ends it. */
export interface PanoptesWorkspace extends Emulator, AsyncDisposable {
  readonly name: string
  /** Ends it with all it holds. */
  remove(): Promise<void>
}

/** An emulator that runs elsewhere. */
export interface ConnectedPanoptes extends Emulator {
  readonly workspaces: {
    list(): Promise<readonly { readonly name: string; readonly url: string }[]>
    /** Begins one on a port of its own. */
    create(name: string, options?: { readonly port?: number }): Promise<PanoptesWorkspace>
    remove(name: string): Promise<void>
  }
}

/** An emulator in this process. */
export interface Panoptes extends ConnectedPanoptes, AsyncDisposable {
  readonly operatorUrl: string
  readonly operatorToken: string
  /** With `tls`: the certificate in PEM that clients have to trust. A clock that passes its end, in a year, makes a new one. */
  readonly ca: string | undefined
  /** Ends it with its workspaces; what is under way gets a moment to finish. */
  stop(): Promise<void>
}

export interface ConnectOptions {
  /** A certificate in PEM to trust. */
  readonly ca?: string | undefined
  /** Instead of the global one. */
  readonly fetch?: Fetch | undefined
}

async function fetchFor({ ca, fetch }: ConnectOptions): Promise<Fetch> {
  if (fetch) return fetch
  if (ca === undefined) return globalThis.fetch
  const { trustingFetch } = await import('./testing/trusting-fetch.ts')
  return trustingFetch({ ca })
}

/** Calls the work off the first time, and waits for that ever after. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}

function workspacesOf(call: Call, fetch: Fetch): ConnectedPanoptes['workspaces'] {
  const remove = async (name: string): Promise<void> =>
    void (await call('DELETE', `/workspaces/${encodeURIComponent(name)}`))
  return {
    list: async () =>
      ((await call('GET', '/workspaces')) as { workspaces: { name: string; url: string }[] }).workspaces,
    async create(name, options = {}) {
      const { url } = (await call('POST', '/workspaces', { body: { name, ...options } })) as { url: string }
      const end = once(() => remove(name))
      return { ...emulatorAt(url, controlCall(url, fetch)), name, remove: end, [Symbol.asyncDispose]: end }
    },
    remove,
  }
}

function panoptesAt(url: string, fetch: Fetch, call: Call): ConnectedPanoptes {
  return { ...emulatorAt(url, call), workspaces: workspacesOf(call, fetch) }
}

/**
 * Connects to an emulator that runs elsewhere: a container, another process.
 * @param url its origin, as `http://localhost:7070` @throws PanoptesRefusal when there is no control API
 */
export async function connectPanoptes(
  url: string | URL,
  options: ConnectOptions = {},
): Promise<ConnectedPanoptes> {
  const { origin } = new URL(url)
  const fetch = await fetchFor(options)
  const call = controlCall(origin, fetch)
  await call('GET', '')
  return panoptesAt(origin, fetch, call)
}

const argumentsOf = ({ seed, limits, tls, data }: PanoptesOptions): readonly string[] => [
  ...['--port', '0', '--operator-port', '0'],
  ...(seed === undefined ? [] : ['--seed', seed]),
  ...(limits === undefined ? [] : ['--limits', limits]),
  ...(tls ? ['--tls'] : []),
  ...(data === undefined ? [] : ['--data', data]),
]

function readableFile(path: string): string {
  const file = resolve(path)
  try {
    accessSync(file, constants.R_OK)
    return file
  } catch {
    throw new Error(
      `integrations: found ${JSON.stringify(path)}; allowed is the path of a file that can be read`,
    )
  }
}

/** No request under way is waited for longer when a test is over. */
const stopGraceMs = 500

/** Our own server in this process: there is nobody else to be taken for it. */
async function ownFetch({ tls }: PanoptesOptions): Promise<Fetch> {
  if (!tls) return globalThis.fetch
  const { trustingFetch } = await import('./testing/trusting-fetch.ts')
  return trustingFetch({ rejectUnauthorized: false })
}

async function ownCertificate({ tls }: PanoptesOptions, url: string): Promise<string | undefined> {
  if (!tls) return undefined
  const { shownCertificate } = await import('./testing/trusting-fetch.ts')
  return shownCertificate(url)
}

/** Puts the clock where the options say. */
async function beginClock({ clock }: Emulator, { now, freeze }: PanoptesOptions): Promise<void> {
  if (freeze) await clock.freeze()
  if (now !== undefined) await clock.set(now)
}

/**
 * Starts an emulator in this process, on loopback and free ports. `await using panoptes = await startPanoptes()` ends it by itself.
 * @throws Error whose message is one line: what was found and what is allowed
 */
export async function startPanoptes(options: PanoptesOptions = {}): Promise<Panoptes> {
  // Loaded here, so that who only connects does not pay for a server.
  const [{ serve }, { readSettings }] = await Promise.all([import('./serving.ts'), import('./settings.ts')])
  const settings = readSettings(argumentsOf(options), {})
  const { log = () => undefined, tokenConfirmation = settings.tokenConfirmation } = options
  const integrations =
    options.integrations === undefined ? settings.integrations : readableFile(options.integrations)
  const surroundings = {
    clock: systemClock,
    engineNow: systemClock.now,
    randomBytes,
    newUuid: randomUUID,
    fetch,
    log,
  }
  const serving = await serve({ ...settings, integrations, tokenConfirmation }, surroundings)
  const { url, operatorUrl, operatorToken } = serving
  const stop = once(() => serving.stop(stopGraceMs))
  try {
    const fetch = await ownFetch(options)
    const panoptes = panoptesAt(url, fetch, controlCall(url, fetch))
    const ca = await ownCertificate(options, url)
    await beginClock(panoptes, options)
    const reset = async (): Promise<void> => {
      await panoptes.reset()
      await beginClock(panoptes, options)
    }
    return { ...panoptes, reset, operatorUrl, operatorToken, ca, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

export type {
  Approval,
  AuthorizationAnswer,
  ClockReading,
  Emulator,
  EmulatorIntegration,
  EmulatorUser,
  Exchange,
  ExchangeQuery,
  Fault,
  Fetch,
  Message,
  Region,
  Snapshot,
  Span,
  StandingFault,
  TokenAnswer,
  TokenKind,
}
export { PanoptesRefusal }
