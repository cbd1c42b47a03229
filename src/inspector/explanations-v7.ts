/** The gateway's order of checks, as it stands in src/gateway/gateway.ts (RFC 6750, DECISIONS 8). */
import type { Rule } from './judge.ts'
import { type Facts, headerOf } from './reading.ts'

const code =
  (...codes: readonly string[]) =>
  ({ error }: Facts): boolean =>
    error !== undefined && codes.includes(error)

/** Two windows answer alike; the one of the operation adds its own headers. */
const drewFromBucket = ({ exchange }: Facts): boolean =>
  [
    'x-instant-test-rate-limit-limit',
    'x-template-deploy-rate-limit-limit',
    'x-dashboard-snapshot-rate-limit-limit',
  ].some((name) => exchange.answer && headerOf(exchange.answer.headers, name) !== undefined)

/** What the embedded upstream said itself. Gateway refusals have a code of their own. */
const isUpstreams = (facts: Facts): boolean =>
  facts.exchange.notes.some((note) => note.code === 'upstream') ||
  code('upstream_failed', 'upstream', 'upstream_unauthorized')(facts) ||
  facts.status === 501 ||
  facts.status === 502

export const v7Rules: readonly Rule[] = [
  {
    rule: 'The request has one reading',
    words: 'One Host, which is ours, one Authorization, a path in its canonical form, no codings.',
    source: 'RFC 9112 §3.2, §11.2',
    refuses: code('invalid_request', 'uri_too_long', 'misdirected_request', 'unsupported_content_encoding'),
  },
  {
    rule: 'The address is not blocked',
    words: 'After 120 answers 401 within an hour it is, whatever token it presents.',
    source: 'product documentation',
    refuses: code('source_blocked'),
  },
  {
    rule: 'A token stands in the Authorization header',
    words: 'As Bearer, in the header alone; query, body and cookies are not looked at.',
    source: 'RFC 6750 §2.1',
    refuses: (facts) => facts.status === 401 && (facts.error === undefined || facts.error === 'no_token'),
  },
  {
    rule: 'Token, connection, client and user are alive',
    words: 'All of them, now: a revoked connection is refused at once.',
    source: 'RFC 6750 §3.1',
    refuses: (facts) => facts.status === 401 && facts.error === 'invalid_token',
  },
  {
    rule: 'The call window has room',
    words: 'Per client and organization, 240 in a minute unless configured; the headers tell what is left.',
    source: 'product documentation',
    refuses: (facts) => code('rate_limit_exhausted')(facts) && !drewFromBucket(facts),
  },
  {
    rule: 'The operation exists',
    words: 'Method and path stand in the official document; everything else is not there.',
    source: 'ours, default deny',
    refuses: (facts) =>
      code('not_found', 'method_not_allowed')(facts) ||
      (facts.status === 404 && facts.error === undefined && !isUpstreams(facts)),
  },
  {
    rule: 'The token’s scopes open it',
    words: ':manage opens what :read opens. A User API Token has no scopes: it opens what its user may.',
    source: 'RFC 6750 §3.1',
    refuses: code('insufficient_scope'),
  },
  {
    rule: 'Integration and connection are not limited to less',
    words: 'Read-only, or certain operations: what stands with the integration, and what the user was told.',
    source: 'ours',
    refuses: code('read_only', 'operation_not_allowed'),
  },
  {
    rule: 'The account group is one of the connection',
    words:
      'The one that aid names, or the one of the login, and those that a body names. A connection opens its own account groups alone.',
    source: 'ours',
    refuses: code('invalid_account_group', 'account_group_not_granted', 'invalid_body'),
  },
  {
    rule: 'The operation’s own window has room',
    words: 'Instant tests, template deployments and dashboard snapshots have one beside the call window.',
    source: 'product documentation',
    refuses: (facts) => code('rate_limit_exhausted')(facts) && drewFromBucket(facts),
  },
  {
    rule: 'The body is not too large',
    words: 'By its announced length.',
    source: 'RFC 9110 §15.5.14',
    refuses: code('body_too_large'),
  },
  {
    rule: 'The upstream answers',
    words:
      'A credential is lent and the call rebuilt from the operation; the presented token never travels on. Roles, ids and fields are the upstream’s to judge.',
    source: 'ours',
    refuses: isUpstreams,
  },
]
