import type { Answerers, Call } from '../call.ts'
import { type JsonObject, objectOf, objectsOf, present } from '../json.ts'
import { httpNumbers } from '../measurements/http.ts'
import { notFound } from '../refusals.ts'
import { type EndpointSample, endpointFrame, endpointResults, endpointTestNamed } from './endpoint-samples.ts'

/** Thresholds of ours: how ThousandEyes grades a score is not published. */
function qualityOf(score: number): string {
  if (score >= 80) return 'great'
  return score >= 50 ? 'good' : 'poor'
}

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\r\n`).join('')

function expanded({ agent, target }: EndpointSample, code: number, { expand }: Call): JsonObject {
  const [client] = objectsOf(agent.fields['clients'])
  return {
    ...(expand.has('header') && {
      headers: {
        requestHeaders: lines(`GET ${target.path} HTTP/1.1`, `Host: ${target.host}`),
        responseHeaders: lines(`HTTP/1.1 ${code}`, 'Content-Type: text/html;charset=UTF-8'),
      },
    }),
    ...(expand.has('user-profile') && client && { userProfile: objectOf(client['userProfile']) }),
  }
}

function show(sample: EndpointSample, call: Call): JsonObject {
  const { pair, draw, network, target, isUnavailable } = sample
  const { healthScore, ...numbers } = httpNumbers({
    pair,
    sample: draw,
    latency: network.avgLatency,
    isTls: target.isTls,
    suffers: isUnavailable,
  })
  const applicationScore = Math.round(healthScore * 100)
  return present({
    ...endpointFrame(sample),
    ...numbers,
    errorType: isUnavailable ? 'http' : 'none',
    errorDetails: isUnavailable ? `${numbers.responseCode}` : undefined,
    score: { applicationScore, quality: qualityOf(applicationScore) },
    ...expanded(sample, numbers.responseCode, call),
  })
}

/** `GET /endpoint/test-results/scheduled-tests/{testId}/http-server`. */
export const endpointHttpResults = (): Answerers => ({
  getHttpServerScheduledTestResults(call) {
    const test = endpointTestNamed(call, false)
    if (test?.fields['type'] !== 'http-server') return notFound
    return endpointResults(call, { test, testSchema: 'EndpointHttpServerTest' }, (sample) =>
      show(sample, call),
    )
  },
})
