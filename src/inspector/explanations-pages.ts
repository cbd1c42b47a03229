/** The pages that people see: sign-in, confirm, user code, logout, account, and the redirect target of a seeded integration. */
import { providerAnswerRules, ticketRules } from './explanations-sso.ts'
import { never, type Rule, withStatus } from './judge.ts'
import { type Facts, formProblem, headerOf } from './reading.ts'

const isProblem = ({ error }: Facts): boolean => error === formProblem

/** A page that was shown instead, by its heading. */
const saying =
  (heading: RegExp) =>
  ({ page, status }: Facts): boolean =>
    status >= 400 && heading.test(page)

/** As the edge decides it, by what the browser says of where the form comes from. */
function isForeign({ exchange: { headers } }: Facts): boolean {
  const site = headerOf(headers, 'sec-fetch-site') ?? ''
  const origin = headerOf(headers, 'origin') ?? ''
  const isOtherOrigin =
    origin !== '' && origin !== 'null' && URL.parse(origin)?.host !== headerOf(headers, 'host')
  return (site !== '' && site !== 'same-origin') || isOtherOrigin
}

const ownSite: Rule = {
  rule: 'The form was sent from our own pages',
  words: 'What a browser marks as coming from another site changes nothing.',
  source: 'OWASP ASVS 5.0 3.5.1',
  refuses: (facts) => facts.status === 403 && isForeign(facts),
}

const ownInteraction: Rule = {
  rule: 'The request is kept, and is this browser’s',
  words: 'The path and its cookie name the same authorization request, and it has not ended.',
  source: 'RFC 9700 §4.7',
  refuses: saying(/cannot be completed/),
}

const stepRules: readonly Rule[] = [
  ownInteraction,
  {
    rule: 'The next step is shown',
    words: 'Sign-in unless the session is remembered, then Confirm, on every request.',
    source: 'RFC 6749 §3.1',
    refuses: never,
  },
]

const isProblemWith =
  (status: number) =>
  (facts: Facts): boolean =>
    isProblem(facts) && facts.status === status

const identifierRules: readonly Rule[] = [
  ownSite,
  {
    rule: 'The form is this browser’s, and filled in',
    words:
      'It carries a MAC of its request; the region is one of the list, the email has the form of one. Whether there is such a user is not looked at.',
    source: 'RFC 9700 §4.7',
    refuses: isProblemWith(400),
  },
]

const passwordRules: readonly Rule[] = [
  ...identifierRules,
  {
    rule: 'There were not too many attempts',
    words:
      'Per user and address, per user from unfamiliar addresses, and per address; counted before the password is looked at.',
    source: 'RFC 6749 §10.10',
    refuses: withStatus(429),
  },
  {
    rule: 'Region, email and password fit together',
    words: 'One answer for every wrong combination, so that nobody learns which users there are.',
    source: 'OWASP ASVS 5.0 6.3.8',
    refuses: isProblemWith(403),
  },
  {
    rule: 'The browser goes on',
    words: 'With 303, so that no form with a password is sent again.',
    source: 'RFC 9700 §4.12',
    refuses: never,
  },
]

const newPasswordRules: readonly Rule[] = [
  ...identifierRules,
  {
    rule: 'The right password was given just now, and the new one is good',
    words:
      'A sealed proof says so: for this form alone, for a short time, once. The new password meets the rules and is not the old one.',
    source: 'OWASP ASVS 5.0 6.2.1',
    refuses: isProblemWith(400),
  },
]

/** Sign-in comes in two forms: whose account, then the password; a third asks for a new password where one is needed. */
function signInRules({ parameter }: Facts): readonly Rule[] {
  if (parameter('proof-token') !== undefined) return newPasswordRules
  return parameter('password') === undefined ? identifierRules : passwordRules
}

const confirmRules: readonly Rule[] = [
  ownSite,
  {
    rule: 'The form is this browser’s, and it is time for it',
    words: 'It carries a MAC bound to the request that is kept; confirm comes after sign-in.',
    source: 'RFC 9700 §4.7',
    refuses: (facts) => facts.status === 400 && !isProblem(facts),
  },
  {
    rule: 'The account groups can be shared',
    words: 'At least one is checked, and the user reaches each of them now.',
    source: 'ours',
    refuses: isProblemWith(400),
  },
  {
    rule: 'The decision is kept',
    words:
      'Confirm makes a connection with its audit entry, in one commit. A second press finds the decision made.',
    source: 'RFC 6749 §4.1.1',
    refuses: never,
  },
]

