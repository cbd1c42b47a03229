import { type Draw, round } from './draw.ts'

/** Times in ms, sizes in bytes. */
export interface HttpNumbers {
  readonly responseCode: number
  readonly numRedirects: number
  readonly redirectTime: number
  readonly dnsTime: number
  readonly connectTime: number
  readonly sslTime: number
  readonly waitTime: number
  readonly receiveTime: number
  readonly responseTime: number
  readonly totalTime: number
  readonly wireSize: number
  /** Bytes a second. */
  readonly throughput: number
  readonly healthScore: number
}

/** What one fetch was like. */
export interface Fetch {
  /** One agent and one target. */
  readonly pair: Draw
  /** One round of them. */
  readonly sample: Draw
  /** Average, ms. */
  readonly latency: number
  readonly isTls: boolean
  readonly suffers: boolean
}

/** Times add up: the response time is the time to the first byte, the total time that to the last. */
export function httpNumbers({ pair, sample, latency, isTls, suffers }: Fetch): HttpNumbers {
  const dnsTime = sample.whole('dns', [1, 18])
  const connectTime = Math.max(1, Math.round(latency))
  const sslTime = isTls ? Math.max(2, Math.round(latency * sample.number('tls', [1.1, 2.2], 3))) : 0
  const waitTime = Math.round(latency) + sample.whole('wait', suffers ? [900, 4_000] : [12, 160])
  const wireSize = suffers ? sample.whole('size', [180, 900]) : pair.whole('size', [4_000, 90_000])
  const receiveTime = Math.max(1, Math.round(latency * sample.number('receive', [0.05, 0.6], 3)))
  const responseTime = dnsTime + connectTime + sslTime + waitTime
  const totalTime = responseTime + receiveTime
  return {
    responseCode: suffers ? 503 : 200,
    numRedirects: 0,
    redirectTime: 0,
    dnsTime,
    connectTime,
    sslTime,
    waitTime,
    receiveTime,
    responseTime,
    totalTime,
    wireSize,
    throughput: round((wireSize * 1000) / totalTime, 0),
    healthScore: suffers ? 0 : round(Math.max(0.4, 1 - responseTime / 5_000), 2),
  }
}

export interface Certificate {
  /** Epoch seconds. */
  readonly issuedAt: number
  readonly expiresAt: number
}

const day = 86_400

/** A certificate of 90 days that is renewed every 60. @param at epoch seconds */
export function certificateAt(target: Draw, at: number): Certificate {
  const phase = target.whole('certificate', [0, 60]) * day
  const issuedAt = Math.floor((at - phase) / (60 * day)) * 60 * day + phase
  return { issuedAt, expiresAt: issuedAt + 90 * day }
}
