import type { Answerers, Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, textOf } from '../json.ts'
import { type Draw, drawOf } from '../measurements/draw.ts'
import { announcedAlready, originOf, parseNetwork } from '../measurements/networks.ts'
import { notFound } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { prefixesOf } from './bgp-results.ts'

/** A network that announces a prefix. */
interface Announcement {
  readonly asn: number
  readonly prefix: string
}

const isSeen =
  ({ caller }: Call) =>
  ({ orgId }: Entry): boolean =>
    orgId === undefined || orgId === caller.orgId

/** Where agents and monitors stand. */
function ofSource({ fields }: Entry): readonly Announcement[] {
  const network = parseNetwork(textOf(fields['network']) ?? '')
  const prefix = textOf(fields['prefix']) ?? textOf(fields['ipAddress'])?.replace(/\.\d+$/, '.0/24')
  return network && prefix !== undefined ? [{ asn: network.asn, prefix }] : []
}

/** What results tell of networks: those of routes, of the agents and monitors that the caller sees, and of its BGP tests. */
function announcements(call: Call): readonly Announcement[] {
  const { state } = call
  const seen = (collection: string): readonly Entry[] => state.all(collection).filter(isSeen(call))
  const tested = seen('tests')
    .filter(({ fields }) => fields['type'] === 'bgp')
    .flatMap((test) => prefixesOf(test, call))
    .map((prefix) => ({ asn: originOf(prefix).asn, prefix }))
  return [...announcedAlready, ...tested, ...[...seen('agents'), ...seen('monitors')].flatMap(ofSource)]
}

const span = (first: number, last: number): readonly [number, number] => [first, last]

/** Numbers that no network on the internet has (IANA's registry of special-purpose AS numbers). */
const special = [
  span(0, 0),
  span(23_456, 23_456),
  span(64_496, 131_071),
  span(4_200_000_000, Number.POSITIVE_INFINITY),
]

/** What a network of the internet announces, made up: addresses for benchmarks and documentation (RFC 2544, RFC 3849). */
function drawn(asn: number): readonly string[] {
  if (special.some(([first, last]) => asn >= first && asn <= last)) return []
  const draw = drawOf(`autonomous system ${asn}`)
  return Array.from({ length: draw.whole('prefixes', [1, 6]) }, (_, index) => {
    const one = draw.of(index)
    return one.fraction('family') < 0.6
      ? `198.${one.whole('second', [18, 19])}.${one.whole('third', [0, 255])}.0/24`
      : `2001:db8:${one.whole('group', [1, 0xffff]).toString(16)}::/48`
  })
}

const registries = ['AFRINIC', 'APNIC', 'ARIN', 'LACNIC', 'RIPE']

const toHour = (at: number): string => isoDate(Math.floor(at / 3_600_000) * 3_600_000)
const toDay = (at: number): string => isoDate(Math.floor(at / 86_400_000) * 86_400_000)

/** How it is known that a network has a prefix: it is announced and allocated, and often signed. */
function associationsOf(draw: Draw, now: number): readonly JsonObject[] {
  const source = registries[draw.whole('registry', [0, registries.length - 1])] ?? ''
  return [
    { type: 'announced', lastSeen: toHour(now) },
    ...(draw.fraction('signed') < 0.7 ? [{ type: 'rpki', lastSeen: toDay(now), source }] : []),
    { type: 'allocated', lastSeen: toDay(now), source },
  ]
}

/** `GET /autonomous-systems/{asn}/prefixes`. What no network has is not found. */
export const autonomousSystems = (): Answerers => ({
  getAutonomousSystemAssociatedPrefixes(call) {
    const text = call.parameters['asn'] ?? ''
    const asn = /^\d{1,10}$/.test(text) ? Number(text) : 0
    const all = announcements(call)
    const own = all.filter((one) => one.asn === asn).map(({ prefix }) => prefix)
    const prefixes = [...new Set([...own, ...drawn(asn)])]
    if (prefixes.length === 0) return notFound
    const shown = prefixes.map((prefix): JsonObject => {
      const others = all.filter((one) => one.prefix === prefix && one.asn !== asn).map((one) => one.asn)
      return {
        prefix,
        otherAssociatedAsns: [...new Set(others)].sort((a, b) => a - b),
        ...(call.expand.has('associations') && {
          associations: associationsOf(drawOf(`association ${prefix}`), call.now),
        }),
      }
    })
    return {
      status: 200,
      varies: true,
      body: {
        prefixes: shown,
        _links: { self: { href: call.href(`/autonomous-systems/${asn}/prefixes`) } },
      },
    }
  },
})
