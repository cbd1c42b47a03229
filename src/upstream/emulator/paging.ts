/**
 * Cursor paging. A list is read newest first, and as of the instant of its first page: the cursor holds that instant and how
 * many rows are left, so that neither a moving window nor rows that join in front shift what follows. Lists that nobody counts
 * say instead which row came last. Clients get it opaque.
 */
import { askedPath } from './asked-path.ts'
import type { Call } from './call.ts'
import { type JsonObject, without } from './json.ts'
import { slotOfId } from './measurements/slot-id.ts'
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

const encodeCursor = (...parts: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url')

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

function sizeOf({ query, row }: Call, size: number): number | V7Refusal {
  const max = 'max' in row.query ? query.get('max') : null
  if (max !== null && !isCount(Number(max))) return invalidField('max', 'must be an integer of at least 1.')
  return max === null ? size : Math.min(Number(max), row.query['max']?.maximum ?? largestPage)
}

/** What a cursor holds; undefined without one. */
const partsOf = ({ query }: Call): readonly unknown[] | undefined => {
  const cursor = query.get('cursor')
  return cursor === null ? undefined : [decodeCursor(cursor)].flat()
}

const isPast = (asOf: unknown, now: number): asOf is number => isCount(asOf) && asOf <= now

/** @returns the page that `cursor` and, where the document has it, `max` ask for, or why not */
export function askedPage(call: Call, usual: number = usualPage): AskedPage | V7Refusal {
  const size = sizeOf(call, usual)
  if (typeof size !== 'number') return size
  const parts = partsOf(call)
  if (!parts) return { asOf: call.now, size, left: undefined }
  const [asOf, left, ...rest] = parts
  return isPast(asOf, call.now) && isCount(left) && rest.length === 0 ? { asOf, size, left } : badCursor
}

/** What a row of a list in the order of starts has: the youngest is first, then the lower id. */
export interface Started {
  readonly id: string
  /** Epoch ms. */
  readonly startAt: number
}

export const byStart = (a: Started, b: Started): number => b.startAt - a.startAt || (a.id < b.id ? -1 : 1)

/** Which part of a list in the order of starts a call asks for: `behind` is the last row of the page before. */
export interface AskedBehind extends Omit<AskedPage, 'left'> {
  readonly behind: Started | undefined
}

/** The same as `askedPage` for a list in the order of starts, whose rows are not all worked out for a page. */
export function askedBehind(call: Call): AskedBehind | V7Refusal {
  const size = sizeOf(call, usualPage)
  if (typeof size !== 'number') return size
  const parts = partsOf(call)
  if (!parts) return { asOf: call.now, size, behind: undefined }
  const [asOf, startAt, id, ...rest] = parts
  if (!isPast(asOf, call.now) || !isCount(startAt) || typeof id !== 'string' || rest.length > 0)
    return badCursor
  return slotOfId(id) === undefined ? badCursor : { asOf, size, behind: { startAt, id } }
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

function links(call: Call, cursor: string | undefined): JsonObject {
  const address = new URL(call.href(askedPath(call.row.path, call.parameters)))
  address.search = call.query.toString()
  const self = { href: address.href }
  if (cursor === undefined) return { self }
  address.searchParams.set('cursor', cursor)
  return { self, next: { href: address.href } }
}

/** `self` as it was asked for and, unless this is the last page, `next`: the same call with the cursor. */
export const pageLinks = (call: Call, { asOf }: Pick<AskedPage, 'asOf'>, left: number): JsonObject =>
  links(call, left === 0 ? undefined : encodeCursor(asOf, left))

/** The same of a list in the order of starts. @param last the last row of the page, if others follow */
export const linksBehind = (
  call: Call,
  { asOf }: Pick<AskedPage, 'asOf'>,
  last: Started | undefined,
): JsonObject => links(call, last && encodeCursor(asOf, last.startAt, last.id))

/** The links of a page, of which some lists declare `next` alone (v7-notes section 4). */
export function declaredPageLinks(call: Call, asked: AskedPage, left: number): JsonObject {
  const links = pageLinks(call, asked, left)
  return call.row.answer.links?.includes('self') ? links : without(links, ['self'])
}
