/**
 * Recent records: what a node keeps of the records that it read, so that a v7 call costs no round trip. A record is believed only
 * while the node hears of changes: every commit announces the keys that it changed, a beat that goes out on the connection of the
 * commands has to come back on that of the announcements, and whenever it does not, nothing is believed (DECISIONS 63). Announcements
 * are numbered, and a beat says which was the last one: whoever missed one keeps nothing (DECISIONS 87). That a record ended for good is
 * kept as well, so a revoked token is refused without a round trip (DECISIONS 165). Everything here is machine time: connections know no other.
 */
import type { Awaitable } from '#domain/awaitable.ts'
import { endedKeys, recordCache } from './record-cache.ts'
import type { StoredRecord } from './store.ts'

type Records = readonly (StoredRecord | undefined)[]

export interface RecentRecords {
  /** The records that are at hand, and else what is loaded, which is kept unless somebody changed it meanwhile. */
  read(keys: readonly string[], load: (keys: readonly string[]) => Promise<Records>): Awaitable<Records>
  /** Somebody changed them, or may have. */
  forget(keys: readonly string[]): void
  /** Everything may be another, or be announced by another server. */
  forgetAll(): void
  close(): void
}

/** A connection for announcements alone. It connects again by itself. */
export interface Announcements {
  /** @param hear what is announced from now on, oldest first @param lost told whenever something may have been missed */
  listen(hear: (channel: string, message: string) => void, lost: () => void): void
  /** Begins anew, perhaps on another server. */
  restart(): void
  close(): void
}

export interface RecentRecordsParts {
  readonly announcements: Announcements
  /** Where `[number, ...keys of changed records, { ended: those that ended for good }]` is announced, the last when there are any; `"all"` when everything may be another. */
  readonly changed: string
  /** Of this node alone: the text of a beat, and the head as it was (redis-scripts.ts). */
  readonly beats: string
  /** Has the text announced on `beats`, over the connection of the commands. */
  readonly beat: (text: string) => Promise<unknown>
  /** Keys and values, in UTF-16 units. */
  readonly most: number
}

const beatMilliseconds = 250
/** So long after a beat went out that came back, what is kept is believed: a node that is cut off is at most so far behind. */
const believedMilliseconds = 1_000
/** A subscription without beats for so long is begun anew, perhaps on another server. */
const silentMilliseconds = 3_000

const tickMilliseconds = 50
/** A process that stood still for so long may have missed what others were told, and reads a request before the word of it. */
const stillMilliseconds = 200

/** A megabyte or two. Of all others Redis is asked. */
const mostEnded = 10_000

/** Records that are being asked for: what came of it is kept only if nobody changed them meanwhile. */
interface Asking {
  begin(keys: readonly string[]): Asked
  end(asked: Asked): void
  spoil(key: string): void
  spoilAll(): void
}

interface Asked {
  readonly keys: readonly string[]
  isStale: boolean
}

function askings(): Asking {
  const underWay = new Map<string, Set<Asked>>()
  const spoil = (key: string): void => {
    for (const one of underWay.get(key) ?? []) one.isStale = true
  }
  return {
    begin(keys) {
      const asked = { keys, isStale: false }
      for (const key of keys) underWay.set(key, (underWay.get(key) ?? new Set()).add(asked))
      return asked
    },
    end(asked) {
      for (const key of asked.keys) {
        const all = underWay.get(key)
        all?.delete(asked)
        if (all?.size === 0) underWay.delete(key)
      }
    },
    spoil,
    spoilAll() {
      for (const key of underWay.keys()) spoil(key)
    },
  }
}

/** Sends beats, and knows whether announcements arrive. */
function hearing({ announcements, beat }: Pick<RecentRecordsParts, 'announcements' | 'beat'>) {
  let heardAt = Number.NEGATIVE_INFINITY
  let aliveAt = performance.now()
  let tickedAt = aliveAt

  // On waking, what has arrived is read before any timer runs: so the age of the last tick tells, and not the tick.
  const stoodStill = (): boolean => performance.now() - tickedAt > stillMilliseconds
  const ticks = setInterval(() => {
    if (stoodStill()) heardAt = Number.NEGATIVE_INFINITY
    tickedAt = performance.now()
  }, tickMilliseconds)
  ticks.unref()

  const timer = setInterval(() => {
    const now = performance.now()
    if (now - aliveAt > silentMilliseconds) {
      aliveAt = now
      announcements.restart()
    }
    beat(String(now)).catch(() => undefined)
  }, beatMilliseconds)
  timer.unref()

  return {
    /** All that was announced before this beat went out has been heard. */
    heard(sentAt: number) {
      heardAt = sentAt
      aliveAt = performance.now()
    },
    lost() {
      heardAt = Number.NEGATIVE_INFINITY
    },
    isUpToDate: () => performance.now() - heardAt <= believedMilliseconds && !stoodStill(),
    stop() {
      clearInterval(timer)
      clearInterval(ticks)
    },
  }
}

export function recentRecords(parts: RecentRecordsParts): RecentRecords {
  const { announcements, changed, beats } = parts
  const cache = recordCache(parts.most, () => performance.now())
  const ended = endedKeys(mostEnded)
  const asking = askings()
  const ear = hearing(parts)

  function forget(keys: readonly string[]): void {
    for (const key of keys) {
      cache.forget(key)
      asking.spoil(key)
    }
  }

  function forgetAll(): void {
    cache.clear()
    ended.clear()
    asking.spoilAll()
  }

  /** The number of the last announcement that is accounted for. */
  let generation: number | undefined

  function hearBeat(message: string): void {
    const [sentAt, , , last] = message.split(' ')
    // Announced before this beat, and never heard: nothing says which records it was about.
    if (Number(last) !== generation) forgetAll()
    generation = Number(last)
    ear.heard(Number(sentAt))
  }

  function hearChange(message: string): void {
    const told: unknown = JSON.parse(message)
    const [number, ...changes] = Array.isArray(told) ? told : []
    const keys = changes.filter((one) => typeof one === 'string')
    if (number - 1 === generation) forget(keys)
    else forgetAll()
    generation = number
    // A node of a version that knows no end may have put an image back without a word.
    for (const key of keys) ended.delete(key)
    for (const key of changes.at(-1)?.ended ?? []) ended.add(key)
  }

  function hear(channel: string, message: string): void {
    if (channel === beats) hearBeat(message)
    if (channel === changed) hearChange(message)
  }

  announcements.listen(hear, () => {
    ear.lost()
    forgetAll()
  })

  function atHand(keys: readonly string[]): Records | undefined {
    if (!ear.isUpToDate()) return undefined
    const found: (StoredRecord | undefined)[] = []
    for (const key of keys) {
      const record = cache.find(key)
      if (!record && !ended.has(key)) return undefined
      found.push(record)
    }
    return found
  }

  async function loaded(
    keys: readonly string[],
    load: (keys: readonly string[]) => Promise<Records>,
  ): Promise<Records> {
    const asked = asking.begin(keys)
    if (!ear.isUpToDate()) asked.isStale = true
    try {
      const came = await load(keys)
      if (!asked.isStale) for (const record of came) if (record) cache.keep(record)
      return came
    } finally {
      asking.end(asked)
    }
  }

  return {
    read: (keys, load) => atHand(keys) ?? loaded(keys, load),
    forget,
    forgetAll,
    close() {
      ear.stop()
      announcements.close()
    },
  }
}
