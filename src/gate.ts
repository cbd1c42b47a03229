import type { RequestListener } from './sockets.ts'

/** A gate in front of listeners: closed while what stands behind it is exchanged. */
export interface Gate {
  /**
   * @param listener what stands behind the gate @param isExempt requests that are neither waited for nor held back
   * @returns the listener in front of it
   */
  guard(listener: RequestListener, isExempt: (path: string) => boolean): RequestListener
  /**
   * Lets what is under way finish, runs the work, then lets on what came meanwhile. One work after the other. What takes longer
   * than the patience is not waited for: what it changes of older records meets new versions and is lost, what it creates stays.
   */
  closedFor<Result>(work: () => Promise<Result>): Promise<Result>
}

export interface GateParts {
  readonly patienceMs: number
  /** Machine time. @returns what calls it off */
  readonly after: (milliseconds: number, work: () => void) => () => void
}

export function openGate({ patienceMs, after }: GateParts): Gate {
  const waiting = new Set<() => void>()
  let underWay = 0
  let closings = 0
  let quiet: (() => void) | undefined
  let last: Promise<unknown> = Promise.resolve()

  function admit(listener: RequestListener, ...[request, response]: Parameters<RequestListener>): void {
    underWay += 1
    // Closed is told once; `once` would wrap this for every request.
    response.on('close', () => {
      underWay -= 1
      if (underWay === 0) quiet?.()
    })
    listener(request, response)
  }

  /** Whoever leaves while waiting is let go: a response that has closed says so never again. */
  function holdBack(listener: RequestListener, ...[request, response]: Parameters<RequestListener>): void {
    const go = (): void => {
      response.off('close', leave)
      admit(listener, request, response)
    }
    const leave = (): void => void waiting.delete(go)
    response.once('close', leave)
    waiting.add(go)
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
      if (closings === 0) {
        const held = [...waiting]
        waiting.clear()
        for (const go of held) go()
      }
    }
  }

  return {
    guard: (listener, isExempt) => (request, response) => {
      if (isExempt(request.url ?? '')) listener(request, response)
      else if (closings > 0) holdBack(listener, request, response)
      else admit(listener, request, response)
    },
    closedFor(work) {
      closings += 1
      const run = last.then(() => alone(work))
      last = run.catch(() => undefined)
      return run
    },
  }
}
