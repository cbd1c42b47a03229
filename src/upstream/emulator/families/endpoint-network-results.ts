import type { Answer, Answerers, Call } from '../call.ts'
import { type JsonObject, present } from '../json.ts'
import { idInSlot } from '../measurements/slot-id.ts'
import { isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { userProfileOf, wirelessOf } from './endpoint-machine.ts'
import { loadOf } from './endpoint-machine-profile.ts'
import { dynamicKeys } from './endpoint-protocols.ts'
import { type SearchedKind, searchResults, testsSearched } from './endpoint-result-search.ts'
import { type EndpointSample, endpointFrame, endpointTestNamed } from './endpoint-samples.ts'
import { qualityOf } from './endpoint-scores.ts'
import { exactly, type Measures } from './endpoint-search.ts'

const scoreOf = ({ network }: EndpointSample): number => Math.round(network.healthScore * 100)

/** Thresholds and orders compare the numbers that rows show; machines here have no zero-trust client, and so none of its metrics. */
const measures: Measures<EndpointSample> = {
  'round-id': ({ round }) => round,
  loss: ({ network }) => network.loss,
  latency: ({ network }) => network.avgLatency,
  jitter: ({ network }) => network.jitter,
  cpu: ({ agent, draw }) => loadOf(agent, draw).cpu,
  memory: ({ agent, draw }) => loadOf(agent, draw).usedMemory,
  'signal-quality': ({ agent }) => {
    const { quality } = wirelessOf(agent)
    return typeof quality === 'number' ? quality : undefined
  },
  'application-score': scoreOf,
}

function show(sample: EndpointSample, { expand }: Call): JsonObject {
  const { loss, minLatency, avgLatency, maxLatency, jitter } = sample.network
  const applicationScore = scoreOf(sample)
  return present({
    ...endpointFrame(sample),
    loss,
    minLatency,
    avgLatency,
    maxLatency,
    jitter,
    isIcmpBlocked: false,
    score: { applicationScore, quality: qualityOf(applicationScore) },
    userProfile: expand.has('user-profile') ? userProfileOf(sample.agent) : undefined,
  })
}

const scheduled: SearchedKind<EndpointSample> = {
  rowOf: (sample) => sample,
  facets: {},
  measures,
  show,
}

/** One meeting of Webex, which an agent takes part in. */
interface Meeting {
  readonly conferenceId: string
  readonly correlationId: string
  readonly localSipSessionId: string
  readonly remoteSipSessionId: string
}

const meetingSeconds = 3_600

/** Meetings last an hour here, from one full hour to the next. */
function meetingOf({ test, pair, round }: EndpointSample): Meeting | undefined {
  if (test.fields['application'] !== 'webex') return undefined
  const hour = Math.floor(round / meetingSeconds)
  const draw = pair.of(`meeting ${hour}`)
  return {
    conferenceId: BigInt(`0x${draw.hex('conference', 14)}`).toString(),
    correlationId: idInSlot(draw, hour),
    localSipSessionId: draw.hex('local', 32),
    remoteSipSessionId: draw.hex('remote', 32),
  }
}

interface MeetingSample {
  readonly sample: EndpointSample
  readonly meeting: Meeting | undefined
}

const fromMeeting = (key: keyof Meeting): ReturnType<typeof exactly<MeetingSample>> =>
  exactly(({ meeting }) => (meeting ? [meeting[key]] : []))

const dynamic: SearchedKind<MeetingSample> = {
  rowOf: (sample) => ({ sample, meeting: meetingOf(sample) }),
  facets: {
    webexConferenceId: fromMeeting('conferenceId'),
    webexCorrelationId: fromMeeting('correlationId'),
    webexLocalSipSessionId: fromMeeting('localSipSessionId'),
  },
  measures: Object.fromEntries(
    Object.entries(measures).map(([name, measure]) => [name, ({ sample }: MeetingSample) => measure(sample)]),
  ),
  show: ({ sample, meeting }, call) => ({
    ...show(sample, call),
    ...dynamicKeys(sample.test),
    ...(meeting && { webex: { ...meeting } }),
  }),
}

/** A test that measures no network has no results of it. */
const measuresNetwork = ({ fields }: Entry): boolean => fields['networkMeasurements'] !== false

function many(call: Call): Answer | V7Refusal {
  const tests = testsSearched(call)
  if (isV7Refusal(tests)) return tests
  return searchResults(call, { tests: tests.filter(measuresNetwork) }, scheduled)
}

/** Loss, latency and jitter of one scheduled test, of many, and of one dynamic test. */
export const endpointNetworkResults = (): Answerers => ({
  filterScheduledTestNetworkResults(call) {
    const test = endpointTestNamed(call, false)
    return test && measuresNetwork(test)
      ? searchResults(call, { tests: [test], testSchema: 'EndpointScheduledTest' }, scheduled)
      : notFound
  },
  filterScheduledTestsNetworkResults: many,
  filterDynamicTestNetworkResults(call) {
    const test = endpointTestNamed(call, true)
    return test && measuresNetwork(test)
      ? searchResults(call, { tests: [test], testSchema: 'DynamicTest' }, dynamic)
      : notFound
  },
})
