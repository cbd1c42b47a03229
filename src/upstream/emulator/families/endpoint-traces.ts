import { type JsonObject, objectOf, present, textOf } from '../json.ts'
import type { Draw } from '../measurements/draw.ts'
import { hosting, networkText } from '../measurements/networks.ts'
import { type PathEnd, type Trace, traceOf } from '../measurements/path.ts'
import type { Entry } from '../state.ts'
import { locationOf, networkOf } from './endpoint-machine.ts'

/** Where the traces of an agent begin. */
export function sourceOf(agent: Entry): PathEnd {
  const network = networkOf(agent)
  const { asName, asNumber } = objectOf(agent.fields['asnDetails'])
  return {
    ipAddress: textOf(network['ipAddress']) ?? '10.0.0.2',
    prefix: `${textOf(network['localPrefix']) ?? '10.0.0.0'}/24`,
    network: `${asName} (AS ${asNumber})`,
    location: locationOf(agent),
  }
}

/** How an agent traces an address. */
export interface Tracing {
  readonly pair: Draw
  readonly draw: Draw
  /** Average, ms. */
  readonly latency: number
}

export const traceTo = (agent: Entry, ipAddress: string, { pair, draw, latency }: Tracing): Trace =>
  traceOf({
    pair,
    sample: draw,
    source: sourceOf(agent),
    destination: {
      ipAddress,
      prefix: `${ipAddress.replace(/\.\d+$/, '.0')}/24`,
      network: networkText(hosting),
      location: undefined,
    },
    latency,
    number: 0,
  })

/** A trace in the form of sessions and local networks, which is not that of path visualization. */
export const tracerouteOf = (destination: string, { hops }: Pick<Trace, 'hops'>): JsonObject => ({
  destination,
  hops: hops.map(({ hop, ipAddress, prefix, network, rdns, responseTime }) => {
    const [, asn] = /\(AS (\d+)\)$/.exec(network) ?? []
    return present({
      hop,
      ipAddress,
      prefix,
      asn: asn === undefined ? undefined : Number(asn),
      delay: responseTime,
      name: rdns,
    })
  }),
})
