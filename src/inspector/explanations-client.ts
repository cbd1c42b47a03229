/** Rules on who the client says it is, shared by every endpoint where clients identify themselves. */
import { answers, type Rule } from './judge.ts'
import type { Facts } from './reading.ts'

const isTwice = answers('invalid_request', undefined, /must not be provided twice/)
const namesClient = ({ told }: Facts): boolean => /client_(?:id|secret)/.test(told)

/** In the order in which they are checked, before anything else is looked at. */
export const clientRules: readonly Rule[] = [
  {
    rule: 'The secret is not sent as Basic',
    words: 'Clients here are registered for client_secret_post, and one method only is allowed.',
    source: 'RFC 6749 §2.3',
    refuses: answers('invalid_client', undefined, /client_secret in the body/),
  },
  {
    rule: 'client_id and client_secret stand once',
    words: 'A parameter that is repeated has two readings.',
    source: 'RFC 6749 §3.2',
    refuses: (facts) => isTwice(facts) && namesClient(facts),
  },
  {
    rule: 'The client says who it is',
    words: 'By client_id in the body, and by one mechanism only.',
    source: 'RFC 6749 §3.2.1',
    refuses: answers(
      'invalid_request',
      undefined,
      /client authentication|client_id mismatch|authorization header/,
    ),
  },
  {
    rule: 'The client exists',
    words: 'It is configured, or it registered itself. Too many unknown ones from one address are refused.',
    source: 'RFC 6749 §5.2',
    refuses: (facts) =>
      (answers('invalid_client', /client not found/)(facts) && !/in the body/.test(facts.told)) ||
      isGuarded(facts),
  },
  {
    rule: 'It proves who it is, as it is registered to',
    words: 'A confidential client by its secret, a public client by none. Wrong secrets are counted.',
    source: 'RFC 6749 §2.3.1',
    refuses: (facts) =>
      (answers('invalid_client', /secret|mechanism/)(facts) && !/in the body/.test(facts.told)) ||
      isGuarded(facts),
  },
]

/** Both kinds of a failed authentication are counted, and answered alike once there were too many. */
const isGuarded = ({ status, error, told }: Facts): boolean =>
  status === 429 && error === 'temporarily_unavailable' && /client authentications/.test(told)

/** Of all the other parameters. */
export const parametersStandOnce: Rule = {
  rule: 'Every other parameter stands once',
  words: 'A parameter that is repeated has two readings.',
  source: 'RFC 6749 §3.2',
  refuses: (facts) => isTwice(facts) && !namesClient(facts),
}

/** @param names as the message lists them */
export const parametersAreThere = (rule: string, source: string): Rule => ({
  rule,
  words: 'What the request cannot do without.',
  source,
  refuses: answers('invalid_request', undefined, /missing required parameter/),
})
