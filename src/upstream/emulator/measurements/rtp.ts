import type { Codec } from './codecs.ts'
import { type Draw, round } from './draw.ts'
import type { NetworkNumbers } from './network.ts'

/** Mean opinion score of a transmission rating (ITU-T G.107, annex B). */
function opinion(rating: number): number {
  const r = Math.min(100, Math.max(0, rating))
  return round(Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6), 6)
}

const bestRating = 93.2

export interface RtpNumbers {
  readonly mos: number
  readonly codecMaxMos: number
  /** Percent. */
  readonly loss: number
  readonly discards: number
  /** Ms, one way. */
  readonly latency: number
  readonly pdv: number
}

/** What delay costs (ITU-T G.107, simplified as is usual). @param delay one way, ms */
const delayImpairment = (delay: number): number =>
  0.024 * delay + (delay > 177.3 ? 0.11 * (delay - 177.3) : 0)

/**
 * How a stream would have sounded. Packets that the jitter buffer has no more use for are lost to the listener as well.
 * @param network what the same round measured of the network, @param jitterBuffer ms
 */
export function rtpNumbers(
  sample: Draw,
  { network, codec, jitterBuffer }: { network: NetworkNumbers; codec: Codec; jitterBuffer: number },
): RtpNumbers {
  const latency = Math.max(1, Math.round(network.avgLatency / 2))
  const late = Math.max(0, network.jitter * 4 - jitterBuffer)
  const discards = late === 0 ? 0 : round(Math.min(20, late * sample.number('late', [0.05, 0.2], 3)), 2)
  const missing = Math.min(100, network.loss + discards)
  const codecLoss = codec.impairment + ((95 - codec.impairment) * missing) / (missing + codec.robustness)
  return {
    mos: opinion(bestRating - delayImpairment(latency + jitterBuffer) - codecLoss),
    codecMaxMos: round(opinion(bestRating - codec.impairment), 2),
    loss: network.loss,
    discards,
    latency,
    pdv: Math.max(1, Math.round(network.jitter)),
  }
}
