/** A text cut into its tags and what stands between them, without the whitespace that belongs to tags. */
import {
  type Cursor,
  countWord,
  eat,
  isCall,
  mostWords,
  type Phrase,
  phraseAt,
  unreadable,
} from './expressions.ts'
import { HandlebarsError } from './handlebars.ts'

interface Edges {
  /** Whether all whitespace before and after goes: `{{~` and `~}}`. */
  readonly takesBefore: boolean
  readonly takesAfter: boolean
}

export type Tag = Edges &
  (
    | { readonly kind: 'value'; readonly phrase: Phrase; readonly source: string }
    | { readonly kind: 'open'; readonly phrase: Phrase; readonly isInverse: boolean }
    | { readonly kind: 'else'; readonly phrase: Phrase | undefined }
    | { readonly kind: 'close'; readonly name: string }
    | { readonly kind: 'comment' }
  )

export type Piece = string | Tag

const start = /\{\{(~?)/y
const sign = /\{|&|#|\^|\/|!|>|\*/y
const plainElse = /\s*(?:else|\^)\s*~?\}\}/y
const chainedElse = /\s*else(?=\s)/y
const end = /~\}\}|\}\}(?!\})/y
const unescapedEnd = /\}~?\}\}/y
const longComment = /!--[\s\S]*?--~?\}\}/y
const comment = /![\s\S]*?~?\}\}/y

const refusedTags: Readonly<Record<string, string>> = { '>': 'a partial', '*': 'a decorator' }

/** The end of a tag. @returns whether the whitespace after it goes */
function endAt(cursor: Cursor, pattern: RegExp): boolean {
  eat(cursor, /\s*/y)
  const found = eat(cursor, pattern)
  if (found === undefined) throw unreadable(cursor)
  return found.includes('~')
}

function commentAt(cursor: Cursor, takesBefore: boolean): Tag {
  const found = eat(cursor, cursor.text.startsWith('!--', cursor.at) ? longComment : comment)
  if (found === undefined) throw unreadable(cursor)
  return { kind: 'comment', takesBefore, takesAfter: found.endsWith('~}}') }
}

/** An `else` by itself, or one that opens the next block. */
function elseAt(cursor: Cursor, takesBefore: boolean): Tag | undefined {
  const bare = eat(cursor, plainElse)
  if (bare !== undefined)
    return { kind: 'else', phrase: undefined, takesBefore, takesAfter: bare.includes('~') }
  if (eat(cursor, chainedElse) === undefined) return undefined
  return { kind: 'else', phrase: phraseAt(cursor), takesBefore, takesAfter: endAt(cursor, end) }
}

/** What the tag is by its sign: `#`, `^`, `/`, `{`, `&` or none. */
function signAt(cursor: Cursor): string {
  const opened = eat(cursor, sign) ?? ''
  const next = cursor.text[cursor.at] ?? ''
  const refused = refusedTags[opened] ?? (opened === '#' ? refusedTags[next] : undefined)
  if (refused !== undefined) throw new HandlebarsError(`has ${refused}, which nobody could register.`)
  if (opened === '{' && next === '{') throw new HandlebarsError('has a raw block, which no helper reads.')
  return opened
}

function tagAt(cursor: Cursor): Tag {
  const from = cursor.at
  const takesBefore = eat(cursor, start) === '{{~'
  if (cursor.text[cursor.at] === '!') return commentAt(cursor, takesBefore)
  const otherwise = elseAt(cursor, takesBefore)
  if (otherwise) return otherwise
  const opened = signAt(cursor)
  const phrase = phraseAt(cursor)
  const takesAfter = endAt(cursor, opened === '{' ? unescapedEnd : end)
  const edges = { takesBefore, takesAfter }
  if (opened === '/' && isCall(phrase)) throw unreadable({ ...cursor, at: from })
  if (opened === '/') return { kind: 'close', name: phrase.head.source, ...edges }
  if (opened === '#' || opened === '^') return { kind: 'open', phrase, isInverse: opened === '^', ...edges }
  return { kind: 'value', phrase, source: cursor.text.slice(from, cursor.at), ...edges }
}

/** Where the next tag begins, or the end of the text. */
function nextBraces(text: string, from: number): number {
  const found = text.indexOf('{{', from)
  return found < 0 ? text.length : found
}

/** A tag with a backslash before it is text, up to where the next one begins with what stands before that. */
function escapedAt(cursor: Cursor): string {
  const from = cursor.at
  const next = nextBraces(cursor.text, from + 2)
  const slashes =
    next === cursor.text.length ? 0 : (/\\{0,2}$/.exec(cursor.text.slice(next - 2, next))?.[0].length ?? 0)
  cursor.at = next - slashes
  return cursor.text.slice(from, cursor.at)
}

/** A backslash before a tag makes it text, and two of them are one before a tag. */
function cut(text: string): readonly Piece[] {
  const pieces: Piece[] = []
  const cursor = { text, at: 0, words: mostWords }
  while (cursor.at < text.length) {
    countWord(cursor)
    const from = cursor.at
    cursor.at = nextBraces(text, from)
    const isEnd = cursor.at === text.length
    const plain = text.slice(from, cursor.at)
    pieces.push(!isEnd && plain.endsWith('\\') ? plain.slice(0, -1) : plain)
    if (!isEnd) pieces.push(/(?<!\\)\\$/.test(plain.slice(-2)) ? escapedAt(cursor) : tagAt(cursor))
  }
  return pieces.filter((piece) => piece !== '')
}

const spaceBefore = (text: string): string => text.slice(text.trimEnd().length)
const spaceAfter = (text: string): string => text.slice(0, text.length - text.trimStart().length)

/** Whether nothing but whitespace stands between the tag and the line before it. */
function startsLine(pieces: readonly Piece[], index: number): boolean {
  const before = pieces[index - 1]
  if (typeof before !== 'string') return index === 0
  const space = spaceBefore(before)
  return space.includes('\n') || (index === 1 && space.length === before.length)
}

function endsLine(pieces: readonly Piece[], index: number): boolean {
  const after = pieces[index + 1]
  if (typeof after !== 'string') return index === pieces.length - 1
  const space = spaceAfter(after)
  return space.includes('\n') || (index === pieces.length - 2 && space.length === after.length)
}

/** A tag that writes nothing and stands on a line by itself takes the line with it. */
const standsAlone = (pieces: readonly Piece[], index: number): boolean => {
  const tag = pieces[index]
  return (
    typeof tag === 'object' && tag.kind !== 'value' && startsLine(pieces, index) && endsLine(pieces, index)
  )
}

const withoutIndent = (text: string): string => {
  let length = text.length
  while (length > 0 && ' \t'.includes(text[length - 1] ?? '')) length -= 1
  return text.slice(0, length)
}

/** @returns the pieces of the text in their order */
export function piecesOf(text: string): readonly Piece[] {
  const pieces = cut(text)
  const alone = pieces.map((_, index) => standsAlone(pieces, index))
  return pieces.map((piece, index) => {
    if (typeof piece !== 'string') return piece
    const [before, after] = [pieces[index - 1], pieces[index + 1]]
    const begun = alone[index - 1] === true ? piece.replace(/^[ \t]*\r?\n?/, '') : piece
    const ended = alone[index + 1] === true ? withoutIndent(begun) : begun
    const open = typeof before === 'object' && before.takesAfter ? ended.trimStart() : ended
    return typeof after === 'object' && after.takesBefore ? open.trimEnd() : open
  })
}
