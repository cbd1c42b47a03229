/**
 * Metrics: figures of what happened, for whoever runs us. Owns their names, their labels and the form in which a scraper reads
 * them. No label holds a user, a token, an address or a path, and each has few values, whatever callers send.
 * Counting is a plain increment in memory: it never waits, never fails, and makes nothing for a call of the gateway.
 */
import type { Audit } from '#audit/audit.ts'
import type { Operation } from '#domain/operation.ts'
import type { RegionId } from '#domain/region.ts'
import type { Limits } from '#limits/limits.ts'
import type { Store } from '#store/store.ts'

/** What is asked of a call of the gateway once it is answered. */
export interface AnsweredCall {
  /** Where the stopwatch stood. */
  readonly beganAt: number
  readonly match: { readonly operation: Operation }
  readonly caller:
    | { readonly kind: 'nobody' }
    | { readonly kind: 'user'; readonly user: { readonly region: RegionId } }
    | {
        readonly kind: 'integration'
        readonly user: { readonly region: RegionId }
        readonly access: { readonly clientId: string }
      }
}

export interface GatewayMetrics {
  /** Where the stopwatch stands now. */
  began(): number
  /** The answer was handed to the socket, of a stream its head. @param answer.code why we refused, in one word */
  answered(call: AnsweredCall, answer: { readonly status: number; readonly code?: string }): void
  /** The upstream's body ended before its time, after the head was sent. */
  brokeOff(): void
}

/** One answer of the authorization server. */
export interface ProtocolAnswer {
  /** Where the stopwatch stood. */
  readonly beganAt: number
  /** Of a table, never a path. */
  readonly endpoint: string
  readonly status: number
  /** The protocol's word for a refusal (RFC 6749 §5.2). */
  readonly error: string | undefined
  /** What was asked of the token endpoint. */
  readonly token?: {
    readonly grantType: string
    readonly clientId: string | undefined
    /** A retry or a parallel twin got the very same tokens again (DECISIONS 6). */
    readonly isReplay: boolean
    /** A token or code came a second time, and its grant was ended. */
    readonly isReuse: boolean
  }
}

export type WayToSignIn = 'password' | 'sso'
/** `limited`: after too many attempts nobody looked. */
export type SignInOutcome = 'accepted' | 'refused' | 'limited'

export interface ProtocolMetrics {
  /** Where the stopwatch stands now. */
  began(): number
  answered(answer: ProtocolAnswer): void
  signIn(way: WayToSignIn, outcome: SignInOutcome): void
}

/** What was turned away because there was too much. */
export interface AdmissionMetrics {
  /** @param kind of a table */
  shed(kind: string): void
}

/** All figures as text (Prometheus exposition format 0.0.4). */
export interface Exposition {
  readonly contentType: string
  text(isReady: boolean): Promise<string>
}

/** A figure that stands somewhere, and is asked for by each scrape. */
export interface Gauge {
  readonly name: string
  readonly help: string
  /** Names of its labels; each has few values, of a table. */
  readonly labels: readonly string[]
  /** Each value with those of the labels. Never waits, never throws. */
  read(): readonly (readonly [value: number, ...labels: readonly string[]])[]
}

/** Others' ports, with somebody who counts in front. What is asked and answered stays the same. */
export interface Watch {
  /** An event counts once its entry was committed to the watched store. */
  audit(audit: Audit): Audit
  store(store: Store): Store
  limits<Given extends Limits>(limits: Given): Given
  gauge(gauge: Gauge): void
}

export interface Metrics {
  readonly gateway: GatewayMetrics
  readonly protocol: ProtocolMetrics
  readonly admission: AdmissionMetrics
  readonly watch: Watch
  /** Undefined where nobody reads the figures. */
  readonly exposition: Exposition | undefined
}

/** @param known.integrations client ids that may be a label; all others are one */
export type OpenMetrics = (known: { readonly integrations: readonly string[] }) => Metrics
