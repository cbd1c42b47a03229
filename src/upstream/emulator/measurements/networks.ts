/** An autonomous system of the made-up internet that tests measure: numbers for documentation (RFC 5398). */
export interface Network {
  readonly asn: number
  readonly name: string
}

/** Where the targets of tests are at home. */
export const hosting: Network = { asn: 65_551, name: 'Example Hosting' }

/** Where prefixes are at home that nobody else has: those of BGP tests. */
export const enterprise: Network = { asn: 65_550, name: 'Example Enterprise' }

const backbones: readonly Network[] = Array.from({ length: 10 }, (_, index) => ({
  asn: 65_540 + index,
  name: `Example Backbone ${index + 1}`,
}))

/** Networks in the middle of routes: a backbone for each number from 0 on. */
export const backbone = (number: number): Network => backbones[number % backbones.length] as Network

/** As results write networks. */
export const networkText = ({ asn, name }: Network): string => `${name} (AS ${asn})`

/** @returns undefined for a text that `networkText` does not write */
export function parseNetwork(text: string): Network | undefined {
  const [, name = '', asn = ''] = /^(.*) \(AS (\d+)\)$/.exec(text) ?? []
  return name === '' ? undefined : { asn: Number(asn), name }
}

/** The addresses of targets (RFC 5737), all in the network that hosts them. */
const hostingPrefix = '192.0.2.0/24'

/** Where a prefix ends: targets are hosted, everything else is an enterprise's own. */
export const originOf = (prefix: string): Network => (prefix === hostingPrefix ? hosting : enterprise)

/** The addresses of routers on the way (RFC 5737). */
export const backbonePrefix = '198.51.100.0/24'

/** What routes tell of their networks, whoever looks. */
export const announcedAlready: readonly { readonly asn: number; readonly prefix: string }[] = [
  { asn: hosting.asn, prefix: hostingPrefix },
  ...backbones.map(({ asn }) => ({ asn, prefix: backbonePrefix })),
]
