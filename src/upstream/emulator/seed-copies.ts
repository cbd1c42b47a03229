/**
 * Copies in a seed: an entry with `copies: 100` stands for a hundred of them, which differ in the placeholders of their texts.
 * Nothing here is drawn: the same file always gives the same entries.
 */
import { isJsonObject, type Json, type JsonObject } from './json.ts'
import { type Filling, templateOf, UnknownPlaceholder } from './seed-placeholders.ts'

/** Something of a seed, with where it stands in the file. */
export interface Placed<T> {
  readonly place: string
  readonly value: T
}

/** What is wrong in one place of a seed: where, what was found and what is allowed. */
export type Problem = string

export interface Copying extends Filling {
  /** Whether placeholders are filled in entries without `copies` too. */
  readonly isFilledAlways: boolean
  readonly problems: Problem[]
}

/** What an entry of the file became, and the entry itself. */
export type Copy = Placed<Json> & { readonly source: Json }

const mostCopies = 100_000

const wordsOf = ({ term }: UnknownPlaceholder, { lists, numbers }: Filling): string => {
  const names = (values: object): string => Object.keys(values).join(', ') || 'none'
  return `found {${term}}; allowed are numbers (${names({ ...numbers, n: 1 })}), as {n}, {n:3} and {n%9+1}, and lists (${names(lists)}), as {list}, {list[n+1]} and {list.field}`
}

/** One copy. @returns undefined when a placeholder is unknown, and then the problems have grown */
function filled(source: JsonObject, place: string, copying: Copying & { n: number }): Json | undefined {
  const { lists, numbers, n, problems } = copying
  try {
    return templateOf(source)({ lists, numbers: { ...numbers, n } })
  } catch (error) {
    if (!(error instanceof UnknownPlaceholder)) throw error
    problems.push(`${[place, ...error.path].join('.')}: ${wordsOf(error, copying)}`)
    return undefined
  }
}

/** The entries that a list of the file stands for; without placeholders those without `copies` stay as they are. */
export function copiesIn(list: readonly Json[], place: string, copying: Copying): readonly Copy[] {
  return list.flatMap((source, index): readonly Copy[] => {
    const own = `${place}.${index}`
    if (!isJsonObject(source)) return [{ place: own, value: source, source }]
    const { copies } = source
    if (copies !== undefined) return copiesOf(source, own, { copies, copying })
    const value = copying.isFilledAlways ? filled(source, own, { ...copying, n: 1 }) : source
    return value === undefined ? [] : [{ place: own, value, source }]
  })
}

/** Stops at the first copy with a problem: the others have the same. */
function copiesOf(
  source: JsonObject,
  place: string,
  { copies, copying }: { copies: Json; copying: Copying },
): readonly Copy[] {
  if (typeof copies !== 'number' || !Number.isInteger(copies) || copies < 1 || copies > mostCopies) {
    copying.problems.push(`${place}.copies: found ${JSON.stringify(copies)}; allowed are 1 to ${mostCopies}`)
    return []
  }
  const made: Copy[] = []
  for (let n = 1; n <= copies; n += 1) {
    const value = filled(source, place, { ...copying, n })
    if (value === undefined) break
    made.push({ place: `${place} (copy ${n})`, value, source })
  }
  return made
}
