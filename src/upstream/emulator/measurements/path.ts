import type { Draw } from './draw.ts'
import { backbone, backbonePrefix, networkText } from './networks.ts'

/** Where a trace begins or ends. */
export interface PathEnd {
  readonly ipAddress: string
  readonly prefix: string
  readonly network: string
  readonly location: string | undefined
}

export interface Hop {
  readonly hop: number
  readonly ipAddress: string
  readonly prefix: string
  readonly rdns: string
  readonly network: string
  /** Ms. */
  readonly responseTime: number
  readonly location: string | undefined
}

export interface Trace {
  /** A decimal number of up to 39 digits. */
  readonly pathId: string
  readonly hops: readonly Hop[]
  /** Ms to the destination. */
  readonly responseTime: number
}

/** One attempt of one round to reach the destination. */
export interface Attempt {
  /** One agent and one target, where routes are at home. */
  readonly pair: Draw
  /** One round of them. */
  readonly sample: Draw
  readonly source: PathEnd
  readonly destination: PathEnd
  /** Average, ms. */
  readonly latency: number
  /** Which attempt of the round, from 0 on. */
  readonly number: number
}

const parallelRoutes = 2

/** Backbones stand in the middle of every route. */
const middle = (route: Draw, hop: number): Pick<Hop, 'ipAddress' | 'prefix' | 'network' | 'rdns'> => {
  const network = backbone(route.whole(`as ${hop}`, [0, 9]))
  return {
    ipAddress: `198.51.100.${route.whole(`address ${hop}`, [1, 254])}`,
    prefix: backbonePrefix,
    network: networkText(network),
    rdns: `core-${hop}.as${network.asn}.example.net`,
  }
}

const lastHop = ({ ipAddress, prefix, network, location }: PathEnd): Omit<Hop, 'hop' | 'responseTime'> => ({
  ipAddress,
  prefix,
  network,
  rdns: `host-${ipAddress.replaceAll('.', '-')}.example.net`,
  location,
})

/** Attempts spread over a few routes, which stay the same from round to round. */
export function traceOf({ pair, sample, source, destination, latency, number }: Attempt): Trace {
  const route = pair.of(`route ${(sample.whole('route', [0, 7]) + number) % parallelRoutes}`)
  const length = route.whole('hops', [5, 13])
  const responseTime = Math.max(1, Math.round(latency * sample.number(`trace ${number}`, [0.98, 1.08], 3)))
  const hops = Array.from({ length }, (_, index): Hop => {
    const hop = index + 1
    if (hop === length) return { hop, ...lastHop(destination), responseTime }
    const isNear = index < length / 2
    return {
      hop,
      ...middle(route, hop),
      responseTime: Math.max(1, Math.round((responseTime * hop) / (length + 1))),
      location: isNear ? source.location : destination.location,
    }
  })
  return { pathId: BigInt(`0x${route.hex('id', 32)}`).toString(), hops, responseTime }
}
