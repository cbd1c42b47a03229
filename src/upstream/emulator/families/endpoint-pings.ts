import { type JsonObject, present } from '../json.ts'
import type { Draw } from '../measurements/draw.ts'
import type { NetworkNumbers } from '../measurements/network.ts'

const packets = 10

/** Ten pings of one address. Times in ms, loss in percent. */
export interface Ping {
  readonly avgRtt: number
  readonly minRtt: number
  readonly maxRtt: number
  readonly meanDevRtt: number
  readonly loss: number
}

const whole = (value: number): number => Math.max(1, Math.round(value))

/** Something near: a gateway, a resolver. @param span of its usual answer, ms */
export function nearPing(draw: Draw, span: readonly [low: number, high: number]): Ping {
  const avgRtt = draw.whole('ping', span)
  const meanDevRtt = draw.whole('deviation', [0, 3])
  return {
    avgRtt,
    meanDevRtt,
    minRtt: Math.max(1, avgRtt - meanDevRtt),
    maxRtt: avgRtt + 2 * meanDevRtt,
    loss: draw.fraction('lost') < 0.04 ? 100 / packets : 0,
  }
}

/** A ping with the numbers of the network in between; packets are lost whole. */
export const farPing = ({ avgLatency, minLatency, maxLatency, jitter, loss }: NetworkNumbers): Ping => ({
  avgRtt: whole(avgLatency),
  minRtt: whole(minLatency),
  maxRtt: whole(maxLatency),
  meanDevRtt: Math.round(jitter),
  loss: Math.ceil((loss * packets) / 100) * (100 / packets),
})

export const showPing = (ping: Ping): JsonObject =>
  present({ ...ping, pktsSent: packets, pktsReceived: packets - Math.round((ping.loss * packets) / 100) })
