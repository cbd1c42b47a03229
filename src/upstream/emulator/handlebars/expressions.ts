/** What stands between the braces of a tag. */
import { jsonIn } from '../request-body.ts'
import { HandlebarsError, type Lookup, type Operand, type Path, quoted } from './handlebars.ts'

/** A place in a text that is read from the left to the right. */
export interface Cursor {
  readonly text: string
  at: number
  /** How many tags, and words in them, may still come. */
  words: number
}

/** What a tag says: a path or a literal, perhaps with what a helper of that name is given. */
export interface Phrase {
  readonly head: Operand
  readonly params: readonly Operand[]
  readonly hash: ReadonlyMap<string, Operand>
  readonly names: readonly string[]
}

/** How many tags and words in them one text may have: it is read in one turn of the event loop. Ours. */
export const mostWords = 20_000

/** How deep parentheses may be nested. Ours. */
const mostLevels = 20

const space = /\s*/y
const string = /"(?:\\"|[^"])*"|'(?:\\'|[^'])*'/y
const literal = /(?:-?\d+(?:\.\d+)?|true|false|null|undefined)(?=[~}\s)])/y
const segment = /\[(?:\\\]|[^\]])*\]|\.\.|\.(?=[~}\s)/])|[^\s!"#%-,./;->@[-^`{-~]+/y
const separator = /[./]/y
const hashKey = /([^\s!"#%-,./;->@[-^`{-~]+)\s*=\s*/y
const blockNames = /as\s+\|([^|]*)\|/y

/** What the pattern finds just here, which is passed over then. */
export function eat(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at
  const found = pattern.exec(cursor.text)?.[0]
  if (found !== undefined) cursor.at += found.length
  return found
}

export function countWord(cursor: Cursor): void {
  cursor.words -= 1
  if (cursor.words < 0) throw new HandlebarsError(`has more than ${mostWords} tags and words in them.`)
}

/** The error of a text that goes on otherwise than it could. */
export const unreadable = ({ text, at }: Cursor): HandlebarsError =>
  new HandlebarsError(`is no Handlebars expression at character ${at + 1}: ${text.slice(at, at + 20)}`)

const unquoted = (text: string): string => text.slice(1, -1).replaceAll(`\\${text[0]}`, text[0] ?? '')

/** The segments of a path, those in brackets without them. */
function segmentsAt(cursor: Cursor): readonly { readonly part: string; readonly isBare: boolean }[] {
  const segments = []
  do {
    countWord(cursor)
    const found = eat(cursor, segment)
    if (found === undefined) throw unreadable(cursor)
    const isBare = !found.startsWith('[')
    segments.push({ part: isBare ? found : found.slice(1, -1).replaceAll(/\\([\\\]])/g, '$1'), isBare })
  } while (eat(cursor, separator) !== undefined)
  return segments
}

const leads = ['.', '..', 'this']

function pathAt(cursor: Cursor): Path {
  const start = cursor.at
  const isData = cursor.text[cursor.at] === '@'
  if (isData) cursor.at += 1
  const segments = segmentsAt(cursor)
  const count = segments.findIndex(({ part, isBare }) => !isBare || !leads.includes(part))
  const lead = count < 0 ? segments : segments.slice(0, count)
  const rest = segments.slice(lead.length)
  if (rest.some(({ part, isBare }) => isBare && leads.includes(part)))
    throw unreadable({ ...cursor, at: start })
  const parts = rest.map(({ part }) => part)
  const isRoot = isData && parts[0] === 'root'
  const from = isData ? 'loop' : 'context'
  return {
    kind: 'path',
    from: isRoot ? 'root' : from,
    outwards: lead.filter(({ part }) => part === '..').length,
    isBare: !isData && lead.length === 0,
    parts: isRoot ? parts.slice(1) : parts,
    source: cursor.text.slice(start, cursor.at),
  }
}

/** A literal, a path, or `lookup` in parentheses: nothing else that comes with Handlebars gives a value. */
function operandAt(cursor: Cursor, level: number): Operand {
  const start = cursor.at
  countWord(cursor)
  const text = eat(cursor, string)
  if (text !== undefined) return { kind: 'literal', value: unquoted(text), source: text }
  const word = eat(cursor, literal)
  if (word !== undefined)
    return { kind: 'literal', value: word === 'undefined' ? undefined : jsonIn(word), source: word }
  if (cursor.text[cursor.at] !== '(') return pathAt(cursor)
  if (level >= mostLevels) throw new HandlebarsError(`has parentheses in more than ${mostLevels} levels.`)
  cursor.at += 1
  const phrase = phraseAt(cursor, level + 1)
  if (eat(cursor, /\)/y) === undefined) throw unreadable(cursor)
  return lookupOf(phrase, cursor.text.slice(start, cursor.at))
}

/** The name of a helper, where the phrase could have one. */
export function bareName({ head }: Phrase): string | undefined {
  return head.kind === 'path' && head.isBare && head.parts.length === 1 ? head.parts[0] : undefined
}

/** What a helper that is called for its value gives. */
export function lookupOf(phrase: Phrase, source: string): Lookup {
  const name = bareName(phrase)
  const [object, key] = phrase.params
  if (name !== 'lookup')
    throw new HandlebarsError(
      `calls ${quoted(phrase.head.source)}, which is no helper of Handlebars that gives a value.`,
    )
  if (object === undefined || key === undefined)
    throw new HandlebarsError('has a lookup without what is looked up, or where.')
  return { kind: 'lookup', object, key, source }
}

/** The names of a block, one parameter by a key, or one by its place. */
function paramAt(
  cursor: Cursor,
  level: number,
): Pick<Phrase, 'names'> | readonly [key: string, Operand] | Operand {
  const names = eat(cursor, blockNames)
  if (names !== undefined)
    return {
      names: names
        .slice(names.indexOf('|') + 1, -1)
        .trim()
        .split(/\s+/),
    }
  const key = eat(cursor, hashKey)
  const value = operandAt(cursor, level)
  return key === undefined ? value : [key.replace(/\s*=\s*$/, ''), value]
}

const isEnd = ({ text, at }: Cursor): boolean => at === text.length || '~})'.includes(text.charAt(at))

/** A head with its parameters, up to what does not belong to them. */
export function phraseAt(cursor: Cursor, level = 0): Phrase {
  eat(cursor, space)
  const head = operandAt(cursor, level)
  const params: Operand[] = []
  const hash = new Map<string, Operand>()
  let names: readonly string[] = []
  for (let gap = eat(cursor, space); !isEnd(cursor); gap = eat(cursor, space)) {
    if (gap === '') throw unreadable(cursor)
    const param = paramAt(cursor, level)
    if ('names' in param) names = param.names
    else if ('kind' in param) params.push(param)
    else hash.set(...param)
  }
  return { head, params, hash, names }
}

/** Whether it is more than the name of something. */
export const isCall = ({ params, hash }: Phrase): boolean => params.length > 0 || hash.size > 0
