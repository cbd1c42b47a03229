/**
 * `panoptes migrate`: carries all records of one store over to an empty one, while nothing uses either, and compares both
 * afterwards. Keys are files of the data directory and stay there: records without them are worth nothing.
 */
import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { ImagedRecord, OpenedStore, StoreImage } from '#store/images.ts'
import { openOlder, openStore, type StoreSettings } from '#store/open-store.ts'
import { parseRedisAddress, type RedisAddress, redisAddressWords } from '#store/redis-address.ts'
import { SettingsError } from '../settings.ts'
import type { CommandLineParts } from './command-line.ts'

const placeWords = `allowed are sqlite:DIR, sqlite:FILE.db, and ${redisAddressWords}`

interface Place {
  readonly name: string
  readonly settings: StoreSettings
}

/** Never with a password: what is told may land in a log. */
const redisName = (address: RedisAddress): string =>
  `Redis at ${address.name}${'database' in address && address.database > 0 ? `, database ${address.database}` : ''}`

function placeOf(option: string, text: string | undefined): Place {
  if (text === undefined) throw new SettingsError(`${option}: found nothing; ${placeWords}`)
  if (text.startsWith('sqlite:')) {
    const given = resolve(text.slice('sqlite:'.length))
    const path = given.endsWith('.db') ? given : join(given, 'panoptes.db')
    return { name: `sqlite:${path}`, settings: { kind: 'sqlite', path } }
  }
  const address = parseRedisAddress(text)
  if (address) return { name: redisName(address), settings: { kind: 'redis', address, replicas: 0 } }
  throw new SettingsError(
    `${option}: found ${/@|assword/.test(text) ? 'a value that is not shown here' : JSON.stringify(text)}; ${placeWords}`,
  )
}

interface Options {
  readonly from: Place
  readonly to: Place
  readonly json: boolean
}

function optionsOf(args: readonly string[]): Options {
  const options = { from: { type: 'string' }, to: { type: 'string' }, json: { type: 'boolean' } } as const
  let given: { readonly from?: string; readonly to?: string; readonly json?: boolean }
  try {
    given = parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new SettingsError(`${(error as Error).message.split('.')[0]}; allowed are --from --to --json`)
  }
  const from = placeOf('--from', given.from)
  const to = placeOf('--to', given.to)
  if (from.settings.kind === 'sqlite') assertDifferent(from, to)
  if (from.settings.kind === 'sqlite' && !isFile(from.settings.path))
    throw new SettingsError(`--from: found no database at ${from.settings.path}; ${placeWords}`)
  return { from, to, json: given.json ?? false }
}

function assertDifferent(from: Place, to: Place): void {
  if (from.name === to.name) throw new SettingsError(`--to: found the same store as in --from, ${to.name}`)
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()

const byKey = (image: StoreImage): readonly ImagedRecord[] =>
  image.toSorted((one, other) => (one.key < other.key ? -1 : 1))

const inWords = ({ key, value, expiresAt, indexes }: ImagedRecord): string =>
  JSON.stringify([key, value, expiresAt, [...indexes].sort()])

/** @returns the key of the first record that differs; undefined when both hold the same */
function firstDifference(one: StoreImage, other: StoreImage): string | undefined {
  const [left, right] = [byKey(one), byKey(other)]
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const [mine, yours] = [left[at], right[at]]
    if (!mine || !yours || inWords(mine) !== inWords(yours)) return mine?.key ?? yours?.key ?? ''
  }
  return undefined
}

/** How many records of each kind, which is what their keys begin with. */
function countsOf(image: StoreImage): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { key } of image) {
    const kind = key.split(':', 1)[0] ?? ''
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

/** @returns what arrived @throws Error in one line when the stores are not the same afterwards; the target is empty again then */
export async function carry(from: OpenedStore, to: OpenedStore, now: () => number): Promise<StoreImage> {
  const occupied = (await to.images.take()).length
  if (occupied > 0)
    throw new SettingsError(`--to: found a store with ${occupied} records; allowed is an empty one`)
  const before = await from.images.take()
  try {
    await to.images.restore(before)
    const at = now()
    const alive = (image: StoreImage): StoreImage => image.filter(({ expiresAt }) => expiresAt > at)
    const changed = firstDifference(alive(before), alive(await from.images.take()))
    if (changed !== undefined)
      throw new Error(`${changed} changed meanwhile: stop what uses the store, and migrate again`)
    const arrived = alive(await to.images.take())
    const different = firstDifference(alive(before), arrived)
    if (different !== undefined) throw new Error(`${different} did not arrive as it was`)
    return arrived
  } catch (failure) {
    await to.images.restore([]).catch(() => undefined)
    throw failure
  }
}

/** Migrates, and prints how many records of which kind arrived. @throws SettingsError in one line for a person */
export async function migrate(
  args: readonly string[],
  { surroundings, print }: Pick<CommandLineParts, 'surroundings' | 'print'>,
): Promise<number> {
  const { from, to, json } = optionsOf(args)
  const { clock, randomBytes: random } = surroundings
  const older = await openOlder(from.settings, { clock })
  // Records of an older version stand beside those of this one.
  if (!older) assertDifferent(from, to)
  const source = older ?? (await openStore(from.settings, { clock, random, staysAsItIs: true }))
  try {
    const target = await openStore(to.settings, { clock, random, besideOlder: older !== undefined })
    try {
      const arrived = await carry(source, target, clock.now)
      const counts = countsOf(arrived)
      if (json) print(JSON.stringify({ from: from.name, to: to.name, records: arrived.length, counts }))
      else {
        const rows = Object.entries(counts).toSorted(([one], [other]) => (one < other ? -1 : 1))
        for (const [kind, count] of rows) print(`${kind.padEnd(20)} ${String(count).padStart(9)}`)
        print(`${'all, compared'.padEnd(20)} ${String(arrived.length).padStart(9)}`)
        print(
          `Moved from ${from.name} to ${to.name}. The keys stay in the data directory: keep --data as it was.`,
        )
        if (older) print(`What was carried over stays there under panoptes:*, for you to delete.`)
      }
      return 0
    } finally {
      await target.store.close()
    }
  } finally {
    await source.store.close()
  }
}
