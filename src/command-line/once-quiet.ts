/** Once quiet: gives back, one time, what the start of the process needed and its idling does not (DECISIONS 164). */
import { Session } from 'node:inspector/promises'
import { performance } from 'node:perf_hooks'

export interface QuietParts {
  /** Runs the work again and again until it is called off; keeps no process alive. @returns calls it off */
  readonly every: (milliseconds: number, work: () => void) => () => void
  /** Which part of the time since it was last asked the event loop had something to do, 0 to 1. */
  readonly utilization: () => number
  /** How much V8's heap holds, in bytes. */
  readonly heapBytes: () => number
  /** Lets go of what nobody uses, and of room that nobody needs. The process stands still for that. */
  readonly collect: () => void
}

const spanMs = 5_000
/** A poll of its health each second is quiet; a call each second is not far from it. */
const quietShare = 0.02
/** A tenth of a second's work. Of a larger heap the room that is given back is a small part, and the process would stand for longer. */
const largestHeapBytes = 96 * 1024 * 1024

/** Collects once, at the end of the first span of five seconds in which there was next to nothing to do; a large heap never. */
export function collectOnceQuiet({ every, utilization, heapBytes, collect }: QuietParts): void {
  utilization()
  const callOff = every(spanMs, () => {
    if (utilization() > quietShare) return
    callOff()
    if (heapBytes() <= largestHeapBytes) collect()
  })
}

/** The parts of this process. */
export function quietProcess(): QuietParts {
  let before = performance.eventLoopUtilization()
  return {
    every(milliseconds, work) {
      const timer = setInterval(work, milliseconds).unref()
      return () => clearInterval(timer)
    },
    utilization() {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, before)
      before = now
      return utilization
    },
    heapBytes: () => process.memoryUsage().heapUsed,
    collect() {
      const session = new Session()
      session.connect()
      void session
        .post('HeapProfiler.collectGarbage')
        .catch(() => undefined)
        .finally(() => session.disconnect())
    },
  }
}
