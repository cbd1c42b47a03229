import type { Answer, Answerers, Call } from '../call.ts'
import { type JsonObject, present } from '../json.ts'
import { type HttpNumbers, httpNumbers } from '../measurements/http.ts'
import { isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { userProfileOf } from './endpoint-machine.ts'
import { type SearchedKind, searchResults, testsSearched } from './endpoint-result-search.ts'
import { type EndpointSample, endpointFrame, endpointResults, endpointTestNamed } from './endpoint-samples.ts'
import { qualityOf } from './endpoint-scores.ts'

/** One fetch of an agent, with its numbers. */
interface Fetched {
  readonly sample: EndpointSample
  readonly numbers: HttpNumbers
}

/** What was measured, without the form of the answer. */
export const fetchOf = ({ pair, draw, network, target, isUnavailable }: EndpointSample): HttpNumbers =>
  httpNumbers({
    pair,
    sample: draw,
    latency: network.avgLatency,
    isTls: target.isTls,
    suffers: isUnavailable,
  })

const fetchedIn = (sample: EndpointSample): Fetched => ({ sample, numbers: fetchOf(sample) })

const scoreOf = ({ numbers }: Fetched): number => Math.round(numbers.healthScore * 100)

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\r\n`).join('')

function expanded({ sample: { agent, target }, numbers }: Fetched, { expand }: Call): JsonObject {
  return present({
    headers: expand.has('header')
      ? {
          requestHeaders: lines(`GET ${target.path} HTTP/1.1`, `Host: ${target.host}`),
          responseHeaders: lines(`HTTP/1.1 ${numbers.responseCode}`, 'Content-Type: text/html;charset=UTF-8'),
        }
      : undefined,
    userProfile: expand.has('user-profile') ? userProfileOf(agent) : undefined,
  })
}

function show(fetched: Fetched, call: Call): JsonObject {
  const { isUnavailable } = fetched.sample
  const { healthScore: _, ...numbers } = fetched.numbers
  const applicationScore = scoreOf(fetched)
  return present({
    ...endpointFrame(fetched.sample),
    ...numbers,
    errorType: isUnavailable ? 'http' : 'none',
    errorDetails: isUnavailable ? `${numbers.responseCode}` : undefined,
    score: { applicationScore, quality: qualityOf(applicationScore) },
    ...expanded(fetched, call),
  })
}

const http: SearchedKind<Fetched> = {
  rowOf: fetchedIn,
  facets: {},
  measures: {
    'round-id': ({ sample }) => sample.round,
    'response-time': ({ numbers }) => numbers.responseTime,
    'dns-time': ({ numbers }) => numbers.dnsTime,
    'connect-time': ({ numbers }) => numbers.connectTime,
    'ssl-time': ({ numbers }) => numbers.sslTime,
    'wait-time': ({ numbers }) => numbers.waitTime,
    'response-code': ({ numbers }) => numbers.responseCode,
    'wire-size': ({ numbers }) => numbers.wireSize,
    throughput: ({ numbers }) => numbers.throughput,
    'application-score': scoreOf,
  },
  show,
}

const isHttp = (test: Entry | undefined): test is Entry => test?.fields['type'] === 'http-server'

function many(call: Call): Answer | V7Refusal {
  const tests = testsSearched(call)
  if (isV7Refusal(tests)) return tests
  return searchResults(call, { tests: tests.filter(isHttp) }, http)
}

/** Timings of scheduled HTTP tests: those of one test, and searched in one or in many. */
export const endpointHttpResults = (): Answerers => ({
  getHttpServerScheduledTestResults(call) {
    const test = endpointTestNamed(call, false)
    if (!isHttp(test)) return notFound
    return endpointResults(call, { test, testSchema: 'EndpointHttpServerTest' }, (sample) =>
      show(fetchedIn(sample), call),
    )
  },
  getSingleTestFilteredHttpServerScheduledTestResults(call) {
    const test = endpointTestNamed(call, false)
    return isHttp(test) ? searchResults(call, { tests: [test] }, http) : notFound
  },
  getMultiTestFilteredHttpServerScheduledTestResults: many,
})
