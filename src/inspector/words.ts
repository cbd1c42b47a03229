/** Exchanges as the pages say them. */
import type { Exchange, Fields, JournalBody, Surface } from '#traffic/traffic.ts'
import { factsOf } from './reading.ts'

const timeFormat = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  timeZone: 'UTC',
})

export const surfaceLabels: Readonly<Record<Surface, string>> = { oauth: 'OAuth', v7: 'v7', pages: 'Pages' }

/** One row of the list. The page's script makes the same rows of the same members. */
export interface Row {
  readonly id: number
  readonly href: string
  readonly time: string
  readonly iso: string
  readonly surface: string
  readonly name: string
  readonly request: string
  readonly client: string
  readonly status: string
  readonly isRefusal: boolean
  readonly duration: string
  readonly fault: string
}

export const statusOf = ({ answer }: Exchange): string => (answer ? String(answer.status) : 'none')

export const isRefusal = (exchange: Exchange): boolean =>
  !exchange.answer || exchange.answer.status >= 400 || factsOf(exchange).error !== undefined

export const rowOf = (exchange: Exchange): Row => ({
  id: exchange.id,
  href: `/inspector/exchanges/${exchange.id}`,
  time: timeFormat.format(exchange.at),
  iso: new Date(exchange.at).toISOString(),
  surface: surfaceLabels[exchange.surface],
  name: exchange.name ?? '',
  request: `${exchange.method} ${exchange.path}`,
  client: factsOf(exchange).parameter('client_id') ?? '',
  status: statusOf(exchange),
  isRefusal: isRefusal(exchange),
  duration: exchange.durationMs === undefined ? '' : `${Math.round(exchange.durationMs)} ms`,
  fault: exchange.fault ?? '',
})

export const fieldsInWords = (fields: Fields): readonly { readonly name: string; readonly value: string }[] =>
  fields.map(([name, value]) => ({ name, value }))

/** JSON over lines, a form one parameter a line; anything else as it is. */
export function bodyInWords(body: JournalBody | undefined): { text: string; note: string } | undefined {
  if (!body) return undefined
  const note = body.isCut ? `${body.bytes} bytes, of which this is a part` : `${body.bytes} bytes`
  try {
    return { text: JSON.stringify(JSON.parse(body.text), null, 2), note }
  } catch {
    const isForm = /^[\w.%-]+=[^\n]*$/.test(body.text) && body.text.includes('&')
    return { text: isForm ? body.text.replaceAll('&', '\n&') : body.text, note }
  }
}
