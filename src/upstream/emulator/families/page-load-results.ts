import type { Answerers, Call } from '../call.ts'
import type { JsonObject } from '../json.ts'
import { type PageNumbers, pageNumbers } from '../measurements/page.ts'
import { harOf } from './har.ts'
import { httpOf } from './http-sample.ts'
import { agentRound, ownResults, pagedResults } from './result-kinds.ts'
import { rowFrame, type Sample } from './result-rows.ts'

const pageLoad = ownResults('page-load')

/** Seconds (official document, `pageLoadTimeLimit`). */
const usualLimit = 10

/** What was measured, without the form of the answer. */
export const pageOf = (sample: Sample): PageNumbers =>
  pageNumbers({
    sample: sample.draw,
    target: sample.target,
    latency: sample.network.avgLatency,
    document: httpOf(sample),
    limit: Number(sample.test.fields['pageLoadTimeLimit'] ?? usualLimit) * 1000,
  })

const detailPath = ({ agent, round }: Sample): string => `${pageLoad.name}/agent/${agent.id}/round/${round}`

function shown(sample: Sample, call: Call, page: PageNumbers): JsonObject {
  const { objects, ...numbers } = page
  return { ...rowFrame(sample, call, detailPath(sample)), ...numbers, numObjects: objects.length }
}

function detail(sample: Sample, call: Call): JsonObject {
  const { target, round } = sample
  const page = pageOf(sample)
  const har = harOf({ target, title: target.host, page, startedAt: round * 1000 })
  return { ...shown(sample, call, page), har }
}

/** `GET /test-results/{testId}/page-load`, and one agent's one round with its HTTP archive. */
export const pageLoadResults = (): Answerers => ({
  getTestPageLoadResults: pagedResults(pageLoad, (sample, call) => shown(sample, call, pageOf(sample))),
  getTestPageLoadAgentRoundResults: agentRound(pageLoad, detail),
})
