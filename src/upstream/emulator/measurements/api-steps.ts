import { type Draw, round } from './draw.ts'

/** One request that an API test makes. */
export interface ApiStep {
  readonly isTls: boolean
  /** Ms that the test waits after it. */
  readonly pause: number
  /** What the test expects of the answer: a status that the target does not give in an incident, or anything else. */
  readonly assertions: readonly { readonly isOfStatus: boolean }[]
}

/** Times in ms. */
export interface ApiStepNumbers {
  readonly dnsTime: number
  readonly connectTime: number
  readonly blockedTime: number
  readonly sendTime: number
  readonly waitTime: number
  readonly responseTime: number
  readonly receiveTime: number
  readonly apiCallTime: number
  readonly processingTime: number
  readonly stepTime: number
  /** In the order of the test's assertions. */
  readonly failed: readonly boolean[]
  readonly isDone: boolean
}

export interface ApiNumbers {
  /** The steps that came to an end: none behind one that failed. */
  readonly steps: readonly ApiStepNumbers[]
  /** The sum of the steps' times, or the limit that cut them off. */
  readonly time: number
  /** Percent of all steps. */
  readonly completion: number
  readonly isTimeout: boolean
}

/** What one run of the steps was like. */
export interface ApiRun {
  /** One round of an agent and a target. */
  readonly sample: Draw
  /** Average, ms. */
  readonly latency: number
  readonly steps: readonly ApiStep[]
  /** Whether the target answers wrongly. */
  readonly suffers: boolean
  /** Ms. */
  readonly limit: number
}

function stepNumbers(step: ApiStep, sample: Draw, { latency, suffers }: ApiRun): ApiStepNumbers {
  const dnsTime = sample.number('dns', [0.5, 18], 1)
  const connectTime = round(Math.max(0.1, latency), 1)
  const tls = step.isTls ? latency * sample.number('tls', [1.1, 2.2], 3) : 0
  const blockedTime = round(dnsTime + connectTime + tls + sample.number('socket', [0.1, 3], 1), 1)
  const sendTime = sample.number('send', [0.1, 4], 1)
  const waitTime = round(latency + sample.number('wait', suffers ? [900, 4_000] : [8, 140], 1), 1)
  const receiveTime = round(latency * sample.number('receive', [0.05, 0.6], 3), 1)
  const responseTime = round(sendTime + waitTime, 1)
  const apiCallTime = round(blockedTime + responseTime + receiveTime, 1)
  const processingTime = round(step.pause + sample.number('processing', [0.5, 12], 1), 1)
  const failed = step.assertions.map(({ isOfStatus }) => suffers && isOfStatus)
  return {
    dnsTime,
    connectTime,
    blockedTime,
    sendTime,
    waitTime,
    responseTime,
    receiveTime,
    apiCallTime,
    processingTime,
    stepTime: round(apiCallTime + processingTime, 1),
    failed,
    isDone: !suffers,
  }
}

/**
 * Steps one after the other, up to one that fails or to the limit. Parts add up: the response time is that of sending and
 * waiting, the call's that of its socket, response and receiving, the step's that of call and processing.
 */
export function apiNumbers(run: ApiRun): ApiNumbers {
  const steps: ApiStepNumbers[] = []
  let time = 0
  let isTimeout = false
  for (const [index, step] of run.steps.entries()) {
    const made = stepNumbers(step, run.sample.of(`step ${index}`), run)
    isTimeout = time + made.stepTime > run.limit
    if (isTimeout) break
    steps.push(made)
    time = round(time + made.stepTime, 1)
    if (!made.isDone) break
  }
  const done = steps.filter(({ isDone }) => isDone).length
  return {
    steps,
    time: isTimeout ? run.limit : time,
    isTimeout,
    completion: round((done * 100) / Math.max(1, run.steps.length), 1),
  }
}
