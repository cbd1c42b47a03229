import type { Answerers, Call } from '../call.ts'
import { type JsonObject, textOf } from '../json.ts'
import { httpNumbers } from '../measurements/http.ts'
import type { PageObject } from '../measurements/page.ts'
import { targetOfUrl } from '../measurements/target.ts'
import {
  readScript,
  type TransactionNumbers,
  type TransactionPage,
  transactionNumbers,
} from '../measurements/transaction.ts'
import { harOf } from './har.ts'
import { httpError, reasonOf } from './http-sample.ts'
import { agentRound, ownResults, pagedResults } from './result-kinds.ts'
import { appLink, rowFrame, type Sample } from './result-rows.ts'

const transactions = ownResults('web-transactions')

/** Seconds (official document, `timeLimit`). */
const usualLimit = 30

/** What an agent's run of the test's script was like. An incident hits the test's own target, or what the script opens first. */
export function transactionOf(sample: Sample): TransactionNumbers {
  const { test, pair, draw, network, target: own, isUnavailable } = sample
  const script = readScript(textOf(test.fields['transactionScript']) ?? '', textOf(test.fields['url']) ?? '')
  const hosts = script.urls.map((url) => targetOfUrl(url).host)
  const badHost = hosts.includes(own.host) ? own.host : hosts[0]
  const latency = network.avgLatency
  return transactionNumbers({
    sample: draw,
    script,
    latency,
    documentOf: ({ host, isTls }, one) =>
      httpNumbers({
        pair: pair.of(host),
        sample: one,
        latency,
        isTls,
        suffers: isUnavailable && host === badHost,
      }),
    limit: Number(test.fields['timeLimit'] ?? usualLimit) * 1000,
  })
}

const errorOf = (sample: Sample, { isTimeout }: TransactionNumbers): JsonObject =>
  isTimeout ? { errorType: 'Timeout', errorDetails: 'The script took too long.' } : httpError(sample, 503)

const roundPath = ({ agent, round }: Sample): string =>
  `${transactions.name}/agent/${agent.id}/round/${round}`

const shown = (sample: Sample, call: Call, run: TransactionNumbers): JsonObject => ({
  ...rowFrame(sample, call, roundPath(sample)),
  ...errorOf(sample, run),
  componentErrors: run.componentErrors,
  transactionTime: run.time,
})

/** Titles are not measured here: a page is named by its host. */
const shownPage = ({ target, page }: TransactionPage, pageNum: number): JsonObject => ({
  pageNum,
  pageName: target.host,
  componentCount: page.objects.length,
  errorCount: page.numErrors,
  duration: page.pageLoadTime,
})

function detail(sample: Sample, call: Call): JsonObject {
  const run = transactionOf(sample)
  return {
    ...shown(sample, call, run),
    markers: run.markers.map((marker) => ({ ...marker })),
    pages: run.pages.map(shownPage),
  }
}

/** One page of a round, by its `pageNum`: the only id of a page that rounds show. */
function pageDetail(sample: Sample, call: Call): JsonObject | undefined {
  const { pageId = '' } = call.parameters
  const run = transactionOf(sample)
  const pageNum = /^\d{1,3}$/.test(pageId) ? Number(pageId) : -1
  const visited = run.pages[pageNum]
  if (!visited) return undefined
  const { target, page, startedAt } = visited
  return {
    ...detail(sample, call),
    pages: [shownPage(visited, pageNum)],
    har: harOf({ target, title: target.host, page, startedAt: sample.round * 1000 + startedAt }),
  }
}

interface LogLine {
  readonly at: number
  readonly level: string
  readonly value: string
}

const failureOf = (at: number, { status, path }: PageObject): LogLine => ({
  at,
  level: 'SEVERE',
  value:
    status === 0
      ? `${path} - Failed to load resource: net::ERR_TIMED_OUT`
      : `${path} - Failed to load resource: the server responded with a status of ${status} (${reasonOf(status)})`,
})

/** What the console of the browser held: a line when a page was ready, and one for everything that failed. */
const linesOf = ({ startedAt, target, page }: TransactionPage): readonly LogLine[] =>
  [
    ...page.objects
      .filter(({ status }) => status === 0 || status >= 400)
      .map((object) => failureOf(startedAt + object.startedAt + object.time, object)),
    { at: startedAt + page.domLoadTime, level: 'INFO', value: `${target.host} is ready.` },
  ].sort((a, b) => a.at - b.at)

/** Logs are collected on demand alone (official document, `flagCollectConsoleLogs`). */
function consoleLogs(sample: Sample, call: Call): JsonObject {
  const { test, round } = sample
  const { agent = {}, date = '', roundId = round } = rowFrame(sample, call, roundPath(sample))
  const lines =
    test.fields['flagCollectConsoleLogs'] === true ? transactionOf(sample).pages.flatMap(linesOf) : []
  return {
    agent,
    date,
    roundId,
    ...appLink(test, call, roundPath(sample)),
    consoleLogs: lines.map(({ at, level, value }) => ({
      level,
      timestamp: String(round * 1000 + at),
      value,
    })),
  }
}

/** `GET /test-results/{testId}/web-transactions`: rounds, one agent's one round, its pages and its console. */
export const webTransactionResults = (): Answerers => ({
  getTestWebTransactionResults: pagedResults(transactions, (sample, call) =>
    shown(sample, call, transactionOf(sample)),
  ),
  getTestWebTransactionAgentRoundResults: agentRound(transactions, detail),
  getTestWebTransactionAgentRoundPageResults: agentRound(transactions, pageDetail),
  getTestConsoleLogsAgentRoundResults: agentRound(transactions, consoleLogs),
})
