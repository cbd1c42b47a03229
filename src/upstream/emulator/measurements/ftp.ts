import { type Draw, round } from './draw.ts'

/** Times in ms, sizes in bytes. */
export interface FtpNumbers {
  readonly responseCode: number
  readonly dnsTime: number
  readonly connectTime: number
  readonly negotiationTime: number
  readonly waitTime: number
  readonly responseTime: number
  readonly transferTime: number
  readonly totalTime: number
  readonly wireSize: number
  /** Bytes a second. */
  readonly throughput: number
}

/** What one transfer was like. */
export interface Transfer {
  /** One agent and one target. */
  readonly pair: Draw
  /** One round of them. */
  readonly sample: Draw
  /** Average, ms. */
  readonly latency: number
  /** The largest number of bytes. */
  readonly limit: number
  readonly suffers: boolean
}

/** Commands before the transfer, each of which is answered: who, password, type, mode, which file. */
const commands = 5

/** RFC 959 §4.2: 226 ends a transfer; 421 says that the service is not available. */
const codes = { done: 226, unavailable: 421 }

/** Times add up as the document has it: the response time is that to the first byte, the total time that to the last. */
export function ftpNumbers({ pair, sample, latency, limit, suffers }: Transfer): FtpNumbers {
  const dnsTime = sample.number('dns', [0.4, 18], 3)
  const connectTime = round(latency, 3)
  // A server that is not available says so in place of its greeting.
  const answers = suffers ? 1 : commands
  const negotiationTime = round(latency * answers + sample.number('negotiation', [2, 40], 3), 3)
  const waitTime = suffers ? 0 : round(latency + sample.number('wait', [1, 30], 3), 3)
  const wireSize = suffers ? 0 : Math.min(limit, pair.whole('size', [20_000, 900_000]))
  const transferTime = suffers ? 0 : round(latency * sample.number('transfer', [0.6, 3], 3) + 1, 3)
  const responseTime = round(dnsTime + connectTime + negotiationTime + waitTime, 3)
  return {
    responseCode: suffers ? codes.unavailable : codes.done,
    dnsTime,
    connectTime,
    negotiationTime,
    waitTime,
    responseTime,
    transferTime,
    totalTime: round(responseTime + transferTime, 3),
    wireSize,
    throughput: transferTime === 0 ? 0 : Math.round((wireSize * 1000) / transferTime),
  }
}
