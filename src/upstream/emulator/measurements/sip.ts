import type { Draw } from './draw.ts'

/** Times in ms. */
export interface SipNumbers {
  readonly responseCode: number
  readonly dnsTime: number
  /** Only where there is a connection to make. */
  readonly connectTime?: number
  /** Only where the test registers. */
  readonly registerTime?: number
  readonly optionsTime: number
  readonly waitTime: number
  readonly responseTime: number
  readonly totalTime: number
}

/** What one check of a SIP server was like. */
export interface SipCheck {
  /** One round of an agent and a target. */
  readonly sample: Draw
  /** Average, ms. */
  readonly latency: number
  readonly isConnected: boolean
  readonly registers: boolean
  readonly suffers: boolean
}

/** Every request is refused first, and sent again with credentials (RFC 3261 §22.2). */
const tries = 2

/** Times add up: the response time is that to the first byte, the total time that to the last answer. */
export function sipNumbers({ sample, latency, isConnected, registers, suffers }: SipCheck): SipNumbers {
  const roundTrip = Math.max(1, Math.round(latency))
  const dnsTime = sample.whole('dns', [1, 18])
  const connectTime = isConnected ? roundTrip : 0
  const waitTime = roundTrip + sample.whole('wait', [1, 12])
  // A server that is not available refuses the first request for good.
  const optionsTime = suffers ? waitTime : waitTime * tries + sample.whole('options', [0, 6])
  const registerTime = registers && !suffers ? roundTrip * tries + sample.whole('register', [2, 24]) : 0
  return {
    responseCode: suffers ? 503 : 200,
    dnsTime,
    ...(isConnected && { connectTime }),
    ...(registers && { registerTime }),
    optionsTime,
    waitTime,
    responseTime: dnsTime + connectTime + waitTime,
    totalTime: dnsTime + connectTime + registerTime + optionsTime,
  }
}
