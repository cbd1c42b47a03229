import type { Call } from './call.ts'
import type { Entry } from './state.ts'

/** The JSON text of an object in a list, until the object is changed: a write puts another entry in the place of this one. */
const texts = new WeakMap<Entry, { readonly place: string; readonly text: string }>()

/**
 * For an object that shows nothing but itself, its id and links. The text of the last place is kept alone: lists of another
 * origin, or with another `aid` in their links, work it out anew.
 * @param make works the text out
 */
export function shownText(
  entry: Entry,
  { row, href }: Pick<Call, 'row' | 'href'>,
  make: () => string,
): string {
  const place = `${row.id} ${href('')}`
  const known = texts.get(entry)
  if (known?.place === place) return known.text
  const text = make()
  texts.set(entry, { place, text })
  return text
}
