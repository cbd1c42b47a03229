/**
 * Workspace: one emulator with all that is its own: store, clock, journal, faults, snapshots, listeners. Several live in one
 * process and share what files say and the keys; nothing else of one is seen in another.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AdjustableClock, adjustableClock, type Clock } from '#domain/clock.ts'
import type { Workspace, Workspaces } from '#emulator-control/parts.ts'
import type { Admission } from '#http/admission.ts'
import type { OpenMetrics } from '#metrics/metrics.ts'
import { type KeyMaterial, secretsFrom } from '#secrets/secrets.ts'
import type { OpenedStore, Patience, StoreImage } from '#store/images.ts'
import { observed } from '#traffic/observe.ts'
import { type OpenTraffic, openTraffic } from '#traffic/open-traffic.ts'
import type { Entry } from '#upstream/emulator/state.ts'
import { doorOf } from './compose-admission.ts'
import type { Capabilities, Surroundings } from './compose-capabilities.ts'
import { type ComposedEmulator, composeEmulator } from './compose-emulator.ts'
import type { Facts } from './compose-facts.ts'
import { namesOf, realAnswers } from './compose-traffic.ts'
import { type Gate, openGate } from './gate.ts'
import { noting } from './noting.ts'
import { patientWith } from './patience.ts'
import type { Settings } from './settings.ts'
import type { RequestListener } from './sockets.ts'
import { openComposition, restoring } from './workspace-states.ts'

/** What all workspaces of a process share. */
export interface SharedGround {
  readonly surroundings: Surroundings
  readonly facts: Facts
  readonly material: KeyMaterial
  /** Entries of the seed by their stored text. */
  readonly knownEntries: ReadonlyMap<string, Entry>
  /** What an empty store begins with, and what reset puts back. */
  readonly seedImage: () => Promise<StoreImage>
  readonly workspaces: Workspaces
  /** Of the process: who has too much to do has so in all of them. */
  readonly admission: Admission
  /** Machine timers. @returns what calls the work off */
  readonly after: (milliseconds: number, work: () => void) => () => void
  /** A stopwatch of the machine, in ms. */
  readonly stopwatch: () => number
}

export interface WorkspaceParts {
  readonly name: string
  readonly settings: Settings
  readonly origin: URL
  /** @param clock the workspace's @param patience for a store that may be away */
  readonly open: (clock: Clock, patience: Patience) => Promise<OpenedStore>
  /** Whether the store outlives the process. */
  readonly isKept: boolean
  readonly openMetrics: OpenMetrics
  /** Told where the clock stands whenever somebody moved it. */
  readonly clockMoved: (now: number) => void
}

export interface RunningWorkspace {
  readonly name: string
  readonly url: string
  readonly publicListener: RequestListener
  readonly operatorListener: RequestListener
  readonly operatorToken: string
  /** Resolves once the store can be used; rejects when it never can be. */
  readonly settled: Promise<void>
  readonly seed: Facts['seed']
  /** As they are now: a loaded snapshot may change them. */
  capabilities(): Capabilities
  drain(): void
  close(): Promise<void>
}

/** No request is waited for longer than this before a reset. */
const patienceMs = 2_000

const isControl = (url: string): boolean => /^\/emulator(?:[/?]|$)/.test(url)
/** Closes the gate itself, or waits for what passes through it. */
const isAboutWorkspaces = (url: string): boolean =>
  /^\/emulator\/(?:reset|snapshots|workspaces|journal)(?:[/?]|$)/.test(url)
const isWatching = (url: string): boolean => url.startsWith('/inspector/events')
/** Neither noted nor disturbed: the tool itself, and what pages look like. Where an integration's redirect arrives is no tool. */
const isOwnAffair = (path: string): boolean =>
  !path.startsWith('/v7') &&
  /^\/(?:inspector|playground|script)(?:\/|$)|^\/$|^\/(?:style\.css|mark\.svg)$/.test(path) &&
  !/^\/playground\/[^/]+\/callback$/.test(path)

function trafficOf(
  { surroundings, facts, material, after, stopwatch }: SharedGround,
  clock: AdjustableClock,
): OpenTraffic {
  const { hash } = secretsFrom(material, surroundings.randomBytes)
  return openTraffic({
    clock,
    timers: { now: stopwatch, after },
    hash: (text) => hash('journal', text),
    nameOf: namesOf(facts.operations),
  })
}

