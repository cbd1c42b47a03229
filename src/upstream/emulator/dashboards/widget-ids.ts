import type { Call } from '../call.ts'
import { type JsonObject, objectsOf, textOf } from '../json.ts'

/** Makes ids that one dashboard does not have yet. */
export type Mint = () => string

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Five lower-case letters or digits, the form of the ids of widgets, cards and columns (v7-notes section 3). */
export function mintFor({ randomBytes }: Pick<Call, 'randomBytes'>, taken: ReadonlySet<string>): Mint {
  const given = new Set(taken)
  return () => {
    let id = ''
    do id = Array.from(randomBytes(5), (byte) => letters[byte % letters.length]).join('')
    while (given.has(id))
    given.add(id)
    return id
  }
}

export const idsOf = (parts: readonly JsonObject[]): readonly string[] =>
  parts.flatMap(({ id }) => textOf(id) ?? [])

/** Where widgets have parts with ids of their own. */
export const partKeys: readonly string[] = ['numberCards', 'multiMetricColumns']

/** The ids of the widgets and of their cards and columns. */
export const allIdsOf = (widgets: readonly JsonObject[]): ReadonlySet<string> =>
  new Set(
    widgets.flatMap((widget) => [
      ...idsOf([widget]),
      ...partKeys.flatMap((key) => idsOf(objectsOf(widget[key]))),
    ]),
  )

/**
 * A part keeps an id that the dashboard gave it before; any other is the server's to give, also where two parts claim one.
 * @returns the parts in their order, with the ids that were asked for beside those that they got
 */
export function withIds(
  parts: readonly JsonObject[],
  known: readonly string[],
  mint: Mint,
): readonly { readonly part: JsonObject; readonly asked: string | undefined; readonly id: string }[] {
  const free = new Set(known)
  return parts.map((part) => {
    const asked = textOf(part['id'])
    const id = asked !== undefined && free.delete(asked) ? asked : mint()
    return { part: { ...part, id }, asked, id }
  })
}
