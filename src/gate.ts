import type { RequestListener } from './sockets.ts'

/** A gate in front of a listener: closed while what stands behind it is exchanged. */
export interface Gate {
  /** The listener behind the gate. Requests for which `isExempt` holds are neither waited for nor held back. */
  readonly listener: RequestListener
  /**
   * Lets what is under way finish, runs the work, then lets on what came meanwhile. One work after the other.
   * What takes longer than the patience is no longer waited for: its writes meet new versions of its records and are lost.
   */
  closedFor<Result>(work: () => Promise<Result>): Promise<Result>
}

export interface GateParts {
  readonly listener: RequestListener
  readonly isExempt: (path: string) => boolean
  readonly patienceMs: number
  /** Machine time. @returns what calls it off */
  readonly after: (milliseconds: number, work: () => void) => () => void
}

export function openGate({ listener, isExempt, patienceMs, after }: GateParts): Gate {
  const waiting: Parameters<RequestListener>[] = []
  let underWay = 0
  let closings = 0
  let quiet: (() => void) | undefined
  let last: Promise<unknown> = Promise.resolve()

  function admit(...[request, response]: Parameters<RequestListener>): void {
    underWay += 1
    response.once('close', () => {
      underWay -= 1
      if (underWay === 0) quiet?.()
    })
    listener(request, response)
  }

  function untilQuiet(): Promise<void> {
    if (underWay === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const callOff = after(patienceMs, resolve)
      quiet = () => {
        callOff()
        resolve()
      }
    })
  }

  async function alone<Result>(work: () => Promise<Result>): Promise<Result> {
    await untilQuiet()
    quiet = undefined
    try {
      return await work()
    } finally {
      closings -= 1
      if (closings === 0) for (const exchange of waiting.splice(0)) admit(...exchange)
    }
  }

  return {
    listener(request, response) {
      if (isExempt(request.url ?? '')) listener(request, response)
      else if (closings > 0) waiting.push([request, response])
      else admit(request, response)
    },
    closedFor(work) {
      closings += 1
      const run = last.then(() => alone(work))
      last = run.catch(() => undefined)
      return run
    },
  }
}
