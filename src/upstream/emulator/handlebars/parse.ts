/** From a text to its program. */
import { bareName, isCall, lookupOf, type Phrase } from './expressions.ts'
import {
  type BlockKind,
  HandlebarsError,
  type Operand,
  type Part,
  type Program,
  quoted,
} from './handlebars.ts'
import { type Piece, piecesOf, type Tag } from './tags.ts'

/** How deep blocks may be nested. Ours. */
const mostLevels = 50

/** A block that is not closed yet. */
interface Opened {
  readonly phrase: Phrase
  readonly isInverse: boolean
  /** Opened by an `else` of the block around it, and closed with that. */
  readonly isChained: boolean
  readonly body: Part[]
  otherwise: Part[] | undefined
}

const blockHelpers: readonly string[] = ['if', 'unless', 'each', 'with']

/** What the block does, and with what. */
function workOf(phrase: Phrase): { readonly by: BlockKind; readonly operand: Operand } {
  const name = bareName(phrase)
  const { head, params } = phrase
  if (name !== undefined && blockHelpers.includes(name)) {
    const [operand] = params
    if (operand === undefined || params.length > 1)
      throw new HandlebarsError(`gives #${name} ${params.length} arguments in the place of one.`)
    return { by: name as BlockKind, operand }
  }
  if (params.length > 0)
    throw new HandlebarsError(`calls #${quoted(head.source)}, which is no helper of Handlebars.`)
  return { by: 'section', operand: head }
}

function blockOf({ phrase, isInverse, body, otherwise = [] }: Opened): Part {
  const includeZero = phrase.hash.get('includeZero')
  const [taken, left] = isInverse ? [otherwise, body] : [body, otherwise]
  return { kind: 'block', ...workOf(phrase), includeZero, names: phrase.names, body: taken, otherwise: left }
}

/** A value that is written; a literal by itself is a path, and `log` writes nothing. */
function valuesOf({ phrase, source }: Tag & { readonly kind: 'value' }): readonly Part[] {
  const { head } = phrase
  if (isCall(phrase)) {
    return bareName(phrase) === 'log'
      ? []
      : [{ kind: 'value', operand: lookupOf(phrase, source.slice(2, -2)) }]
  }
  if (head.kind !== 'literal') return [{ kind: 'value', operand: head }]
  const path = { kind: 'path', from: 'context', outwards: 0, isBare: true, source: head.source } as const
  return [{ kind: 'value', operand: { ...path, parts: [String(head.value)] } }]
}

/** The blocks that are open, and what is written into the innermost. */
class Blocks {
  readonly program: Part[] = []
  readonly #open: Opened[] = []

  write(...parts: readonly Part[]): void {
    const inner = this.#open.at(-1)
    ;(inner ? (inner.otherwise ?? inner.body) : this.program).push(...parts)
  }

  open(phrase: Phrase, { isInverse = false, isChained = false } = {}): void {
    if (this.#open.length >= mostLevels)
      throw new HandlebarsError(`has blocks in more than ${mostLevels} levels.`)
    this.#open.push({ phrase, isInverse, isChained, body: [], otherwise: undefined })
  }

  turn(phrase: Phrase | undefined): void {
    const inner = this.#open.at(-1)
    if (!inner || inner.otherwise) throw new HandlebarsError('has an else that belongs to no block.')
    inner.otherwise = []
    if (phrase) this.open(phrase, { isChained: true })
  }

  close(name: string): void {
    for (let inner = this.#open.pop(); inner; inner = this.#open.pop()) {
      if (!inner.isChained && inner.phrase.head.source !== name)
        throw new HandlebarsError(`closes ${quoted(name)} where ${quoted(inner.phrase.head.source)} is open.`)
      this.write(blockOf(inner))
      if (!inner.isChained) return
    }
    throw new HandlebarsError(`closes ${quoted(name)}, which is not open.`)
  }

  end(): Program {
    const left = this.#open.at(-1)
    if (left) throw new HandlebarsError(`does not close ${quoted(left.phrase.head.source)}.`)
    return this.program
  }
}

function read(piece: Piece, blocks: Blocks): void {
  if (typeof piece === 'string') blocks.write({ kind: 'text', text: piece })
  else if (piece.kind === 'value') blocks.write(...valuesOf(piece))
  else if (piece.kind === 'open') blocks.open(piece.phrase, piece)
  else if (piece.kind === 'else') blocks.turn(piece.phrase)
  else if (piece.kind === 'close') blocks.close(piece.name)
}

/** @throws HandlebarsError */
export function parse(text: string): Program {
  const blocks = new Blocks()
  for (const piece of text.includes('{{') ? piecesOf(text) : [text]) read(piece, blocks)
  return blocks.end()
}
