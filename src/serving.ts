/** Serving: an emulator on its two ports, in the workspace that the process begins with. */
import type { Clock } from '#domain/clock.ts'
import { scrapedMetrics } from '#metrics/open-metrics.ts'
import { loadKeyMaterial, newKeyMaterial } from '#secrets/key-file.ts'
import type { OpenedStore, Patience, StoreImage } from '#store/images.ts'
import { imageBases } from '#store/memory-bases.ts'
import { openStore } from '#store/open-store.ts'
import { afterOnMachine } from '#store/purging.ts'
import { StoreFailure } from '#store/store.ts'
import { entriesByText } from '#upstream/emulator/stored-state.ts'
import { bind } from './binding.ts'
import { openProcessAdmission } from './compose-admission.ts'
import type { Surroundings } from './compose-capabilities.ts'
import { makeSeedImage, seedStore } from './compose-embedded.ts'
import { newEpoch } from './compose-epoch.ts'
import { loadFacts } from './compose-facts.ts'
import { checkpointLog } from './patience.ts'
import type { Settings } from './settings.ts'
import type { Listening } from './welcome.ts'
import { openWorkspace, type RunningWorkspace, type SharedGround } from './workspace.ts'
import { type OpenWorkspaces, openWorkspaces } from './workspaces.ts'

export interface Serving extends Listening {
  /** The workspace that the process began with. */
  readonly workspace: RunningWorkspace
  /** Resolves with the reason once the store of the settings is of no use to this process any more; never where that cannot be. */
  readonly lost: Promise<Error>
  /** Resolves once the store can be used, until when all is answered 503; rejects in one line for a person when it never can be. */
  readonly settled: Promise<void>
  /** Refuses readiness, serves on for the notice of the settings, finishes what is under way within the grace, closes everything. */
  stop(graceMs: number): Promise<void>
}

/** What the workspaces of the process stand on. */
interface ProcessGround {
  /** For the first workspace, whose store is that of the settings. */
  readonly first: SharedGround
  readonly openFirst: (clock: Clock, patience: Patience) => Promise<OpenedStore>
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
  let parsing: Promise<ReturnType<typeof entriesByText>> | undefined
  /** Parsed once: workspaces differ from the seed by what was written in them alone. */
  const knownEntries = (): Promise<ReturnType<typeof entriesByText>> => {
    parsing ??= seedImage().then(entriesByText)
    return parsing
  }
  const bases = imageBases()
  const admission = openProcessAdmission(settings.mostRequests)
  const openSeeded = async (clock: Clock): Promise<OpenedStore> => {
    const opened = await openStore({ kind: 'memory' }, { clock, random, bases })
    await opened.images.restore(await seedImage())
    return opened
  }
  const isKept = settings.store.kind !== 'memory'
  const openKept = async (clock: Clock, patience: Patience): Promise<OpenedStore> => {
    const opened = await openStore(settings.store, {
      clock,
      random,
      beginning: seedImage,
      patience,
      newEpoch: newEpoch(clock, random),
      checkpointTold: checkpointLog(surroundings.log),
    })
    // A store on another machine begins by itself, whenever it is there; somebody else may have begun it with nothing.
    await seedStore({ settings, surroundings, facts, material }, opened.store).catch((failure: unknown) => {
      if (!(opened.settled && failure instanceof StoreFailure)) throw failure
    })
    return opened
  }
  const workspaces = openWorkspaces({ settings, ground: () => shared(true), openSeeded })
  /** @param isSeeded whether the store begins with the seed, whose entries need not be parsed again */
  const shared = async (isSeeded: boolean): Promise<SharedGround> => ({
    surroundings,
    facts,
    material,
    seedImage,
    workspaces,
    admission,
    after: afterOnMachine,
    stopwatch: () => performance.now(),
    knownEntries: isSeeded ? await knownEntries() : new Map(),
  })
  return {
    first: await shared(!isKept),
    openFirst: isKept ? openKept : openSeeded,
    workspaces,
  }
}

/**
 * Starts everything. @returns once both listeners answer
 * @throws SettingsError, or an Error whose message is one line for a person
 */
export async function serve(settings: Settings, surroundings: Surroundings): Promise<Serving> {
  const lost = Promise.withResolvers<Error>()
  const { served, operatorUrl, stop } = await bind(
    settings,
    surroundings.clock,
    async ({ origin, renewCertificate }) => {
      const { first, openFirst, workspaces } = await groundOf(settings, surroundings)
      const workspace = await openWorkspace(
        {
          name: 'default',
          settings,
          origin,
          async open(...given) {
            const opened = await openFirst(...given)
            void opened.lost?.then(lost.resolve)
            return opened
          },
          isKept: settings.store.kind !== 'memory',
          openMetrics: scrapedMetrics(first.stopwatch),
          clockMoved: (now) => void renewCertificate(now).catch(surroundings.log),
        },
        first,
      )
      workspaces.begin(workspace)
      return { ...workspace, workspace, end: workspaces.stop }
    },
  )
  const { workspace } = served
  const { url, operatorToken, settled } = workspace
  return { workspace, settled, lost: lost.promise, url, operatorUrl, operatorToken, stop }
}
