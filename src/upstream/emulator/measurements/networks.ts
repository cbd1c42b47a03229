/** An autonomous system of the made-up internet that tests measure: numbers for documentation (RFC 5398). */
export interface Network {
  readonly asn: number
  readonly name: string
}

/** Where the targets of tests are at home. */
export const hosting: Network = { asn: 65_551, name: 'Example Hosting' }

const backbones: readonly Network[] = Array.from({ length: 10 }, (_, index) => ({
  asn: 65_540 + index,
  name: `Example Backbone ${index + 1}`,
}))

/** Networks in the middle of routes: a backbone for each number from 0 on. */
export const backbone = (number: number): Network => backbones[number % backbones.length] as Network

/** As results write networks. */
export const networkText = ({ asn, name }: Network): string => `${name} (AS ${asn})`

/** The addresses of routers on the way (RFC 5737). */
export const backbonePrefix = '198.51.100.0/24'
