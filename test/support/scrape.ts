/** A scraper: reads /metrics of the operator listener as strictly as the exposition format 0.0.4 is written. */
import type { RunningPanoptes } from './panoptes.ts'

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  /** Of a histogram with `_bucket`, `_sum` or `_count` at its end. */
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

export interface Scrape {
  readonly text: string
  /** Names with their types. */
  readonly types: ReadonlyMap<string, string>
  readonly helps: ReadonlyMap<string, string>
  readonly samples: readonly Sample[]
  /** The sum of all samples of the name that have the labels; 0 when there is none. */
  value(name: string, labels?: Labels): number
}

const helpLine = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/
const typeLine = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary)$/
/** A string of Go: no quote, backslash or line break stands in it but behind a backslash. */
const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"'
const sampleLine = new RegExp(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(${label}(?:,${label})*)\\})? (\\S+)$`)
/** As Go reads numbers, which makes no difference between NaN and Nan. */
const number = /^(?:[-+]?(?:\d+(?:\.\d*)?(?:e[-+]?\d+)?|inf)|nan)$/i

function labelsOf(text: string): Labels {
  const pairs = [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, name = '', value = '']) =>
      [name, value.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one))] as const,
  )
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) throw new Error(`a label twice: ${text}`)
  return Object.fromEntries(pairs)
}

const numberOf = (text: string): number => Number(text.replace(/inf$/i, 'Infinity').replace(/^nan$/i, 'NaN'))

/** The samples that may follow the type line of a name. */
const namesOf = (name: string, type: string): readonly string[] => {
  if (type === 'histogram') return [`${name}_bucket`, `${name}_sum`, `${name}_count`]
  return type === 'summary' ? [name, `${name}_sum`, `${name}_count`] : [name]
}

interface Reading {
  readonly types: Map<string, string>
  readonly helps: Map<string, string>
  /** By name and labels. */
  readonly samples: Map<string, Sample>
  /** Which samples may come now. */
  allowed: readonly string[]
}

/** @returns whether the line is a comment that may stand here */
function readComment(reading: Reading, line: string): boolean {
  const [, helped, help = ''] = helpLine.exec(line) ?? []
  const [, typed, type = ''] = typeLine.exec(line) ?? []
  if (helped !== undefined && !reading.helps.has(helped)) reading.helps.set(helped, help)
  else if (typed !== undefined && !reading.types.has(typed)) {
    reading.types.set(typed, type)
    reading.allowed = namesOf(typed, type)
  } else return false
  return true
}

/** @returns whether the line is a sample that may stand here */
function readSample({ allowed, samples }: Reading, line: string): boolean {
  const [, name = '', labels = '', value = ''] = sampleLine.exec(line) ?? []
  if (!allowed.includes(name) || !number.test(value)) return false
  const sample = { name, labels: labelsOf(labels), value: numberOf(value) }
  const key = JSON.stringify([name, Object.entries(sample.labels).toSorted()])
  if (samples.has(key)) return false
  samples.set(key, sample)
  return true
}

/** @throws Error with the line that breaks the format */
export function readScrape(text: string): Scrape {
  const reading: Reading = { types: new Map(), helps: new Map(), samples: new Map(), allowed: [] }
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  for (const line of text.split('\n'))
    if (line !== '' && !(line.startsWith('#') ? readComment : readSample)(reading, line))
      throw new Error(`not of the format, or not at its place: ${line}`)
  const { types, helps } = reading
  const samples = [...reading.samples.values()]
  const has = (sample: Sample, wanted: Labels): boolean =>
    Object.entries(wanted).every(([name, value]) => sample.labels[name] === value)
  return {
    text,
    types,
    helps,
    samples,
    value: (name, wanted = {}) =>
      samples
        .filter((sample) => sample.name === name && has(sample, wanted))
        .reduce((sum, { value }) => sum + value, 0),
  }
}

/** What an emulator and a broker tell, each metric once: those of the broker that the emulator does not have are added. */
export function together(one: Scrape, other: Scrape): Scrape {
  const isNew = (name: string): boolean => !one.types.has(name.replace(/_(?:bucket|count|sum)$/, ''))
  const more = [...other.types].filter(([name]) => isNew(name))
  return {
    ...one,
    types: new Map([...one.types, ...more]),
    helps: new Map([...other.helps, ...one.helps]),
    samples: [...one.samples, ...other.samples.filter(({ name }) => isNew(name) && !one.types.has(name))],
  }
}

export async function scrape({ operatorUrl }: Pick<RunningPanoptes, 'operatorUrl'>): Promise<Scrape> {
  const answer = await fetch(`${operatorUrl}/metrics`, { signal: AbortSignal.timeout(10_000) })
  if (answer.status !== 200) throw new Error(`not scraped: ${answer.status} ${await answer.text()}`)
  return readScrape(await answer.text())
}