/** A moved clock is seen in the answer's date too: clients reckon with it (RFC 9110 §6.6.1). Node dates by the machine's. */
function dateAnswer(response: ServerResponse, clock: AdjustableClock): void {
  if (!clock.isMoved()) return
  response.sendDate = false
  response.setHeader('Date', new Date(clock.now()).toUTCString())
}

interface FrontParts {
  readonly settings: Settings
  readonly origin: URL
  readonly clock: AdjustableClock
  readonly traffic: OpenTraffic
  readonly gate: Gate
  readonly current: () => ComposedEmulator
}

interface Front {
  readonly listener: RequestListener
  /** For what a request under way asks of the workspace itself: the gate waits for that request, so this one must not wait. */
  readonly inner: RequestListener
}

/** The control API beside, journal and faults in front of, what is emulated. What is turned away is in no journal, as that costs too. */
function frontOf(parts: FrontParts, { facts, surroundings, admission }: SharedGround): Front {
  const { settings, origin, clock, traffic, gate, current } = parts
  const { views } = facts
  const door = doorOf({
    origin,
    views,
    randomBytes: surroundings.randomBytes,
    isExempt: isOwnAffair,
    shed: (kind) => current().capabilities.metrics.admission.shed(kind),
  })
  const observing = {
    traffic,
    addressOf: (request: IncomingMessage) => current().capabilities.addressOf(request),
    isOwnAffair,
    knownAnswer: realAnswers({
      origin: origin.origin,
      clock,
      callsPerMinute: settings.callsPerMinute,
      fidelity: settings.fidelity,
      views,
    }),
  }
  const emulated: RequestListener = (...exchange) => current().publicListener(...exchange)
  const seen = admission.behind(observed(gate.guard(emulated, isWatching), observing), door)
  const control = gate.guard((...exchange) => current().control(...exchange), isAboutWorkspaces)
  return {
    listener(request, response) {
      dateAnswer(response, clock)
      return isControl(request.url ?? '') ? control(request, response) : seen(request, response)
    },
    inner: observed(emulated, observing),
  }
}

/** Begins a workspace. @throws with one line for a person when a file or the store cannot be used */
export async function openWorkspace(
  { name, settings, origin, open, isKept, openMetrics, clockMoved }: WorkspaceParts,
  shared: SharedGround,
): Promise<RunningWorkspace> {
  const { surroundings, facts, material: firstKeys, after } = shared
  const clock = adjustableClock(surroundings.clock, clockMoved)
  let reload = (): Promise<void> => Promise.resolve()
  const patience = patientWith(surroundings.log, () => reload())
  const opened = await open(clock, patience)
  const { store, images, settled = Promise.resolve(), isShared = false, checkpoint } = opened
  const traffic = trafficOf(shared, clock)
  const operatorToken = settings.operatorToken ?? surroundings.randomBytes(24).toString('base64url')
  const gate = openGate({ patienceMs, after })
  const workspace: Workspace = {
    name,
    url: origin.origin,
    ...restoring({
      clock,
      traffic,
      images,
      gate,
      isKept,
      material: firstKeys,
      seedImage: shared.seedImage,
      machine: surroundings.clock,
      composition: () => composition,
    }),
  }
  const current = (): ComposedEmulator => composition.current()
  const front = frontOf({ settings, origin, clock, traffic, gate, current }, shared)
  const composition = await openComposition(
    (material) =>
      composeEmulator({
        ...shared,
        settings: { ...settings, operatorToken },
        surroundings: { ...surroundings, clock, log: noting(traffic, surroundings.log) },
        origin,
        material,
        store,
        isShared,
        checkpoint,
        openMetrics,
        clock,
        traffic,
        workspace,
        front: front.inner,
        cookieSuffix: name === 'default' ? '' : `_${name}`,
      }),
    firstKeys,
  )
  reload = () => current().reload()
  return {
    name,
    url: origin.origin,
    publicListener: front.listener,
    operatorListener: (...exchange) => current().operatorListener(...exchange),
    operatorToken,
    settled,
    seed: facts.seed,
    capabilities: () => current().capabilities,
    drain: () => current().drain(),
    async close() {
      traffic.calm()
      await current().close()
      await store.close()
    },
  }
}
