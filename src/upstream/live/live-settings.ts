import type { RegionId } from '#domain/region.ts'

/** Where ThousandEyes is, how it is reached, and how long it is waited for. */
export interface LiveSettings {
  /** The API origin of each region, as `https://api.thousandeyes.com`; plaintext only where it was allowed, and loopback. */
  readonly regions: Readonly<Record<RegionId, string>>
  /** An HTTP proxy through which every connection is tunnelled, with the user and password of its URL. */
  readonly proxy: URL | undefined
  /** Certificates as PEM that are trusted besides the public authorities. */
  readonly authorities: string | undefined
  /** Seconds for name, connection and TLS. */
  readonly connectTimeout: number
  /** Seconds until the head of the answer. */
  readonly headersTimeout: number
  /** Seconds between two pieces of the answer. */
  readonly bodyTimeout: number
  /** Seconds for the whole call. */
  readonly totalTimeout: number
  /** Calls under way in one region. */
  readonly maxInFlight: number
  /** So many failures in a row, and a region rests. */
  readonly breakerFailures: number
  /** Seconds that it rests. */
  readonly breakerRest: number
}
