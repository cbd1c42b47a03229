import type { AuditEvent } from '#audit/audit.ts'

/** What the words of an event are made of. */
export interface ActivityFacts {
  /** Of the integration, where the event is about one. */
  readonly integration: string
  /** Whether the user did it, an operator, or somebody else: the integration, the authorization server itself. */
  readonly by: 'user' | 'operator' | 'other'
  readonly detail: string | undefined
}

type Words = string | ((facts: ActivityFacts) => string)

/** Every event in plain words, as the user reads it. A new event has to be given its words here. */
const words: Readonly<Record<AuditEvent['event'], Words>> = {
  'sign-in': 'Signed in',
  'sign-in-refused': 'Sign-in refused',
  'user-created': 'Added at the first sign-in by single sign-on',
  'session-ended': ({ detail }) =>
    ({ everywhere: 'Signed out in every browser', elsewhere: 'Signed out in another browser' })[
      detail ?? ''
    ] ?? 'Signed out',
  'user-locked': 'Locked after too many failed passwords',
  'password-changed': 'Password changed',
  'password-reset': 'Password set by an operator',
  'grant-created': ({ integration }) => `Connected ${integration}`,
  'grant-refused': ({ integration }) => `Declined to connect ${integration}`,
  'grant-revoked': ({ integration, by }) =>
    ({
      user: `Disconnected ${integration}`,
      operator: `${integration} was disconnected by an operator`,
      other: `${integration} ended its connection`,
    })[by],
  'refresh-reuse-detected': ({ integration }) =>
    `${integration} was disconnected: a refresh token came a second time`,
  'code-replay-detected': ({ integration }) =>
    `${integration} was disconnected: an authorization code came a second time`,
  'user-api-token-generated': 'User API Token generated',
  'user-api-token-renewed': 'User API Token renewed through the API',
  'user-api-token-revoked': 'User API Token revoked',
  'api-token-generated': ({ detail }) => `API token ${detail ?? ''} generated`,
  'api-token-revoked': ({ detail, by }) =>
    by === 'operator'
      ? `API token ${detail ?? ''} was revoked by an operator`
      : `API token ${detail ?? ''} revoked`,
  'account-linked': 'Linked your ThousandEyes account',
  'account-link-replaced': 'Replaced the User API Token of your ThousandEyes account',
  'account-link-refused': 'Refused a User API Token that belongs to another user',
  'account-unlinked': 'Disconnected your ThousandEyes account',
  'renewal-changed': ({ detail }) =>
    `Automatic renewal of the User API Token turned ${detail === 'on' ? 'on' : 'off'}`,
  'upstream-credential-rejected': 'ThousandEyes refused your User API Token',
  'upstream-credential-renewed': 'Renewed your User API Token',
  'upstream-credential-renewal-lost': 'Your User API Token was renewed, and the new one is lost: replace it',
  'operator-action': 'An operator changed something',
}

/** Whether the event is one that a user should look at twice. */
const warnings: ReadonlySet<string> = new Set<AuditEvent['event']>([
  'sign-in-refused',
  'user-locked',
  'password-reset',
  'refresh-reuse-detected',
  'code-replay-detected',
  'account-link-refused',
  'upstream-credential-rejected',
  'upstream-credential-renewal-lost',
])

export const isWarning = (event: AuditEvent['event']): boolean => warnings.has(event)

/** @returns the event in words; one that another version of us recorded by its name */
export function activityInWords(event: AuditEvent['event'], facts: ActivityFacts): string {
  const known: Words | undefined = Object.hasOwn(words, event) ? words[event] : undefined
  if (typeof known === 'function') return known(facts)
  return known ?? event.replaceAll('-', ' ').replace(/^./, (letter) => letter.toUpperCase())
}
