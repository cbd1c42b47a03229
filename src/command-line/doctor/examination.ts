import type { CommonSettings } from '../../settings.ts'
import type { Finding } from './finding.ts'

/** What a server answered. */
export interface Answer {
  readonly status: number
  /** Its header `Date`, epoch ms; undefined when there is none that can be read. */
  readonly at: number | undefined
  readonly body: string
}

export interface Question {
  readonly protocol: 'http:' | 'https:'
  readonly address: string
  readonly port: number
  /** What the Host header says. */
  readonly host: string
  readonly path: string
  /** PEM of what is trusted besides the public authorities. */
  readonly ca: string | undefined
}

/** What the doctor asks of the machine; a test answers in its place. */
export interface Machine {
  readonly nodeVersion: string
  readonly platform: NodeJS.Platform
  /** Epoch ms. */
  readonly now: () => number
  readonly randomBytes: (size: number) => Buffer
  /** Binds an address and lets it go again. @returns the system's code when it cannot, as EADDRINUSE */
  readonly bind: (host: string, port: number) => Promise<string | undefined>
  /** @returns the addresses that a name leads to; none when it leads nowhere */
  readonly resolve: (name: string) => Promise<readonly string[]>
  /** This machine's own addresses. */
  readonly addresses: () => readonly string[]
  /** @returns undefined when nobody answers in time */
  readonly ask: (question: Question) => Promise<Answer | undefined>
}

/** A Panoptes that runs already where this one would listen. */
export interface Neighbour {
  /** By the clock of its machine, epoch ms; undefined when it does not say. */
  readonly at: number | undefined
  /** How its own clock was moved, through its control API; undefined when it has no such clock. */
  readonly moved: { readonly aheadSeconds: number; readonly frozen: boolean } | undefined
}

/** What every check is given. @typeParam Own what the checks of one composition want to know of its settings */
export interface Examination<Own extends CommonSettings = CommonSettings> {
  readonly settings: Own
  readonly machine: Machine
  /** The canonical origin as far as it is known before a start: with port 0, the port of it is 0 as well. */
  readonly origin: URL
  readonly neighbour: Neighbour | undefined
}

export type Check<Own extends CommonSettings = CommonSettings> = (
  examination: Examination<Own>,
) => Promise<readonly Finding[]>

const loopbackAddress = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/

/** Whether a name or an address, without brackets, is this machine's to itself (RFC 6761 §6.3, RFC 8252 §7.3). */
export const isLoopback = (name: string): boolean =>
  loopbackAddress.test(name) || /^(?:.+\.)?localhost\.?$/.test(name)

/** Where a listener can be reached from here. @param host what it is bound to */
export const reachable = (host: string): string => ({ '0.0.0.0': '127.0.0.1', '::': '::1' })[host] ?? host
