/** Files of a seed: the text of one, and of those that it is based on. */
import { load } from 'js-yaml'
import { InvalidSeed } from './invalid-seed.ts'
import type { Json } from './json.ts'
import type { Problem } from './seed-copies.ts'
import { checkedWhole } from './seed-form.ts'
import type { Collections, Layer } from './seed-objects.ts'
import type { SeedLists } from './seed-placeholders.ts'

/** The text of the file that a seed is based on. @throws when there is none */
export type ReadBase = (name: string) => string

/** A seed as its files say it. */
export interface SeedText {
  readonly organizations: readonly Json[]
  /** By account group. */
  readonly objects: Readonly<Record<string, Collections>>
  /** Those that it is based on first, itself last. */
  readonly layers: readonly Layer[]
}

interface Reading {
  readonly readBase: ReadBase
  /** The names of what led here. */
  readonly above: readonly string[]
}

/** @throws InvalidSeed, or an Error in one line when it is no YAML */
export const readSeedText = (text: string, name: string, readBase: ReadBase): SeedText =>
  readText(text, name, { readBase, above: [] })

function parsed(text: string, name: string): unknown {
  try {
    return load(text)
  } catch (cause) {
    throw new Error(`the seed ${name} is no YAML: ${(cause as Error).message.split('\n', 1)[0]}`, { cause })
  }
}

function readText(text: string, name: string, reading: Reading): SeedText {
  const problems: Problem[] = []
  const file = checkedWhole({ place: '', value: parsed(text, name) }, problems)
  if (!file || problems.length > 0) throw new InvalidSeed(name, problems)
  const { base, lists, organizations, catalogue, everyAccountGroup, objects } = file
  const last = reading.above.at(-1)
  const own: Layer = {
    prefix: last === undefined ? '' : `${last}: `,
    lists: lists as SeedLists,
    catalogue,
    everyAccountGroup,
  }
  return {
    organizations: organizations as readonly Json[],
    objects,
    layers: [...(base === undefined ? [] : baseLayers(base, name, reading)), own],
  }
}

function baseLayers(base: string, name: string, { readBase, above }: Reading): readonly Layer[] {
  const problem = (words: string): InvalidSeed =>
    new InvalidSeed(name, [`base: found ${JSON.stringify(base)}${words}`])
  if (above.includes(base)) throw problem(', on which it is based already; allowed is another seed')
  let text: string
  try {
    text = readBase(base)
  } catch {
    throw problem('; allowed is a name in config/seeds or the path of a YAML file that can be read')
  }
  return readText(text, base, { readBase, above: [...above, base] }).layers
}
