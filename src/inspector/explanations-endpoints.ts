/** The other endpoints for programs: registration, userinfo, and the documents that anybody may read. */
import { answers, never, type Rule, withStatus } from './judge.ts'

const metadata =
  (told: RegExp) =>
  (facts: Parameters<Rule['refuses']>[0]): boolean =>
    (facts.error === 'invalid_client_metadata' || facts.error === 'invalid_redirect_uri') &&
    told.test(facts.told)

const ours = /is not supported$|redirect_uris must use|^client_name must|response_modes can only|scope names/

/** RFC 7591. */
export const registrationRules: readonly Rule[] = [
  {
    rule: 'This address does not register too often',
    words: '60 registrations in a minute; off with --limits off.',
    source: 'ours',
    refuses: withStatus(429),
  },
  {
    rule: 'The body is a JSON object',
    words: 'With the metadata of the client.',
    source: 'RFC 7591 §3.1',
    refuses: answers('invalid_request'),
  },
  {
    rule: 'Nothing in it has to be fetched',
    words: 'Members with addresses that a server would call are refused: nothing is fetched, ever.',
    source: 'RFC 7591 §5',
    refuses: metadata(/is not supported$/),
  },
  {
    rule: 'Redirect URIs keep a code from others',
    words: 'https, http on a loopback address, or a scheme of an app’s own.',
    source: 'RFC 9700 §2.6, RFC 8252 §7',
    refuses: metadata(/redirect_uris must use/),
  },
  {
    rule: 'client_name is what it looks like',
    words: '1 to 80 visible characters, as people are asked to trust it.',
    source: 'ours',
    refuses: metadata(/^client_name must/),
  },
  {
    rule: 'response_modes has nothing but query',
    words: 'Answers travel in no other way here.',
    source: 'ours',
    refuses: metadata(/response_modes can only/),
  },
  {
    rule: 'Each scope exists',
    words: 'No scope is invented.',
    source: 'RFC 7591 §2',
    refuses: metadata(/scope names/),
  },
  {
    rule: 'The rest is well formed and fits together',
    words: 'Grant types, response types, authentication method and redirect URIs.',
    source: 'RFC 7591 §2.1',
    refuses: (facts) => metadata(/./)(facts) && !ours.test(facts.told),
  },
  {
    rule: 'The client is registered',
    words: 'Under an id of ours, which says that nobody has checked it.',
    source: 'RFC 7591 §3.2.1',
    refuses: never,
  },
]

const isWithoutToken = answers('invalid_token', undefined, /no access token/)

/** OpenID Connect Core §5.3. */
export const userinfoRules: readonly Rule[] = [
  {
    rule: 'A token stands in the Authorization header',
    words: 'In the header alone, never in query or body.',
    source: 'RFC 6750 §2.1',
    refuses: (facts) => facts.error === 'invalid_request' || isWithoutToken(facts),
  },
  {
    rule: 'Token, connection, client and user are alive',
    words: 'All of them, now.',
    source: 'RFC 6750 §3.1',
    refuses: (facts) => facts.error === 'invalid_token' && !isWithoutToken(facts),
  },
  {
    rule: 'The token has the scope openid',
    words: 'Without it nobody was asked to tell who they are.',
    source: 'OpenID Connect Core §5.3',
    refuses: answers('insufficient_scope'),
  },
]

export const publicDocumentRules: readonly Rule[] = [
  {
    rule: 'Anybody may read it',
    words:
      'Metadata and public keys are open to everybody, also to scripts of other origins. Other documents under /.well-known are not there.',
    source: 'RFC 8414 §3, RFC 9728 §3',
    refuses: withStatus(401, 404),
  },
]

export const nothingThereRules: readonly Rule[] = [
  {
    rule: 'There is something at this path',
    words: 'Paths are taken letter by letter, without lenient spellings.',
    source: 'RFC 9110 §15.5.5',
    refuses: withStatus(404),
  },
  {
    rule: 'It takes this method',
    words: 'The answer names those that it takes.',
    source: 'RFC 9110 §15.5.6',
    refuses: withStatus(405),
  },
]
