/** Offers: the cards from which a connection is begun, on the landing page and in the playground. */
import { type RegionId, regionLabel } from '#domain/region.ts'

/** An integration that can be played here. */
export interface Offer {
  readonly clientId: string
  readonly name: string
  /** How it asks: a device shows a code, a platform sends the browser (RFC 8628, RFC 6749 §4.1). */
  readonly asks: 'device' | 'browser'
}

/** A seeded user who signs in with a password, which stands among the users of the page. */
export interface OfferedUser {
  readonly email: string
  readonly region: RegionId
}

/** `POST /playground/connect` takes `csrf`, `client` and `user`; `POST /playground/connector` `csrf`, `api_key` and `aid`. */
export interface Offers {
  readonly csrf: string
  readonly integrations: readonly Offer[]
  readonly users: readonly OfferedUser[]
  /** A seeded User API Token, to paste. */
  readonly sampleKey: { readonly email: string; readonly apiKey: string } | undefined
}

/** How a form names a user. */
export const userKey = ({ email, region }: OfferedUser): string => `${region} ${email}`

/** The model of the view `offers`. */
export const offersInWords = (offers: Offers): object => ({
  ...offers,
  integrations: offers.integrations.map(({ clientId, name, asks }) => ({
    clientId,
    name,
    isDevice: asks === 'device',
    button: asks === 'device' ? 'Get a code' : 'Connect',
  })),
  users: offers.users.map((user) => ({ ...user, key: userKey(user), region: regionLabel(user.region) })),
})
