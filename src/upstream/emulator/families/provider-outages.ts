import type { Call } from '../call.ts'
import { objectsOf, textsOf } from '../json.ts'
import { type Draw, drawOf } from '../measurements/draw.ts'
import { hexIdInSlot } from '../measurements/slot-id.ts'
import { slotSeconds } from '../measurements/slots.ts'
import type { Entry } from '../state.ts'

/** A time in which a provider of the catalogue, or an application of its, is out of order. */
export interface Outage {
  readonly id: string
  readonly kind: 'net' | 'app'
  readonly provider: Entry
  /** Of the network or the application. */
  readonly name: string
  /** The number of a network. */
  readonly asn: number | undefined
  /** Those of an application. */
  readonly domains: readonly string[]
  /** Epoch ms. */
  readonly startAt: number
  /** Epoch ms; undefined while it goes on. */
  readonly endAt: number | undefined
  readonly draw: Draw
}

export const roundSeconds = 300

/** How many slots of eight hours have an outage of a provider. Ours, as is how long it lasts. */
const share = 0.35
const mostRounds = 24

type Struck = Pick<Outage, 'kind' | 'name' | 'asn' | 'domains'>

const oneOf = <Item>(items: readonly Item[], draw: Draw): Item | undefined =>
  items[draw.whole('which', [0, items.length - 1])]

/** What of the provider is struck: one of its applications, or of its networks when it has none. */
function struckOf({ fields }: Entry, draw: Draw): Struck | undefined {
  const application = oneOf(objectsOf(fields['applications']), draw)
  if (application) {
    const { name, domains } = application
    return { kind: 'app', name: String(name), asn: undefined, domains: textsOf(domains) }
  }
  const network = oneOf(objectsOf(fields['asns']), draw)
  return network && { kind: 'net', name: String(network['name']), asn: Number(network['id']), domains: [] }
}

function outageIn(
  provider: Entry,
  slot: number,
  { call, asOf }: { call: Call; asOf: number },
): readonly Outage[] {
  const draw = drawOf(`${call.region} ${provider.id} outage ${slot}`)
  const struck = draw.fraction('any') < share ? struckOf(provider, draw) : undefined
  if (!struck) return []
  const length =
    draw.whole('rounds', [1, mostRounds]) * roundSeconds + draw.whole('rest', [0, roundSeconds - 1])
  const start = slot * slotSeconds + draw.whole('start', [0, slotSeconds - length])
  if (start * 1000 > asOf) return []
  const endAt = (start + length) * 1000
  return [
    {
      ...struck,
      id: hexIdInSlot(draw, slot),
      provider,
      startAt: start * 1000,
      endAt: endAt <= asOf ? endAt : undefined,
      draw,
    },
  ]
}

/**
 * The outages of these slots, the youngest first: of providers that the licensed packages cover.
 * @param asOf epoch ms; what begins or ends later has not happened
 */
export const outagesIn = (slots: readonly number[], call: Call, asOf: number): readonly Outage[] =>
  call.state
    .all('catalog-providers')
    .filter(({ fields }) => fields['included'] === true)
    .flatMap((provider) => slots.flatMap((slot) => outageIn(provider, slot, { call, asOf })))
    .sort((a, b) => b.startAt - a.startAt || (a.id < b.id ? -1 : 1))
