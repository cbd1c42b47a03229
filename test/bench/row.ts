/** One measured comparison; `ratio` is subject over peer, so above 1 the subject's value is the larger one. */
export interface Row {
  readonly scenario: string
  readonly subject: string
  readonly peer: string
  readonly metric: string
  readonly subjectValue: number
  readonly peerValue: number
  readonly ratio: number
  /** Of the ratios of the single rounds: (largest - smallest) / median; 0 for a single measurement. */
  readonly spread: number
}

/** What a scenario promises, for the reader of the table. */
export interface Goal {
  readonly scenario: string
  readonly metric: string
  readonly holds: (row: Row) => boolean
  readonly text: string
}

export interface Scenario {
  readonly name: string
  readonly goals: readonly Goal[]
  run(): Promise<readonly Row[]>
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const [low = 0, high = low] =
    sorted.length % 2 === 1 ? [sorted[middle]] : [sorted[middle - 1], sorted[middle]]
  return (low + high) / 2
}

export type RowNames = Pick<Row, 'scenario' | 'subject' | 'peer' | 'metric'>

/** The row of paired rounds: subject and peer ran in turn, so that a drifting machine moves both. */
export function rowOf(
  names: RowNames,
  rounds: readonly { readonly subject: number; readonly peer: number }[],
): Row {
  const ratios = rounds.map(({ subject, peer }) => subject / peer)
  return {
    ...names,
    subjectValue: median(rounds.map(({ subject }) => subject)),
    peerValue: median(rounds.map(({ peer }) => peer)),
    ratio: median(ratios),
    spread: ratios.length < 2 ? 0 : (Math.max(...ratios) - Math.min(...ratios)) / median(ratios),
  }
}
