/**
 * Handlebars, as templates are written in it (official document, `Template`): paths, comments, whitespace control and the helpers
 * that come with it (`if`, `unless`, `each`, `with`, `lookup`, `log`), over values that are JSON.
 * A text is read into a program and the program is walked: nothing that a client wrote is made into code, no value gives what it
 * inherits, and every walk is bounded. Partials, decorators, raw blocks and helpers of one's own are refused: nobody could
 * register any. Nothing is escaped for HTML, as what is filled is no page. Knows no templates.
 */
import type { Json } from '../json.ts'

/** Why a text cannot be read or filled, as what goes after its name. */
export class HandlebarsError extends Error {}

/** What a client wrote, as far as a message repeats it. */
export const quoted = (source: string): string => (source.length > 60 ? `${source.slice(0, 60)}…` : source)

export interface Path {
  readonly kind: 'path'
  /** Where it starts: at what stands in place, so many `../` further out; at the top; or at what a loop says of itself. */
  readonly from: 'context' | 'root' | 'loop'
  readonly outwards: number
  /** Whether it may start at what a block calls its value: `this.x` and `../x` do not. */
  readonly isBare: boolean
  readonly parts: readonly string[]
  readonly source: string
}

export interface Literal {
  readonly kind: 'literal'
  readonly value: Json | undefined
  readonly source: string
}

export interface Lookup {
  readonly kind: 'lookup'
  readonly object: Operand
  readonly key: Operand
  readonly source: string
}

export type Operand = Path | Literal | Lookup

/** The helpers that have a block; a block by any other name goes by what its path leads to. */
export type BlockKind = 'if' | 'unless' | 'each' | 'with' | 'section'

export interface Block {
  readonly kind: 'block'
  readonly by: BlockKind
  readonly operand: Operand
  /** Whether the number 0 counts as true: `includeZero` of `if` and `unless`. */
  readonly includeZero: Operand | undefined
  /** What the block calls its value, and the key of it: `as |value key|`. */
  readonly names: readonly string[]
  readonly body: Program
  readonly otherwise: Program
}

export type Part = { readonly kind: 'text'; readonly text: string } | Value | Block

export interface Value {
  readonly kind: 'value'
  readonly operand: Path | Lookup
}

export type Program = readonly Part[]
