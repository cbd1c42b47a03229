/**
 * Admission: how many requests a process takes on at once. One that is asked for more than it can do turns the excess away at once, so
 * that what it takes on is answered in good time (reliability R43; DECISIONS 150). While it keeps up nobody waits, and a request costs a
 * counter and a comparison. Knows nothing of paths: whoever stands behind it says what a request is.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { openCrowd } from './crowd.ts'
import { openWaiting, type Waiting } from './waiting.ts'

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void

/** What may be turned away, the first of them first: which half, three quarters, or all of the bound holds for. */
export const sheddable = ['poll', 'authorization', 'gateway'] as const
export type Sheddable = (typeof sheddable)[number]

/** `urgent` is never turned away, and begun before all that waits. */
export type RequestKind = Exclude<Sheddable, 'poll'> | 'urgent'

const shares: Readonly<Record<Sheddable, number>> = { poll: 0.5, authorization: 0.75, gateway: 1 }

/** What only the surfaces behind the door know. */
export interface Door {
  /** Undefined for what is neither counted nor held up. */
  kindOf(request: IncomingMessage): RequestKind | undefined
  /** Whether a request of the kind `authorization` is a poll of a device, by as much of its body as has come. */
  isPoll(request: IncomingMessage): boolean
  /** Answers 503. */
  refuse(request: IncomingMessage, response: ServerResponse, kind: Sheddable): void
}

export interface AdmissionParts {
  /** So many requests of one surface may wait or be under way. */
  readonly most: number
  /** Machine time in ms. */
  readonly now: () => number
  /** Runs the work after what the event loop has at hand. */
  readonly soon: (work: () => void) => void
  /** @returns restarts the span, after which the work runs */
  readonly timer: (work: () => void, milliseconds: number) => () => void
}

export interface Admission {
  /** The listener behind a door. One bound holds for all listeners of the process. */
  behind(listener: RequestListener, door: Door): RequestListener
}

/** Requests are begun as they come until the event loop has been at it for so long; what comes then has to wait. */
const turnMs = 15
const tickMs = 10
/** So many in a tick are begun without a look at the clock, and with fewer under way nobody is turned away. */
const mostCarefree = 64
/**
 * What waits is begun for so long in one turn of the event loop, and for as long as all else took since, or to turn very many away would
 * leave no time for those who were let in. Nobody who is turned away should wait for longer than the most.
 */
const workMs = { least: 20, most: 100 }
const lanes = 256
/** What has to wait may be answered after about so long: no more may wait than left in this span. */
const spanMs = 500
/** However slow a machine is, so many are taken on: a test suite waits rather than fails. */
const leastBound = 400

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly listener: RequestListener
  readonly door: Door
  readonly kind: RequestKind
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  'content-length' in headers || 'transfer-encoding' in headers

interface Turn {
  lanes: number
  endsAt: number | undefined
}

/**
 * Begins what waits, for a while in each turn of the event loop: between turns it hears of what has come, and turns away. Each has a lane of
 * its own, so that all that follows of it at once is done before the next is begun.
 */
function openLanes(
  begin: (exchange: Exchange) => void,
  { now, soon }: Pick<AdmissionParts, 'now' | 'soon'>,
): Waiting<Exchange> {
  const queue = openWaiting<Exchange>()
  let next: Turn = { lanes: 0, endsAt: undefined }
  let workedUntil = 0

  function endOfTurn(): number {
    const elsewhere = now() - workedUntil
    return now() + Math.min(workMs.most, Math.max(workMs.least, elsewhere))
  }

  function run(turn: Turn): void {
    // What comes from now on is for the turn after.
    if (turn === next) next = { lanes: 0, endsAt: undefined }
    turn.endsAt ??= endOfTurn()
    const exchange = now() < turn.endsAt ? queue.take() : undefined
    if (exchange) begin(exchange)
    turn.lanes -= 1
    if (turn.lanes > 0) return
    workedUntil = now()
    openAll()
  }

  function openAll(): void {
    const turn = next
    for (const wanted = Math.min(lanes, queue.length()); turn.lanes < wanted; turn.lanes += 1)
      soon(() => run(turn))
  }

  return {
    ...queue,
    add(exchange, isUrgent) {
      queue.add(exchange, isUrgent)
      openAll()
    },
  }
}

