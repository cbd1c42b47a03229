import type { Draw } from './draw.ts'
import { targetOfServer } from './target.ts'

/** A record that DNS is asked for, as tests name it: `www.example.com AAAA`. */
export interface Question {
  readonly name: string
  readonly type: string
}

/** Without a type a test asks for any record (official document, `domain`); A is what is answered then. */
export function questionOf(domain: string): Question {
  const [name = '', type = 'ANY'] = domain.trim().split(/\s+/)
  return { name: name.replace(/\.$/, ''), type: type.toUpperCase() }
}

const ofName: Readonly<Record<string, (name: string) => string>> = {
  CNAME: (name) => `web.${name}.`,
  MX: (name) => `10 mail.${name}.`,
  NS: (name) => `ns1.${name}.`,
  PTR: (name) => `host.${name}.`,
  SOA: (name) => `ns1.${name}. hostmaster.${name}. 2024020101 7200 3600 1209600 300`,
  TXT: (name) => `"v=spf1 include:${name} -all"`,
}

/** IPv6 addresses for documentation (RFC 3849) end like the IPv4 ones of the same name. */
function addressOf({ name, type }: Question): string {
  const { ipAddress } = targetOfServer(name)
  return type === 'AAAA' ? `2001:db8::${ipAddress.split('.').at(-1)}` : ipAddress
}

/** What the record says: the same everywhere, like the addresses of targets. */
export const mappingOf = (question: Question): string =>
  ofName[question.type]?.(question.name) ?? addressOf(question)

/** One query of a trace, and the answer to it. */
export interface TracedQuery {
  readonly server: string
  readonly ipAddress: string
  /** Ms. */
  readonly time: number
  readonly records: readonly string[]
}

/** Where a name is looked for: from the root down to the zone that has it. All servers are made up. */
function zonesOf({ name }: Question): readonly { readonly zone: string; readonly server: string }[] {
  const labels = name.split('.')
  const top = labels.at(-1) ?? ''
  const own = labels.slice(-2).join('.')
  return [
    { zone: '', server: 'a.root.example.' },
    { zone: top, server: `a.nic.${top}.` },
    ...(labels.length > 1 ? [{ zone: own, server: `ns1.${own}.` }] : []),
  ]
}

const recordOf = (question: Question): string =>
  `${question.name}.\t300\tIN\t${question.type === 'ANY' ? 'A' : question.type}\t${mappingOf(question)}`

/**
 * The queries of a trace, from the root on: each but the last is answered with the servers of the next zone.
 * @param latency average, ms, to the last server
 */
export function traceQueries(
  question: Question,
  { sample, latency }: { sample: Draw; latency: number },
): readonly TracedQuery[] {
  const zones = zonesOf(question)
  return zones.map(({ server }, index) => {
    const next = zones[index + 1]
    return {
      server,
      ipAddress: targetOfServer(server).ipAddress,
      time: next
        ? sample.whole(`query ${index}`, [4, 60])
        : Math.max(1, Math.round(latency)) + sample.whole('answer', [0, 6]),
      records: next ? [`${next.zone}.\t172800\tIN\tNS\t${next.server}`] : [recordOf(question)],
    }
  })
}
