/**
 * Cursor paging. A list is read newest first, and as of the instant of its first page: the cursor holds that instant and how
 * many rows are left, so that neither a moving window nor rows that join in front shift what follows. Clients get it opaque.
 */
import { askedPath } from './asked-path.ts'
import type { Call } from './call.ts'
import { type JsonObject, without } from './json.ts'
import { invalidField, refused, type V7Refusal } from './refusals.ts'

/** Which part of a list a call asks for. */
export interface AskedPage {
  /** Epoch ms; what is listed is worked out as of then. */
  readonly asOf: number
  /** The largest number of rows. */
  readonly size: number
  /** Rows that no earlier page has shown; undefined on the first page. */
  readonly left: number | undefined
}

/** Rows of one page, and how many are left behind them. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly left: number
}

/** Page sizes are not published; `max` asks for another one, up to this. */
const largestPage = 1_000
const usualPage = 100

/** The text is ThousandEyes' own (v7-notes section 5); that it stands in the title is inferred from its other bad requests. */
const badCursor: V7Refusal = { ...refused('invalid_request', 'Failed to deserialize'), isTitle: true }

const encodeCursor = (asOf: number, left: number): string =>
  Buffer.from(JSON.stringify([asOf, left])).toString('base64url')

function decodeCursor(text: string): unknown {
  if (!/^[\w-]{1,100}=?=?$/.test(text)) return undefined
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0

/** @returns the page that `cursor` and, where the document has it, `max` ask for, or why not */
export function askedPage({ query, row, now }: Call, size: number = usualPage): AskedPage | V7Refusal {
  const max = 'max' in row.query ? query.get('max') : null
  if (max !== null && !isCount(Number(max))) return invalidField('max', 'must be an integer of at least 1.')
  const most = max === null ? size : Math.min(Number(max), row.query['max']?.maximum ?? largestPage)
  const cursor = query.get('cursor')
  if (cursor === null) return { asOf: now, size: most, left: undefined }
  const [asOf, left, ...rest]: readonly unknown[] = [decodeCursor(cursor)].flat()
  const isOurs = isCount(asOf) && asOf <= now && isCount(left) && rest.length === 0
  return isOurs ? { asOf, size: most, left } : badCursor
}

/** @param at the row at an index of the whole list, the newest first; asked for the rows of the page alone */
export function pageOf<Row>({ size, left }: AskedPage, total: number, at: (index: number) => Row): Page<Row> {
  const start = Math.max(0, total - (left ?? total))
  const end = Math.min(total, start + size)
  return {
    rows: Array.from({ length: end - start }, (_, offset) => at(start + offset)),
    left: total - end,
  }
}

/** A page of a list that is at hand. */
export const sliceOf = <Row>(asked: AskedPage, rows: readonly Row[]): Page<Row> =>
  pageOf(asked, rows.length, (index) => rows[index] as Row)

/** `self` as it was asked for and, unless this is the last page, `next`: the same call with the cursor. */
export function pageLinks(call: Call, asked: AskedPage, left: number): JsonObject {
  const address = new URL(call.href(askedPath(call.row.path, call.parameters)))
  address.search = call.query.toString()
  const self = { href: address.href }
  if (left === 0) return { self }
  address.searchParams.set('cursor', encodeCursor(asked.asOf, left))
  return { self, next: { href: address.href } }
}

/** The links of a page, of which some lists declare `next` alone (v7-notes section 4). */
export function declaredPageLinks(call: Call, asked: AskedPage, left: number): JsonObject {
  const links = pageLinks(call, asked, left)
  return call.row.answer.links?.includes('self') ? links : without(links, ['self'])
}
