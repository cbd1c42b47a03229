import { type AccountGroup, type AccountGroupId, parseAccountGroupId } from '#domain/account-group.ts'
import { type Awaitable, whenKnown } from '#domain/awaitable.ts'
import { isRefusal } from '#domain/refusal.ts'
import type { Answer, Call, Caller, Check } from './call.ts'
import type { Reach } from './reach.ts'
import { foreignGroup as foreign, problemAnswer } from './refusal-answer.ts'
import { badGateway } from './upstream-answer.ts'

type IntegrationCaller = Extract<Caller, { kind: 'integration' }>

const invalid = (call: Call): Answer =>
  problemAnswer(call, {
    status: 400,
    title: 'Invalid aid',
    detail: 'Give aid once, as the decimal id of an account group.',
    code: 'invalid_account_group',
  })

/** What the query says: nothing, one well-formed `aid`, or neither. `aid[]` and its like are a second spelling of two. */
function askedGroup(query: URLSearchParams): AccountGroupId | 'none' | 'malformed' {
  if (query.size === 0) return 'none'
  for (const name of query.keys()) if (name.startsWith('aid[')) return 'malformed'
  const [asked, second] = query.getAll('aid')
  if (asked === undefined) return 'none'
  return (second === undefined && parseAccountGroupId(asked)) || 'malformed'
}

/** Whether the operation is about all that there are, whatever is asked. */
const isAboutAll = ({ match }: Call): boolean => match.operation.otherGroups?.needsAll === true

/** Whether the call asks for all account groups of the user; anything but an explicit false counts, in case an upstream takes it so. */
const asksForAll = ({ target, match }: Call): boolean =>
  match.operation.query.includes('useAllPermittedAids') &&
  target.query.getAll('useAllPermittedAids').some((value) => value.toLowerCase() !== 'false')

/** Whether the path itself names an account group that the grant does not open. */
function isAboutForeignGroup({ caller, match: { operation, parameters } }: Call): boolean {
  if (caller.kind !== 'integration' || operation.path !== '/account-groups/{id}') return false
  return !caller.access.accountGroups.some((aid) => aid === parameters['id'])
}

/**
 * Settles the account group of the call: the `aid` of the query, else the user's login account group. A grant opens its own
 * account groups only, also when nothing is asked for and when all are (security-cases G19). Whether the user belongs to the
 * account group is the upstream's affair. Operations without `aid` ignore it (thousandeyes-facts 5.2).
 */
export function selectAccountGroup(reach: Reach): Check {
  function judgeAll(
    call: Call,
    { access }: IntegrationCaller,
    groups: readonly AccountGroup[],
  ): Answer | undefined {
    if (groups.every(({ aid }) => access.accountGroups.includes(aid))) return undefined
    const limited = 'The connection is limited to some account groups'
    return foreign(
      call,
      isAboutAll(call)
        ? `${limited}, and this operation is about all of them.`
        : `${limited}: ask for one of them with aid.`,
    )
  }

  function judgeLogin(
    call: Call,
    { access }: IntegrationCaller,
    groups: readonly AccountGroup[],
  ): Answer | undefined {
    const login = groups[0]?.aid
    if (login === undefined || !access.accountGroups.includes(login))
      return foreign(call, 'The connection does not include the login account group: name another with aid.')
    call.accountGroup = login
    return undefined
  }

  function keepToGrant(
    call: Call,
    caller: IntegrationCaller,
    asked: AccountGroupId | 'none',
  ): Awaitable<Answer | undefined> {
    const forAll = isAboutAll(call) || asksForAll(call)
    if (asked !== 'none' && !forAll)
      return caller.access.accountGroups.includes(asked)
        ? undefined
        : foreign(call, 'The connection does not include this account group.')
    const judge = forAll ? judgeAll : judgeLogin
    return whenKnown(reach(call, caller.user, forAll ? 'new' : 'believed'), (groups) =>
      isRefusal(groups) ? badGateway(call, groups.code, groups.description) : judge(call, caller, groups),
    )
  }

  /** For an operation that takes no `aid`. */
  function judgeWithout(call: Call): Awaitable<Answer | undefined> {
    if (isAboutForeignGroup(call)) return foreign(call, 'The connection does not include this account group.')
    return call.caller.kind === 'integration' && isAboutAll(call)
      ? keepToGrant(call, call.caller, 'none')
      : undefined
  }

  return (call) => {
    if (!call.match.operation.takesAccountGroup) return judgeWithout(call)
    const asked = askedGroup(call.target.query)
    if (asked === 'malformed') return invalid(call)
    if (asked !== 'none') call.accountGroup = asked
    return call.caller.kind === 'integration' ? keepToGrant(call, call.caller, asked) : undefined
  }
}
