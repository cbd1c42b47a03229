/** Serving: binds the sockets, then opens the first workspace for the origin they gave, attaches it; and takes it all down in order. */
import { accessSync, constants, existsSync, mkdirSync, opendirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '#domain/clock.ts'
import { loadKeyMaterial, newKeyMaterial } from '#secrets/key-file.ts'
import type { OpenedStore, StoreImage } from '#store/images.ts'
import { imageBases } from '#store/memory-bases.ts'
import { openStore } from '#store/open-store.ts'
import { afterOnMachine } from '#store/purging.ts'
import { entriesByText } from '#upstream/emulator/stored-state.ts'
import { makeSeedImage, type Surroundings } from './compose-capabilities.ts'
import { loadFacts } from './compose-facts.ts'
import { type Settings, SettingsError } from './settings.ts'
import {
  drainable,
  listen,
  listeningLater,
  openServer,
  operatorUrlOf,
  originOf,
  plainServer,
} from './sockets.ts'
import type { Listening } from './welcome.ts'
import { openWorkspace, type RunningWorkspace, type SharedGround } from './workspace.ts'
import { type OpenWorkspaces, openWorkspaces } from './workspaces.ts'

export interface Serving extends Listening {
  /** The workspace that the process began with. */
  readonly workspace: RunningWorkspace
  /** Refuses readiness, serves on for the notice of the settings, finishes what is under way within the grace, closes everything. */
  stop(graceMs: number): Promise<void>
}

/** One level after the other: Node's own recursive mkdir never ends where a level cannot be made, as below /proc. */
function makeDirectory(directory: string): void {
  if (existsSync(directory)) return
  makeDirectory(dirname(directory))
  mkdirSync(directory, { mode: 0o700 })
}

function prepareDirectory(directory: string | undefined): void {
  if (directory === undefined) return
  try {
    makeDirectory(directory)
    accessSync(directory, constants.W_OK)
    opendirSync(directory).closeSync()
  } catch {
    throw new SettingsError(
      `--data: found ${directory}; allowed is a directory that this process can write to`,
    )
  }
}

/** What the workspaces of the process stand on. */
interface ProcessGround {
  /** For the first workspace, whose store is that of the settings. */
  readonly first: SharedGround
  readonly openFirst: (clock: Clock) => Promise<OpenedStore>
  readonly workspaces: OpenWorkspaces
}

async function groundOf(settings: Settings, surroundings: Surroundings): Promise<ProcessGround> {
  const { randomBytes: random } = surroundings
  const [facts, material] = await Promise.all([
    loadFacts(settings),
    settings.data === undefined ? newKeyMaterial(random) : loadKeyMaterial(settings.data, random),
  ])
  let making: Promise<StoreImage> | undefined
  const seedImage = (): Promise<StoreImage> => {
    making ??= makeSeedImage({ settings, surroundings, facts, material })
    return making
  }
  const bases = imageBases()
  const openSeeded = async (clock: Clock): Promise<OpenedStore> => {
    const opened = await openStore({ kind: 'memory' }, { clock, random, bases })
    await opened.images.restore(await seedImage())
    return opened
  }
  const isKept = settings.store.kind !== 'memory'
  const workspaces = openWorkspaces({ settings, ground: () => shared(seedImage), openSeeded })
  /** @param parsed the image whose entries need not be parsed again */
  const shared = async (parsed?: () => Promise<StoreImage>): Promise<SharedGround> => ({
    surroundings,
    facts,
    material,
    seedImage,
    workspaces,
    after: afterOnMachine,
    stopwatch: () => performance.now(),
    knownEntries: parsed ? entriesByText(await parsed()) : new Map(),
  })
  return {
    first: await shared(isKept ? undefined : seedImage),
    openFirst: isKept ? (clock) => openStore(settings.store, { clock, random }) : openSeeded,
    workspaces,
  }
}

/**
 * Starts everything. @returns once both listeners answer
 * @throws SettingsError, or an Error whose message is one line for a person
 */
export async function serve(settings: Settings, surroundings: Surroundings): Promise<Serving> {
  prepareDirectory(settings.data)
  const { server, renewCertificate } = await openServer(settings, surroundings.clock)
  const operatorServer = plainServer()
  const servers = [server, operatorServer]
  const drains = servers.map(drainable)
  const [attach, attachOperator] = [listeningLater(server), listeningLater(operatorServer)]
  try {
    const port = await listen(server, settings.port, settings.host)
    const operatorPort = await listen(operatorServer, settings.operatorPort, settings.operatorHost)
    const { first, openFirst, workspaces } = await groundOf(settings, surroundings)
    const workspace = await openWorkspace(
      {
        name: 'default',
        settings,
        origin: originOf(settings, port),
        open: openFirst,
        isKept: settings.store.kind !== 'memory',
        clockMoved: (now) => void renewCertificate(now).catch(surroundings.log),
      },
      first,
    )
    workspaces.begin(workspace)
    attach(workspace.publicListener)
    attachOperator(workspace.operatorListener)
    return {
      workspace,
      url: workspace.url,
      operatorUrl: operatorUrlOf(settings, operatorPort),
      operatorToken: workspace.operatorToken,
      async stop(graceMs) {
        workspace.drain()
        await pause(settings.drainNotice * 1_000)
        const patienceEnds = setInterval(
          () => servers.forEach((one) => void one.closeAllConnections()),
          graceMs,
        )
        await workspaces.stop()
        // Readiness is asked on the operator listener, so that one answers "draining" until the last request is through.
        for (const drain of drains) await drain()
        clearInterval(patienceEnds)
        await workspace.close()
      },
    }
  } catch (error) {
    for (const one of servers) {
      one.close()
      one.closeAllConnections()
    }
    throw error
  }
}
