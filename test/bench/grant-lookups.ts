import type { Redis } from 'ioredis'
import { readGrantRecord } from '#grants/grant-record.ts'
import type { Store } from '#store/store.ts'
import { type Row, type RowNames, rowOf } from './row.ts'
import { pinToServer, processorMicroseconds } from './server-process.ts'

const rounds = 15
const roundMs = 1_000
/** Look-ups under way at a time: so many that nobody waits for the answer to all of them. */
const parallelLookups = 256
/** One after the other. */
const singleLookups = 2_000

/** Grants on a Redis, and ways to them that need no node. */
export interface LookedUp {
  readonly store: Store
  /** No more than GET, on the same keys. */
  readonly plain: Redis
  /** The keys of grants, as many strings for few grants as for many, and made beforehand: neither is part of a look-up. */
  readonly keys: readonly string[]
  readonly redisPid: number
}

interface Measured {
  readonly perSecond: number
  readonly perRedisSecond: number
}

/** @param ask looks one grant up */
async function lookups(
  { redisPid, keys }: LookedUp,
  ask: (key: string) => Promise<unknown>,
): Promise<Measured> {
  const used = processorMicroseconds(redisPid)
  const startedAt = performance.now()
  let count = 0
  async function reader(): Promise<void> {
    for (; performance.now() - startedAt < roundMs; count += 1)
      if (!(await ask(keys[count % keys.length] ?? ''))) throw new Error('a grant is missing')
  }
  await Promise.all(Array.from({ length: parallelLookups }, reader))
  return {
    perSecond: (count / (performance.now() - startedAt)) * 1e3,
    perRedisSecond: (count / (processorMicroseconds(redisPid) - used)) * 1e6,
  }
}

/** Ways to ask for a grant: as it is looked up here, that is read and understood; its record alone; and by plain GETs: what a Redis with so many keys takes, whoever asks. */
const ways = {
  lookups:
    ({ store }: LookedUp) =>
    async (key: string): Promise<unknown> => {
      const [stored] = await store.read([key])
      return stored && readGrantRecord(stored).userId
    },
  'records read':
    ({ store }: LookedUp) =>
    async (key: string): Promise<unknown> =>
      (await store.read([key]))[0],
  'plain GETs':
    ({ plain }: LookedUp) =>
    (key: string): Promise<unknown> =>
      plain.get(`{panoptes}:record:${key}`),
} as const

type Way = keyof typeof ways
type Round = Record<Way, { readonly full: Measured; readonly small: Measured }>

const sideBySide = async (full: LookedUp, small: LookedUp, way: Way): Promise<Round[Way]> => ({
  full: await lookups(full, ways[way](full)),
  small: await lookups(small, ways[way](small)),
})

/** The median of how long a look-up takes that nothing else is under way beside, in microseconds. @param round each has keys of its own */
async function single(all: LookedUp, round: number): Promise<number> {
  const ask = ways.lookups(all)
  const took: number[] = []
  for (const key of all.keys.slice(round * singleLookups, (round + 1) * singleLookups)) {
    const startedAt = performance.now()
    await ask(key)
    took.push((performance.now() - startedAt) * 1e3)
  }
  return took.toSorted((one, other) => one - other)[singleLookups / 2] ?? Number.NaN
}

/** Compares them in turn, each way. @param names of the rows but for the metric */
export async function lookupRows(
  names: Omit<RowNames, 'metric'>,
  full: LookedUp,
  small: LookedUp,
): Promise<readonly Row[]> {
  for (const { redisPid } of [full, small]) pinToServer(redisPid)
  const measured: Round[] = []
  const singles: { readonly subject: number; readonly peer: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    singles.push({ subject: await single(full, round), peer: await single(small, round) })
    measured.push({
      lookups: await sideBySide(full, small, 'lookups'),
      'records read': await sideBySide(full, small, 'records read'),
      'plain GETs': await sideBySide(full, small, 'plain GETs'),
    })
  }
  const row = (
    metric: string,
    of: (one: Round) => { readonly subject: number; readonly peer: number },
  ): Row => rowOf({ ...names, metric }, measured.map(of))
  const rowsFor = (way: Way): readonly Row[] =>
    (['perSecond', 'perRedisSecond'] as const).map((of) =>
      row(`${way} per second${of === 'perSecond' ? '' : ' of Redis CPU'}`, (one) => ({
        subject: one[way].full[of],
        peer: one[way].small[of],
      })),
    )
  const ratioOf = ({ full: one, small: other }: Round[Way]): number => one.perSecond / other.perSecond
  return [
    rowOf({ ...names, metric: 'microseconds of a single look-up' }, singles),
    ...rowsFor('lookups'),
    ...rowsFor('records read'),
    ...rowsFor('plain GETs'),
    row('records read per second, of the same for plain GETs', (one) => ({
      subject: ratioOf(one['records read']),
      peer: ratioOf(one['plain GETs']),
    })),
  ]
}
