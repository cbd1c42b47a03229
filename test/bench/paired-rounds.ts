import type { RefreshChains } from './refresh-chains.ts'
import { type Row, type RowNames, rowOf } from './row.ts'
import type { ServerProcess } from './server-process.ts'

/** Many short rounds: the speed of a shared machine drifts within seconds. */
const rounds = 15
/** What is compared is how fast each is for good: V8 goes on optimizing the larger program for some 20,000 answers. */
const warmUpRounds = 10

/** One side of a comparison. */
export interface Side {
  readonly server: Pick<ServerProcess, 'cpuMicroseconds'>
  /** Loads the server for some seconds. @returns how many answers it gave in how many seconds */
  readonly load: () => Promise<{ readonly count: number; readonly seconds: number }>
}

const roundMs = 1_500

/** A server under refreshes. */
export const sideOf = (server: ServerProcess, load: RefreshChains): Side => ({
  server,
  async load() {
    const startedAt = performance.now()
    const count = await load.run(roundMs)
    return { count, seconds: (performance.now() - startedAt) / 1000 }
  },
})

interface Measured {
  readonly perSecond: number
  readonly perCpuSecond: number
}

async function measure({ server, load }: Side): Promise<Measured> {
  const cpu = server.cpuMicroseconds()
  const { count, seconds } = await load()
  return { perSecond: count / seconds, perCpuSecond: count / ((server.cpuMicroseconds() - cpu) / 1e6) }
}

/**
 * Loads both in turn, a few times to warm them up and then many short rounds.
 * @param names of the rows but for the metric, and what is counted: `refreshes`
 * @returns two rows: by the clock, and by the processor time of the server, which a busy machine disturbs less
 */
export async function pairedRounds(
  names: Omit<RowNames, 'metric'> & { readonly unit: string },
  subject: Side,
  peer: Side,
): Promise<readonly Row[]> {
  const { unit, ...rest } = names
  for (let round = 0; round < warmUpRounds; round += 1) {
    await measure(subject)
    await measure(peer)
  }
  const measured: { subject: Measured; peer: Measured }[] = []
  for (let round = 0; round < rounds; round += 1)
    measured.push({ subject: await measure(subject), peer: await measure(peer) })
  const rowFor = (metric: string, pick: (one: Measured) => number): Row =>
    rowOf(
      { ...rest, metric },
      measured.map((round) => ({ subject: pick(round.subject), peer: pick(round.peer) })),
    )
  return [
    rowFor(`${unit} per second`, ({ perSecond }) => perSecond),
    rowFor(`${unit} per second of server CPU`, ({ perCpuSecond }) => perCpuSecond),
  ]
}
