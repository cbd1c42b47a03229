import { type Draw, round } from './draw.ts'

/** Latencies in ms, loss in percent. */
export interface NetworkNumbers {
  readonly loss: number
  readonly minLatency: number
  readonly avgLatency: number
  readonly maxLatency: number
  readonly jitter: number
  /** 0 to 1. */
  readonly healthScore: number
}

/** @param pair one agent and one target, @param sample one round of them, @param suffers packets are lost in this round */
export function networkNumbers(pair: Draw, sample: Draw, suffers: boolean): NetworkNumbers {
  const usual = pair.number('latency', [6, 140], 2) * (suffers ? 1.6 : 1)
  const avgLatency = round(usual * sample.number('drift', [0.96, 1.06], 4), 2)
  const jitter = sample.number('jitter', suffers ? [4, 25] : [0.05, 2.5], 3)
  const strays = sample.fraction('strays') < 0.06
  const loss = suffers ? sample.number('loss', [22, 60], 1) : sample.number('loss', [0, strays ? 2 : 0], 1)
  return {
    loss,
    minLatency: round(Math.max(1, avgLatency - jitter), 2),
    avgLatency,
    maxLatency: round(avgLatency + jitter * sample.number('tail', [1.5, 3], 2), 2),
    jitter,
    healthScore: round(Math.max(0, 1 - loss / 50 - jitter / 500), 2),
  }
}

/** In Mbps. */
export interface BandwidthNumbers {
  readonly availableBandwidth: number
  readonly capacity: number
}

export function bandwidthNumbers(pair: Draw, sample: Draw): BandwidthNumbers {
  const capacity = round(
    pair.number('capacity', [90, 940], 2) * sample.number('capacity', [0.97, 1.02], 4),
    2,
  )
  return { capacity, availableBandwidth: round(capacity * sample.number('free', [0.55, 0.95], 4), 2) }
}