const codeRules: readonly Rule[] = [
  ownSite,
  {
    rule: 'There were not too many guesses',
    words: 'Per address and overall; a code that was right gives its attempt back.',
    source: 'RFC 8628 §5.1',
    refuses: withStatus(429),
  },
  {
    rule: 'The form is this browser’s',
    words: 'It carries a secret of the session, and expires with it.',
    source: 'RFC 9700 §4.7',
    refuses: isProblemWith(400),
  },
]

const codeWaits: Rule = {
  rule: 'The code waits for a person',
  words: 'Unknown, expired and used ones are answered alike. A link only fills the code in.',
  source: 'RFC 8628 §3.3, §5.4',
  refuses: isProblemWith(200),
}

/** After Cancel the page is shown again whether the code was still waiting or not. */
const declined: Rule = {
  rule: 'The person goes on',
  words: 'Cancel answers access_denied to the device, if the code was still waiting.',
  source: 'RFC 8628 §3.5',
  refuses: isProblemWith(200),
}

const userCodeRules = ({ parameter }: Facts): readonly Rule[] =>
  parameter('abort') === undefined ? [...codeRules, codeWaits] : [...codeRules, codeWaits, declined]

const pageRules: readonly Rule[] = [
  {
    rule: 'There is a page',
    words:
      'Headers forbid frames, foreign resources and, but for the playground and this inspector, scripts.',
    source: 'RFC 9700 §4.16',
    refuses: withStatus(404),
  },
]

const formRules: readonly Rule[] = [
  ownSite,
  {
    rule: 'The form is this session’s',
    words: 'It carries a MAC bound to the session of this browser.',
    source: 'RFC 9700 §4.7',
    refuses: (facts) => facts.status === 403 && !isForeign(facts) && !isProblem(facts),
  },
]

/** Generate on the profile; its code comes by mail where the configuration asks for one. */
const tokenRules: readonly Rule[] = [
  ...formRules,
  {
    rule: 'The user has no User API Token yet',
    words: 'There is one for each user; Revoke makes room for another.',
    source: 'product documentation 1.2',
    refuses: withStatus(409),
  },
  {
    rule: 'There were not too many codes and tries',
    words: 'Counted for each user; a new code brings no new tries.',
    source: 'ours',
    refuses: withStatus(429),
  },
  {
    rule: 'The mailed code is right',
    words:
      'The newest one sent to this session, within its time and once. Asked for with tokenConfirmation: email alone.',
    source: 'thousandeyes-facts 5.3',
    refuses: (facts) => isProblemWith(400)(facts) || isProblemWith(403)(facts),
  },
]

/** What the playground checks when it plays the integration. */
const callbackRules: readonly Rule[] = [
  {
    rule: 'state is one that this browser’s playground sent',
    words: 'Otherwise the answer is shown, to go on by hand, and nothing is exchanged.',
    source: 'RFC 6749 §10.12',
    refuses: ({ status }) => status === 200,
  },
]

type Choice = (facts: Facts) => readonly Rule[]

const always =
  (rules: readonly Rule[]): Choice =>
  () =>
    rules

const withInteraction =
  (choose: Choice): Choice =>
  (facts) => {
    const [first, ...rest] = choose(facts)
    return [...(first ? [first] : []), ownInteraction, ...rest]
  }

const table: readonly (readonly [path: RegExp, method: 'GET' | 'POST', rules: Choice])[] = [
  [/^\/interaction\/[^/]+\/sign-in$/, 'POST', withInteraction(signInRules)],
  [/^\/interaction\/[^/]+\/confirm$/, 'POST', withInteraction(always(confirmRules))],
  [/^\/interaction\/[^/]+(?:\/continue)?$/, 'GET', always(stepRules)],
  [/^\/account\/sign-in$/, 'POST', signInRules],
  [/^\/account\/profile\/user-api-token$/, 'POST', always(tokenRules)],
  [/^\/sso\/callback$/, 'GET', always(providerAnswerRules)],
  [/^\/sso\/acs$/, 'POST', always(providerAnswerRules)],
  [/^\/interaction\/[^/]+\/sso$/, 'GET', withInteraction(always(ticketRules))],
  [/^\/account\/sign-in\/sso$/, 'GET', always(ticketRules)],
  [/^\/oauth2\/device$/, 'POST', userCodeRules],
  [/^\/playground\/(?:[^/]+\/)?callback$/, 'GET', always(callbackRules)],
  [/^\//, 'POST', always(formRules)],
]

export function rulesOfPage(facts: Facts): readonly Rule[] {
  const { method, path } = facts.exchange
  const asked = method === 'HEAD' ? 'GET' : method
  return table.find(([pattern, takes]) => takes === asked && pattern.test(path))?.[2](facts) ?? pageRules
}
