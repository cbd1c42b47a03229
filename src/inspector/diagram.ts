/** The sequence of a flow: who sent what to whom, as steps to read and as places to draw. */
import type { Exchange } from '#traffic/traffic.ts'
import { factsOf, redirectOf } from './reading.ts'

export const participants = ['Browser', 'Integration', 'Authorization server', 'Gateway', 'Upstream'] as const

export type Participant = (typeof participants)[number]

/** One arrow. */
export interface Step {
  /** Of the exchange that it is a part of. */
  readonly id: number
  readonly from: Participant
  readonly to: Participant
  readonly words: string
  readonly kind: 'request' | 'answer' | 'refusal'
}

/** Who calls whom: pages and the authorization endpoint are the browser's, everything else the integration's. */
function partiesOf({ surface, path }: Exchange): readonly [Participant, Participant] {
  if (surface === 'v7') return ['Integration', 'Gateway']
  if (path.endsWith('/callback')) return ['Browser', 'Integration']
  return [
    path.startsWith('/v7/') || path.startsWith('/.well-known/') ? 'Integration' : 'Browser',
    'Authorization server',
  ]
}

const withoutIds = (path: string): string => path.replace(/<[\w.-]+:[\w-]{8}>/g, 'ID')

/** What the request is for, in the protocol's words. */
function askedWords(exchange: Exchange): string {
  const grantType = factsOf(exchange).parameter('grant_type')
  // The endpoint's name is shorter than its path, and says as much.
  const place = exchange.path.startsWith('/v7/oauth2/') ? exchange.name : undefined
  const asked = `${exchange.method} ${place ?? withoutIds(exchange.path)}`
  return grantType === undefined ? asked : `${asked} (${grantType.split(':').at(-1)})`
}

/** Where a redirect leads, and with what. */
function redirectWords(exchange: Exchange): string {
  const location = redirectOf(exchange)
  if (!location) return ''
  const carried = ['code', 'error', 'state', 'iss'].filter((name) => location.searchParams.has(name))
  return ` to ${withoutIds(decodeURIComponent(location.pathname))}${carried.length > 0 ? ` with ${carried.join(', ')}` : ''}`
}

/** What the answer brings. */
function answerWords(exchange: Exchange): string {
  if (!exchange.answer) return exchange.fault === undefined ? 'no answer' : `no answer (${exchange.fault})`
  const { status, error, page } = factsOf(exchange)
  const body = exchange.answer.body?.text ?? ''
  const brought = ['access_token', 'refresh_token', 'device_code'].filter((name) =>
    body.includes(`"${name}"`),
  )
  const fault = exchange.fault === undefined ? '' : ` (${exchange.fault})`
  const [title] = page.split(' · ')
  if (title !== undefined && title !== '') return `${status} ${title}${fault}`
  if (error !== undefined) return `${status} ${error}${fault}`
  return `${status}${redirectWords(exchange)}${brought.length > 0 ? ` ${brought.join(', ')}` : ''}${fault}`
}

/** Whether the upstream was asked: it answered well, or the gateway's log says that the refusal is the upstream's. */
const reachedUpstream = ({ surface, answer, notes, fault }: Exchange): boolean =>
  surface === 'v7' &&
  answer !== undefined &&
  fault === undefined &&
  (answer.status < 400 || notes.some(({ code }) => code === 'upstream'))

/** The arrows of one exchange. */
export function stepsOf(exchange: Exchange): readonly Step[] {
  const { id } = exchange
  const [from, to] = partiesOf(exchange)
  const isRefusal = !exchange.answer || factsOf(exchange).error !== undefined || exchange.answer.status >= 400
  const kind = isRefusal ? 'refusal' : 'answer'
  const upstream: readonly Step[] = reachedUpstream(exchange)
    ? [
        {
          id,
          from: 'Gateway',
          to: 'Upstream',
          words: 'with a lent credential',
          kind: 'request',
        },
        { id, from: 'Upstream', to: 'Gateway', words: String(exchange.answer?.status ?? ''), kind },
      ]
    : []
  return [
    { id, from, to, words: askedWords(exchange), kind: 'request' },
    ...upstream,
    { id, from: to, to: from, words: answerWords(exchange), kind },
  ]
}

/** An arrow with its place, in pixels. */
export interface DrawnStep extends Step {
  readonly y: number
  readonly startX: number
  readonly endX: number
  /** Where the words stand, centred over the arrow. */
  readonly wordsX: number
  readonly label: string
  /** Of the head, as the points of a triangle. */
  readonly head: string
}

export interface Drawing {
  readonly width: number
  readonly height: number
  readonly lanes: readonly { readonly name: string; readonly x: number }[]
  readonly steps: readonly DrawnStep[]
}

const laneWidth = 192
const firstY = 84
const rowHeight = 38
/** Over an arrow between neighbours; between others there is room for more. */
const charactersPerLane = 31

const xOf = (participant: Participant): number =>
  laneWidth / 2 + participants.indexOf(participant) * laneWidth

const shortened = (words: string, limit: number): string =>
  words.length > limit ? `${words.slice(0, limit - 1)}…` : words

function drawn(step: Step, index: number): DrawnStep {
  const [startX, endX] = [xOf(step.from), xOf(step.to)]
  const y = firstY + index * rowHeight
  const back = endX > startX ? -9 : 9
  const lanes = Math.abs(endX - startX) / laneWidth
  return {
    ...step,
    y,
    startX,
    endX,
    wordsX: (startX + endX) / 2,
    label: shortened(step.words, Math.round(charactersPerLane * lanes)),
    head: `${endX},${y} ${endX + back},${y - 5} ${endX + back},${y + 5}`,
  }
}

/** Places the arrows below each other, one lane a participant. */
export const drawingOf = (steps: readonly Step[]): Drawing => ({
  width: laneWidth * participants.length,
  height: firstY + steps.length * rowHeight,
  lanes: participants.map((name) => ({ name, x: xOf(name) })),
  steps: steps.map(drawn),
})
