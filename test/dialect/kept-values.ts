/** Whether an answer shows what was written, as far as its schema declares it. */
import { resolve, type Schema } from './sample-bodies.ts'

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isMasked = (shown: unknown): boolean => typeof shown === 'string' && /^\*+$/.test(shown)

/** An id that was written may be shown as the object that it names. */
const isSame = (sent: unknown, shown: unknown): boolean =>
  sent === shown || isMasked(shown) || (isFields(shown) && Object.values(shown).includes(sent))

function fieldProblems({ properties = {} }: Schema, sent: Fields, shown: Fields): readonly string[] {
  return Object.entries(properties).flatMap(([key, property]) => {
    if (resolve(property).writeOnly || resolve(property).readOnly || sent[key] === undefined) return []
    return key in shown
      ? keptProblems(property, sent[key], shown[key]).map((words) => `${key} ${words}`)
      : [`${key} is not shown`]
  })
}

/** @param given the schema of the answer @param sent undefined for a call without a body */
export function keptProblems(given: Schema, sent: unknown, shown: unknown): readonly string[] {
  if (sent === undefined) return []
  const schema = resolve(given)
  if (Array.isArray(sent) && Array.isArray(shown))
    return sent.flatMap((one, index) => keptProblems(schema.items ?? {}, one, shown[index]))
  if (Array.isArray(sent) && isFields(shown)) return keptProblems({}, sent, shown['items'])
  if (isFields(sent) && isFields(shown)) return fieldProblems(schema, sent, shown)
  return isSame(sent, shown)
    ? []
    : [`was written ${JSON.stringify(sent)} and is shown as ${JSON.stringify(shown)}`]
}
