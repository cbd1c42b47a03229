import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type DisturbParts, disturb } from './disturb.ts'
import { splitTarget } from './exchange.ts'
import type { OpenTraffic } from './open-traffic.ts'
import type { Sighting } from './sighting.ts'
import type { JournalNote } from './traffic.ts'
import { watchAnswer, watchBody } from './watch.ts'

export type Listener = (request: IncomingMessage, response: ServerResponse) => void

export interface ObserveParts extends Pick<DisturbParts, 'knownAnswer'> {
  readonly traffic: OpenTraffic
  readonly addressOf: (request: IncomingMessage) => string
  /** Whether a path is none of the emulated surface: control API, inspector, style sheets. It is neither noted nor disturbed. */
  readonly isOwnAffair: (path: string) => boolean
}

/** One for all: most requests have none. */
const noNotes: readonly JournalNote[] = []

/** @returns what has the work done once the socket closes; with one listener a socket, however many requests it carries */
function closings(): (socket: Socket, work: () => void) => void {
  const waiting = new WeakMap<Socket, Set<() => void>>()
  return (socket, work) => {
    const works = waiting.get(socket) ?? new Set()
    if (!waiting.has(socket)) {
      waiting.set(socket, works)
      socket.once('close', () => {
        for (const one of works) one()
      })
    }
    works.add(work)
  }
}

/**
 * Wraps a listener: notes each exchange in the journal, and disturbs those that a fault strikes.
 * @returns a listener that answers as the given one, byte by byte, where no fault stands
 */
export function observed(listener: Listener, parts: ObserveParts): Listener {
  const { traffic, addressOf, isOwnAffair, knownAnswer } = parts
  const { journal, faults, clock, timers, nameOf, pending } = traffic.hooks
  const whenClosed = closings()

  function see(request: IncomingMessage, response: ServerResponse): Sighting {
    const { method = '', url = '', rawHeaders } = request
    const seen: Sighting = {
      id: journal.nextId(),
      at: clock.now(),
      startedAt: timers.now(),
      method,
      url,
      address: addressOf(request),
      headers: rawHeaders,
      body: undefined,
      status: 0,
      answerHeaders: '',
      answerBody: undefined,
      isWhole: false,
      isLost: false,
      endedAt: undefined,
      fault: undefined,
      notes: noNotes,
    }
    journal.begin(seen)
    const end = (isWhole: boolean): void => {
      if (seen.endedAt !== undefined) return
      seen.isWhole = isWhole
      seen.endedAt = timers.now()
      journal.end(seen)
    }
    // Once it has all left, a response has no socket any more.
    response.on('close', () => end(response.writableEnded && response.socket?.destroyed !== true))
    // A request that was sent before the answer to another hears of its connection only when its turn comes.
    if (response.socket === null) whenClosed(request.socket, () => end(false))
    watchAnswer(response, seen)
    watchBody(request, seen)
    return seen
  }

  return (request, response) => {
    const { method = '', url = '' } = request
    const [path] = splitTarget(url)
    if (isOwnAffair(path)) return listener(request, response)
    const seen = see(request, response)
    if (!faults.any()) return listener(request, response)
    const target = nameOf(method, path)
    const fault = faults.strike(target)
    if (!fault) return listener(request, response)
    seen.fault = fault.id
    disturb({ request, response, listener, target, path, seen, fault }, { knownAnswer, timers, pending })
  }
}