/** Tells whether the event loop keeps up: by what was begun in a moment, and how long that took. */
function openTurn({ now, timer }: AdmissionParts, carefree: number): () => boolean {
  let begun = 0
  let since = 0
  const restart = timer(() => {
    begun = 0
  }, tickMs)
  return () => {
    begun += 1
    if (begun === 1) {
      since = now()
      restart()
    }
    return begun <= carefree || now() - since < turnMs
  }
}

export function openAdmission(parts: AdmissionParts): Admission {
  const { most, now, soon } = parts
  const least = Math.min(leastBound, most)
  const carefree = Math.min(mostCarefree, most * shares.poll)
  const crowd = openCrowd({ most, least, spanMs, now })
  const keepsUp = openTurn(parts, carefree)
  const queue = openLanes(begin, parts)
  const underWay = { own: 0, gateway: 0 }
  let callsWaiting = 0

  /** A call of the gateway that is under way may wait for its upstream, which costs nobody else anything. */
  function count(response: ServerResponse, surface: 'own' | 'gateway'): void {
    if (response.destroyed) return
    underWay[surface] += 1
    response.on('close', () => {
      underWay[surface] -= 1
      if (surface === 'own') crowd.left()
    })
  }

  /** Whoever drips a body costs nothing meanwhile, and takes nobody's place (security-cases L01): it counts once it is there. */
  function hold({ request, response, kind }: Pick<Exchange, 'request' | 'response' | 'kind'>): void {
    const surface = kind === 'gateway' ? 'gateway' : 'own'
    // It ends once; `once` would wrap this for every request, as it would below.
    if (hasBody(request) && !request.complete) request.on('end', () => count(response, surface))
    else count(response, surface)
  }

  function begin(exchange: Exchange): void {
    const { request, response, listener, kind } = exchange
    if (kind === 'gateway') callsWaiting -= 1
    // Who has left meanwhile is not worked for.
    if (request.socket.destroyed) return
    listener(request, response)
    const isAnswered = response.writableEnded
    if (!isAnswered) hold(exchange)
    if (isAnswered || kind === 'gateway') crowd.left()
  }

  /** A call is turned away for other calls alone: those that are turned away before it may wait in numbers that were allowed a moment ago. */
  function isOver(kind: Sheddable): boolean {
    const waiting = queue.length()
    const bound = crowd.bound(waiting + underWay.own) * shares[kind]
    return (kind === 'gateway' ? callsWaiting + underWay.gateway : waiting + underWay.own) >= bound
  }

  function wait(exchange: Exchange): void {
    if (exchange.kind === 'gateway') callsWaiting += 1
    queue.add(exchange, exchange.kind === 'urgent')
  }

  /** The body of a request comes right behind its head, but behind it. */
  function waitUnlessPoll(exchange: Exchange): void {
    const { request, response, door } = exchange
    soon(() => {
      const kind = door.isPoll(request) ? 'poll' : 'authorization'
      if (isOver(kind)) door.refuse(request, response, kind)
      else wait(exchange)
    })
  }

  function admit(exchange: Exchange): void {
    const { request, response, door, kind } = exchange
    if (kind !== 'urgent' && isOver(kind)) door.refuse(request, response, kind)
    else if (kind === 'authorization' && isOver('poll')) waitUnlessPoll(exchange)
    else wait(exchange)
  }

  function holdIfCounted({ request, response, door }: Pick<Exchange, 'request' | 'response' | 'door'>): void {
    const kind = door.kindOf(request)
    if (kind !== undefined) hold({ request, response, kind })
  }

  function admitIfCounted(exchange: Omit<Exchange, 'kind'>): void {
    const { request, response, listener, door } = exchange
    const kind = door.kindOf(request)
    if (kind === undefined) listener(request, response)
    else admit({ ...exchange, kind })
  }

  const isCalm = (): boolean => queue.length() === 0 && underWay.own + underWay.gateway < carefree

  return {
    behind: (listener, door) => (request, response) => {
      if (keepsUp() && isCalm()) {
        listener(request, response)
        // What is answered at once is not even looked at.
        if (!response.writableEnded) holdIfCounted({ request, response, door })
      } else admitIfCounted({ request, response, listener, door })
    },
  }
}
