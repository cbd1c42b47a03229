/**
 * Shared reads: an upstream in front of another one that is asked once where several callers ask for the same at the same time, and
 * perhaps not at all for a few seconds after. Only for plain reads: a GET of the same user, with the same credential, account group,
 * operation, parameters, query and Accept. Everything else passes as it is (design decision 10).
 */
import { Readable } from 'node:stream'
import type { Awaitable } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import type { UpstreamCredential } from '#domain/upstream-credential.ts'
import type { Upstream, UpstreamAnswer, UpstreamRequest } from '#upstream/upstream.ts'
import { type HeldAnswers, heldAnswers, type WholeAnswer } from './held-answers.ts'
import { collect } from './whole-body.ts'

export interface SharedReadsParts {
  readonly upstream: Upstream
  readonly clock: Clock
  /** Whether callers who ask for the same at the same time share one answer. */
  readonly coalesce: boolean
  /** Seconds for which good answers of an operation are given again, by its id. */
  readonly cacheSeconds: Readonly<Record<string, number>>
}

/** A body that is longer is streamed to the one who asked first, and the others ask for themselves. */
const mostSharedBytes = 256 * 1024
const mostHeldBytes = 16 * 1024 * 1024

const nameOf = (credential: UpstreamCredential): string =>
  credential.kind === 'user-api-token' ? credential.credential : (credential.presentedToken ?? '')

const holderOf = ({ region, credential }: UpstreamRequest): string => `${region} ${credential.userId}`

/** Two requests with the same key get the same answer. */
const keyOf = (request: UpstreamRequest): string =>
  JSON.stringify([
    holderOf(request),
    nameOf(request.credential),
    request.accountGroup ?? '',
    request.operation.id,
    request.parameters,
    request.query.toString(),
    request.headers['accept'] ?? '',
  ])

/** What those who wait for the one who asked get: its answer, or word that they have to ask for themselves. */
type Shared = WholeAnswer | 'not-shared'

interface Flight {
  readonly holder: string
  readonly shared: Promise<Shared>
  /** Fires once everybody who waits for it is gone. */
  readonly signal: AbortSignal
  followers: number
  /** Whether its holder has changed something since it began, so that it may answer with what was before. */
  isStale: boolean
  /** One more waits for it. @returns what says that this one no longer does */
  board(signal: AbortSignal): () => void
}

function newFlight(holder: string, shared: Promise<Shared>): Flight {
  const gone = new AbortController()
  let waiting = 0
  return {
    holder,
    shared,
    signal: gone.signal,
    followers: 0,
    isStale: false,
    board(signal) {
      let isAboard = true
      waiting += 1
      const leave = (): void => {
        if (!isAboard) return
        isAboard = false
        waiting -= 1
        if (waiting === 0) gone.abort()
      }
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
      return leave
    },
  }
}

/** The request as the one of all who wait for it. Named one by one: what the gateway gives has its members from a class. */
const sharedRequest = (request: UpstreamRequest, signal: AbortSignal): UpstreamRequest => ({
  region: request.region,
  credential: request.credential,
  operation: request.operation,
  parameters: request.parameters,
  organization: request.organization,
  client: request.client,
  query: request.query,
  accountGroup: request.accountGroup,
  headers: request.headers,
  body: undefined,
  signal,
})

interface Settled {
  readonly answer: UpstreamAnswer
  readonly shared: Shared
}

async function settle(answer: UpstreamAnswer, mayShare: boolean): Promise<Settled> {
  if (!(answer.body instanceof Readable)) return { answer, shared: answer as WholeAnswer }
  if (!mayShare) return { answer, shared: 'not-shared' }
  const collected = await collect(answer.body, mostSharedBytes)
  if ('stream' in collected) return { answer: { ...answer, body: collected.stream }, shared: 'not-shared' }
  const whole = { ...answer, body: collected.whole }
  return { answer: whole, shared: whole }
}

export function sharedReads({ upstream, clock, coalesce, cacheSeconds }: SharedReadsParts): Upstream {
  /** Those that may be joined, by what they ask for. */
  const flights = new Map<string, Flight>()
  /** All that have not been kept or let go of yet. */
  const underWay = new Set<Flight>()
  const held: HeldAnswers = heldAnswers(mostHeldBytes)

  function keep(key: string, request: UpstreamRequest, answer: Shared): void {
    const seconds = cacheSeconds[request.operation.id]
    if (seconds === undefined || answer === 'not-shared' || answer.status !== 200) return
    held.keep(key, answer, { holder: holderOf(request), until: clock.now() + seconds * 1000 })
  }

  /** Whoever comes from now on asks anew. */
  function land(key: string, flight: Flight): void {
    if (flights.get(key) === flight) flights.delete(key)
  }

  async function lead(key: string, request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { promise: shared, resolve, reject } = Promise.withResolvers<Shared>()
    // Perhaps nobody follows, and then nobody hears of a failure but the one who asked.
    shared.catch(() => undefined)
    const flight = newFlight(holderOf(request), shared)
    flight.board(request.signal)
    flights.set(key, flight)
    underWay.add(flight)
    try {
      const answer = await upstream.send(sharedRequest(request, flight.signal))
      land(key, flight)
      const isWanted = flight.followers > 0 || cacheSeconds[request.operation.id] !== undefined
      const settled = await settle(answer, isWanted)
      if (!flight.isStale) keep(key, request, settled.shared)
      resolve(settled.shared)
      return settled.answer
    } catch (failure) {
      land(key, flight)
      reject(failure)
      throw failure
    } finally {
      underWay.delete(flight)
    }
  }

  async function follow(flight: Flight, request: UpstreamRequest): Promise<UpstreamAnswer> {
    flight.followers += 1
    const leave = flight.board(request.signal)
    const shared = await flight.shared
    if (shared !== 'not-shared') return shared
    leave()
    return upstream.send(request)
  }

  function read(request: UpstreamRequest): Awaitable<UpstreamAnswer> {
    const key = keyOf(request)
    const again = held.find(key, clock.now())
    if (again) return again
    const flight = coalesce ? flights.get(key) : undefined
    return flight ? follow(flight, request) : lead(key, request)
  }

  /** Who changes something sees it in the next read. */
  function forget(holder: string): void {
    held.forget(holder)
    for (const flight of underWay) if (flight.holder === holder) flight.isStale = true
    for (const [key, flight] of flights) if (flight.isStale) flights.delete(key)
  }

  async function change(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const holder = holderOf(request)
    forget(holder)
    try {
      return await upstream.send(request)
    } finally {
      forget(holder) // what was read meanwhile may be from before
    }
  }

  return {
    accountGroups: (region, credential) => upstream.accountGroups(region, credential),
    send(request) {
      const { operation, body } = request
      if (operation.method === 'GET' && body === undefined) return read(request)
      return operation.isRead ? upstream.send(request) : change(request)
    },
  }
}
