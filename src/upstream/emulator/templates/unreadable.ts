/** Texts of a template that no deployment could read as Handlebars. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { HandlebarsError } from '../handlebars/handlebars.ts'
import { parse } from '../handlebars/parse.ts'
import { isJsonObject, type Json, type JsonObject, listOf } from '../json.ts'
import type { Violation } from '../refusals.ts'
import { assetKinds } from './asset-kinds.ts'

/** How many characters are read in one turn of the event loop. */
const turnsCharacters = 50_000

/** The texts with an expression, each with its field. */
function* textsBelow(value: Json, field: string): Generator<readonly [field: string, text: string]> {
  if (typeof value === 'string' && value.includes('{{')) yield [field, value]
  if (isJsonObject(value))
    for (const [key, inner] of Object.entries(value)) yield* textsBelow(inner, `${field}.${key}`)
  else for (const [index, item] of listOf(value).entries()) yield* textsBelow(item, `${field}[${index}]`)
}

function whyUnreadable(text: string): string | undefined {
  try {
    parse(text)
    return undefined
  } catch (error) {
    if (error instanceof HandlebarsError) return error.message
    throw error
  }
}

/** What is wrong with the texts of a template's assets, whatever they would be filled with; lets other calls in between. */
export async function unreadableTexts(template: JsonObject): Promise<readonly Violation[]> {
  const wrong: Violation[] = []
  let left = turnsCharacters
  for (const { section } of assetKinds)
    for (const [field, text] of textsBelow(template[section] ?? null, section)) {
      const message = whyUnreadable(text)
      if (message !== undefined) wrong.push({ field, message })
      left -= text.length
      if (left >= 0) continue
      await nextTurn()
      left = turnsCharacters
    }
  return wrong
}
