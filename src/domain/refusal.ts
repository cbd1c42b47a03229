/** An expected no. Failures (a broken store, a defect) throw instead (DECISIONS 13). */
export interface Refusal<Code extends string = string> {
  readonly kind: 'refusal'
  readonly code: Code
  /** For the client's developer: says what to do, never what we know. */
  readonly description: string
}

export const refuse = <Code extends string>(code: Code, description: string): Refusal<Code> => ({
  kind: 'refusal',
  code,
  description,
})

export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'refusal'
