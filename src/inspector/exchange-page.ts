/** The page at `GET /inspector/exchanges/ID`: one exchange, what was checked for it, and how to send it again. */
import type { Views } from '#http/page.ts'
import type { Exchange } from '#traffic/traffic.ts'
import { curlOf } from './curl.ts'
import { explain } from './explanations.ts'
import type { Outcome } from './judge.ts'
import { bodyInWords, fieldsInWords, isRefusal, rowOf } from './words.ts'

export interface ExchangePage {
  readonly exchange: Exchange
  /** Its flow, in ascending order. */
  readonly flow: readonly Exchange[]
  readonly origin: string
}

const outcomeWords: Readonly<Record<Outcome, string>> = {
  held: 'held',
  refused: 'refused',
  perhaps: 'may have refused',
  'not reached': 'not reached',
  'not told': 'cannot be told',
}

/** Links Before and After in the same flow; button Copy. */
export function exchangePage(views: Views, { exchange, flow, origin }: ExchangePage): string {
  const index = flow.findIndex(({ id }) => id === exchange.id)
  const neighbour = (at: number): { href: string; request: string } | undefined => {
    const found = at < 0 ? undefined : flow[at]
    return found && { href: rowOf(found).href, request: rowOf(found).request }
  }
  const { summary, checks } = explain(exchange)
  const { answer } = exchange
  return views.render('inspector-exchange', {
    ...rowOf(exchange),
    isRefused: isRefusal(exchange),
    summary,
    checks: checks.map((check) => ({
      ...check,
      outcome: outcomeWords[check.outcome],
      kind: check.outcome.replace(' ', '-'),
    })),
    notes: exchange.notes.map(({ event, code, detail }) => [event, code, detail].filter(Boolean).join(': ')),
    address: exchange.address,
    query: fieldsInWords(exchange.query),
    headers: fieldsInWords(exchange.headers),
    body: bodyInWords(exchange.body),
    answer: answer && {
      status: answer.status,
      headers: fieldsInWords(answer.headers),
      body: bodyInWords(answer.body),
      isWhole: answer.isWhole,
    },
    curl: curlOf(exchange, origin),
    before: neighbour(index - 1),
    after: neighbour(index + 1),
    flowHref: `/inspector/flow?of=${exchange.id}`,
  })
}
