import type { Readable } from 'node:stream'
import { type AccountGroupId, parseAccountGroupId } from '#domain/account-group.ts'
import { gathered } from '#domain/gathered.ts'
import { isRefusal } from '#domain/refusal.ts'
import type { Answer, Call, Caller, Check } from './call.ts'
import { type NamedGroups, namedGroups } from './named-groups.ts'
import type { Reach } from './reach.ts'
import { foreignGroup, problemAnswer } from './refusal-answer.ts'
import { bodyTooLarge, requestBody } from './request-body.ts'
import { badGateway } from './upstream-answer.ts'

type IntegrationCaller = Extract<Caller, { kind: 'integration' }>

/** Such a body is held in memory while it is judged; none that is honest comes near it. Ours. */
const mostBytes = 1024 * 1024

/** Two readings of a body would be one of ours and another of the upstream's (RFC 8259 §4). */
const unreadable = (call: Call): Answer =>
  problemAnswer(call, {
    status: 400,
    title: 'Bad Request',
    detail:
      'The connection is limited to some account groups, and the body, which may name others, is no JSON that has one reading only: UTF-8, without repeated members.',
    code: 'invalid_body',
  })

function strayWords(strays: readonly string[]): string {
  const known = strays.filter((name) => parseAccountGroupId(name) !== undefined).slice(0, 10)
  return known.length === 0
    ? 'The body names something that is no account group of the connection.'
    : `The connection does not include account groups that the body names: ${known.join(', ')}.`
}

/** What is wrong with the body for a connection that has some account groups; undefined when nothing is. */
function problemOf(call: Call, named: NamedGroups, granted: readonly AccountGroupId[]): Answer | undefined {
  if (named === 'unreadable')
    return call.match.operation.otherGroups?.inBody?.isJsonAlone
      ? unreadable(call)
      : foreignGroup(call, 'The connection is limited to some account groups: send the body as JSON.')
  if (named.needsAll)
    return foreignGroup(
      call,
      'The connection is limited to some account groups, and the body is about all of them.',
    )
  const strays = named.names.filter((name) => !granted.some((aid) => aid === name))
  return strays.length === 0 ? undefined : foreignGroup(call, strayWords(strays))
}

/**
 * Keeps what request bodies name within the account groups of the grant (security-cases G19), for the operations of
 * config/account-groups.yaml. A grant that has all account groups of its user may name whatever the upstream lets it.
 */
export function keepBodyToGrant(reach: Reach): Check {
  async function judge(call: Call, caller: IntegrationCaller, body: Readable): Promise<Answer | undefined> {
    const { inBody } = call.match.operation.otherGroups ?? {}
    if (!inBody) return undefined
    const { accountGroups } = caller.access
    call.body = await gathered(body, mostBytes)
    if (!call.body) return bodyTooLarge(call, mostBytes)
    const named = namedGroups(call.body, call.request.headers['content-type'], inBody)
    const problem = problemOf(call, named, accountGroups)
    if (!problem) return undefined
    const reached = await reach(call, caller.user, 'new')
    if (isRefusal(reached)) return badGateway(call, reached.code, reached.description)
    return reached.every(({ aid }) => accountGroups.includes(aid)) ? undefined : problem
  }

  return (call) => {
    const { caller, match } = call
    if (caller.kind !== 'integration' || !match.operation.otherGroups?.inBody) return undefined
    const body = requestBody(call)
    return body && judge(call, caller, body)
  }
}
