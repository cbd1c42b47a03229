/** The way back from an identity provider. */
import { type Rule, withStatus } from './judge.ts'
import type { Facts } from './reading.ts'

const saying =
  (heading: RegExp) =>
  ({ page, status }: Facts): boolean =>
    status >= 400 && heading.test(page)

/** Of what came from the provider, by a redirect or by its own form. */
export const providerAnswerRules: readonly Rule[] = [
  {
    rule: 'The answer is awaited',
    words: 'Its state belongs to a round trip of this browser that began lately and was not answered yet.',
    source: 'RFC 9700 §4.7',
    refuses: saying(/sign-in is over/),
  },
  {
    rule: 'The provider can be asked',
    words: 'Discovery, tokens and keys are waited for within bounds; nobody else waits meanwhile.',
    source: 'ours',
    refuses: withStatus(503),
  },
  {
    rule: 'The answer proves who signed in',
    words:
      'Signature, issuer, audience, time and request are right, and the address is one of the rule’s domains.',
    source: 'OpenID Connect Core §3.1.3.7, SAML 2.0 Profiles §4.1.4.3',
    refuses: saying(/not signed in/),
  },
  {
    rule: 'The person is a user',
    words:
      'Of the organization of the rule, and neither locked nor disabled; created only where a rule says so.',
    source: 'ours',
    refuses: saying(/no user here|locked or disabled/),
  },
  {
    rule: 'A role permits it',
    words: 'Login via Single Sign-On, in any account group.',
    source: 'ThousandEyes’ permissions',
    refuses: saying(/may not sign in this way/),
  },
]

/** At the end of the way back, where the form’s own cookie is seen again. */
export const ticketRules: readonly Rule[] = [
  {
    rule: 'The ticket is this browser’s',
    words: 'It was made for this browser and this sign-in, within the last minute, and is taken once.',
    source: 'RFC 9700 §4.7',
    refuses: saying(/sign-in is over|locked or disabled/),
  },
]
