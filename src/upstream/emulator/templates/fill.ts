/**
 * Fills what is templated (official document, `HandlebarsExpression`): `{{name}}`, `{{userInputs.<key>}}`,
 * `{{tests.<key>.testId}}`, and the helpers of Handlebars over them.
 */

import type { Path, Program } from '../handlebars/handlebars.ts'
import { parse } from '../handlebars/parse.ts'
import { type Budget, render } from '../handlebars/render.ts'
import { isJsonObject, type Json, type JsonObject, listOf, textOf } from '../json.ts'
import { isSecretKey } from './secret-keys.ts'

/** What expressions of an asset may name. */
export interface Context {
  /** Anywhere. */
  readonly open: JsonObject
  /** In the place of all that a test keeps under a key: with the secrets that stand below keys of secrets, where no answer shows them. */
  readonly whole: JsonObject
  /** Where a test keeps a secret, which no answer shows. */
  readonly secret: JsonObject
}

/** A place in the configuration of an asset: what may be named there, and whether secrets are kept in it. */
interface Place {
  readonly context: JsonObject
  readonly keeps: 'secrets and their holders' | 'secrets' | 'none'
}

/** The keys of a test below which secrets of v7 stand, beside the test itself. */
const holders: readonly string[] = ['targetSipCredentials', 'oAuth', 'requests', 'httpConfig']

/** How much is filled in one turn of the event loop: values, steps of expressions, and tens of characters that are read for them. */
const turnsWork = 5_000

/** The path that is all of the program. */
function onlyPath([part, ...others]: Program): Path | undefined {
  return part?.kind === 'value' && part.operand.kind === 'path' && others.length === 0
    ? part.operand
    : undefined
}

/** A holder that is filled as a whole gets its secrets with it; a secret by itself is no holder. */
function isFilledWhole(inner: Json): boolean {
  const text = textOf(inner)
  const path = text === undefined ? undefined : onlyPath(parse(text.trim()))
  return path?.parts.some(isSecretKey) === false
}

class Filling {
  readonly #context: Context
  readonly #budget: Budget
  #left = turnsWork

  constructor(context: Context, budget: Budget) {
    this.#context = context
    this.#budget = budget
  }

  *whole(value: Json): Generator<void, Json> {
    return yield* this.#at(value, { context: this.#context.open, keeps: 'secrets and their holders' })
  }

  *#at(value: Json, place: Place): Generator<void, Json> {
    if (Array.isArray(value)) return yield* this.#list(listOf(value), place)
    return isJsonObject(value) ? yield* this.#object(value, place) : this.#word(value, place)
  }

  /** Whether it is time for other calls; begins the next turn then. */
  #isTired(): boolean {
    if (this.#left >= 0) return false
    this.#left = turnsWork
    return true
  }

  *#list(list: readonly Json[], place: Place): Generator<void, Json> {
    const items: Json[] = []
    for (const item of list) {
      if (this.#isTired()) yield
      items.push(typeof item === 'object' ? yield* this.#at(item, place) : this.#word(item, place))
    }
    return items
  }

  *#object(object: JsonObject, place: Place): Generator<void, Json> {
    const entries: [string, Json][] = []
    for (const entry of Object.entries(object)) {
      if (this.#isTired()) yield
      const inner = this.#below(place, entry)
      const [key, value] = entry
      entries.push([
        key,
        typeof value === 'object' ? yield* this.#at(value, inner) : this.#word(value, inner),
      ])
    }
    return Object.fromEntries(entries)
  }

  /** From an object to what it has under the key. Headers may be called `password` too, but are shown. */
  #below({ context, keeps }: Place, [key, inner]: readonly [string, Json]): Place {
    if (keeps !== 'none' && isSecretKey(key)) return { context: this.#context.secret, keeps: 'none' }
    const isHolder = keeps === 'secrets and their holders' && holders.includes(key)
    return {
      context: isHolder && isFilledWhole(inner) ? this.#context.whole : context,
      keeps: isHolder ? 'secrets' : 'none',
    }
  }

  #word(value: Json, { context }: Place): Json {
    this.#left -= 1
    const text = textOf(value)
    if (text === undefined) return value
    const before = this.#budget.steps
    const filled = render(parse(text), { shown: this.#context.open, written: context }, this.#budget)
    this.#left -= before - this.#budget.steps + (text.includes('{{') ? text.length / 10 : 0)
    return filled
  }
}

/**
 * The value with its expressions replaced; pauses whenever other calls should have their turn. A text that is one expression and
 * nothing else becomes the value itself, whatever its type.
 * @param budget is less by what this took
 * @throws HandlebarsError
 */
export const fill = (value: Json, context: Context, budget: Budget): Generator<void, Json> =>
  new Filling(context, budget).whole(value)
