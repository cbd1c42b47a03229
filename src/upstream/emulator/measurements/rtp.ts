import { type Draw, round } from './draw.ts'
import type { NetworkNumbers } from './network.ts'

/** A codec of voice tests (official document, `codecId`), with the best opinion it can earn and how loss impairs it. */
export interface Codec {
  readonly name: string
  /** Impairment of the codec itself, and how robust it is against loss (ITU-T G.113, appendix I; wideband ones are ours). */
  readonly impairment: number
  readonly robustness: number
}

const codecs: readonly Codec[] = [
  { name: 'G.711 @ 64 Kbps', impairment: 0, robustness: 25.1 },
  { name: 'G.722.1 @ 24 Kbps (WB)', impairment: 13, robustness: 14 },
  { name: 'G.722.1 @ 32 Kbps (WB)', impairment: 7, robustness: 14 },
  { name: 'G.726 @ 32 Kbps', impairment: 7, robustness: 20 },
  { name: 'G.723.1 @ 6.4 Kbps', impairment: 15, robustness: 16.1 },
  { name: 'G.729a @ 8 Kbps', impairment: 11, robustness: 19 },
  { name: 'RTAudio @ 45 Kbps (WB)', impairment: 8, robustness: 15 },
  { name: 'RTAudio @ 27.8 Kbps', impairment: 10, robustness: 15 },
  { name: 'SILK @ 36 Kbps (WB)', impairment: 5, robustness: 18 },
  { name: 'G.722 @ 64 Kbps (WB)', impairment: 5, robustness: 20 },
]

/** @param id as tests have it; the first codec for one that there is not */
export const codecOf = (id: string): Codec => codecs[Number(id)] ?? (codecs[0] as Codec)

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
