import type { Answerers, Call } from '../call.ts'
import { type JsonObject, objectsOf, textOf } from '../json.ts'
import { type ApiNumbers, type ApiStep, type ApiStepNumbers, apiNumbers } from '../measurements/api-steps.ts'
import { httpError } from './http-sample.ts'
import { agentRound, ownResults, pagedResults } from './result-kinds.ts'
import { rowFrame, type Sample } from './result-rows.ts'

const api = ownResults('api')

/** Seconds (official document, `timeLimit`). */
const usualLimit = 30

const requestsOf = ({ test }: Sample): readonly JsonObject[] => objectsOf(test.fields['requests'])

const stepOf = ({ url, waitTimeMs, assertions }: JsonObject): ApiStep => ({
  isTls: textOf(url)?.startsWith('http://') !== true,
  pause: Number(waitTimeMs ?? 0),
  assertions: objectsOf(assertions).map(({ name }) => ({ isOfStatus: name === 'status-code' })),
})

/** What was measured, without the form of the answer. */
export const runOf = (sample: Sample): ApiNumbers =>
  apiNumbers({
    sample: sample.draw,
    latency: sample.network.avgLatency,
    steps: requestsOf(sample).map(stepOf),
    suffers: sample.isUnavailable,
    limit: Number(sample.test.fields['timeLimit'] ?? usualLimit) * 1000,
  })

const shown = (sample: Sample, call: Call, { time, completion, isTimeout }: ApiNumbers): JsonObject => ({
  ...rowFrame(sample, call, `${api.name}/agent/${sample.agent.id}/round/${sample.round}`),
  apiTransactionTime: time,
  completion,
  ...(isTimeout
    ? { errorType: 'Timeout', errorDetails: 'The steps took too long.' }
    : httpError(sample, 503)),
})

/** @param index of the step, from 0 on */
function shownStep({ name, url, authType }: JsonObject, step: ApiStepNumbers, index: number): JsonObject {
  const { failed, isDone, ...times } = step
  return {
    ...times,
    name: textOf(name) ?? '',
    url: textOf(url) ?? '',
    stepNumber: index + 1,
    stepType: authType === 'oauth2' ? 'oauth2' : 'default',
    completion: isDone ? 100 : 0,
    assertErrorCount: failed.filter(Boolean).length,
    assertions: failed.map((hasFailed, at) => ({ step: at + 1, hasFailed })),
  }
}

function detail(sample: Sample, call: Call): JsonObject {
  const run = runOf(sample)
  const requests = requestsOf(sample)
  return {
    ...shown(sample, call, run),
    requests: run.steps.map((step, index) => shownStep(requests[index] ?? {}, step, index)),
  }
}

/** `GET /test-results/{testId}/api`, and one agent's one round step by step. */
export const apiResults = (): Answerers => ({
  getTestApiResults: pagedResults(api, (sample, call) => shown(sample, call, runOf(sample))),
  getTestApiAgentRoundResults: agentRound(api, detail),
})
