import { type Draw, drawOf } from './draw.ts'
import { backbone, type Network, originOf } from './networks.ts'
import { slotOf, slotSeconds } from './slots.ts'

/** One monitor that watches one prefix. */
export interface Watch {
  readonly monitorId: string
  /** Where the monitor stands. */
  readonly network: Network
  readonly prefix: string
}

/** Rounds of a test, in epoch seconds. */
export interface WatchedRound {
  readonly round: number
  readonly before: number
  /** Whether the monitor lost its route in a round. */
  readonly suffersAt: (round: number) => boolean
}

export interface RouteNumbers {
  /** What the monitor reaches the prefix by. */
  readonly active: readonly Network[]
  /** What it reached the prefix by in the round before, when that was another one. */
  readonly superseded: readonly Network[] | undefined
  readonly updates: number
  readonly pathChanges: number
  /** Percent. */
  readonly reachability: number
}

/** Prefixes are known by numbers, the same everywhere. */
export const prefixIdOf = (prefix: string): string =>
  String(drawOf(`prefix ${prefix}`).whole('id', [1_000_000_000, 4_294_967_295]))

/** The halves of a prefix, of what is announced within it: more specific ones than /24 are not, and IPv6 has none here. */
export function coveredPrefixes(prefix: string): readonly string[] {
  const [, address = '', bits = ''] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(prefix) ?? []
  const length = Number(bits) + 1
  if (address === '' || length > 24) return []
  const base = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return [base, base + 2 ** (32 - length)].map((at) => {
    const parts = [24, 16, 8, 0].map((shift) => Math.floor(at / 2 ** shift) % 256)
    return `${parts.join('.')}/${length}`
  })
}

const alternatives = 3

/** Routes change once in a slot at most, at a time of their own. */
function alternativeAt(pair: Draw, at: number): number {
  const slot = slotOf(at)
  const changeAt = (slot + pair.of(slot).fraction('change')) * slotSeconds
  return pair.of(at < changeAt ? slot - 1 : slot).whole('alternative', [0, alternatives - 1])
}

/** From the monitor's network over backbones to the network of the prefix, no network twice. */
function routeOf({ network, prefix }: Watch, route: Draw): readonly Network[] {
  const origin = originOf(prefix)
  const between = Array.from({ length: route.whole('length', [1, 3]) }, (_, index) =>
    backbone(route.whole(`backbone ${index}`, [0, 9])),
  )
  const all = [network, ...between, origin]
  return all.filter(({ asn }, index) => all.findIndex((one) => one.asn === asn) === index)
}

const asPath = (route: readonly Network[]): string => route.map(({ asn }) => asn).join(' ')

/** Routes are those of the prefix: every test that watches it sees the same. While routes are lost they change in every round. */
export function routeNumbers(watch: Watch, { round, before, suffersAt }: WatchedRound): RouteNumbers {
  const pair = drawOf(`bgp ${watch.monitorId} ${watch.prefix}`)
  const at = (one: number): readonly Network[] => {
    const moved = suffersAt(one) ? 1 + (Math.floor(one / (round - before || 1)) % 2) : 0
    return routeOf(watch, pair.of(`route ${(alternativeAt(pair, one) + moved) % alternatives}`))
  }
  const [active, earlier] = [at(round), at(before)]
  const hasChanged = asPath(active) !== asPath(earlier)
  const draw = pair.of(round)
  const suffers = suffersAt(round)
  const usualUpdates = draw.fraction('updates') < 0.05 ? draw.whole('stray updates', [1, 3]) : 0
  return {
    active,
    superseded: hasChanged ? earlier : undefined,
    updates: hasChanged || suffers ? draw.whole('many updates', suffers ? [8, 60] : [1, 6]) : usualUpdates,
    pathChanges: hasChanged ? 1 : 0,
    reachability: suffers ? draw.number('reachability', [0, 55], 2) : 100,
  }
}
