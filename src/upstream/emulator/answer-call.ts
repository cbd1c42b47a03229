import type { Clock } from '#domain/clock.ts'
import type { RegionId } from '#domain/region.ts'
import type { Store } from '#store/store.ts'
import type { OperationRow } from '#upstream/operation-rows.ts'
import type { UpstreamAnswer, UpstreamRequest } from '#upstream/upstream.ts'
import type { Answer, Answerer, Call, Surroundings } from './call.ts'
import { type Caller, callerOf } from './caller.ts'
import { refusalAnswer } from './problems.ts'
import { expandOf, queryViolations } from './query-facts.ts'
import { invalid, isV7Refusal, refused, type V7Refusal } from './refusals.ts'
import { render } from './render.ts'
import { type Body, missingBody, noBody, parseBody, readBody } from './request-body.ts'
import type { Draft, RegionState } from './state.ts'
import { commitWritten } from './stored-state.ts'
import { violationsOf } from './validate.ts'

/** What the engine has made ready for all calls. */
export interface Prepared extends Surroundings {
  readonly store: Store
  readonly clock: Clock
  readonly origin: string
  readonly rows: ReadonlyMap<string, OperationRow>
  readonly answerers: ReadonlyMap<string, Answerer>
  /** Writes of a region run one after the other, so that a check and the write behind it are one step. */
  inTurn<Result>(region: RegionId, task: () => Promise<Result>): Promise<Result>
}

/** What stands before the answerer, with what it found out. */
interface Admitted {
  readonly caller: Caller
  readonly aid: string
  readonly body: Body
  readonly answerer: Answerer
}

/** Answers one call: body, caller, account group, role, fields, and then the family; a refusal of any of them is its answer. */
export async function answerCall(
  prepared: Prepared,
  state: RegionState,
  request: UpstreamRequest,
): Promise<{ answer: UpstreamAnswer; varies: boolean }> {
  const row = prepared.rows.get(request.operation.id)
  if (!row) throw new Error(`no row for the operation ${request.operation.id}`)
  const bytes = await readBody(request, row.body?.types ?? ['application/json'])
  const act = async (): Promise<Answer | V7Refusal> => {
    if (isV7Refusal(bytes)) return bytes
    const admitted = admit(prepared, { state, request, row, bytes })
    if (isV7Refusal(admitted)) return admitted
    const { draft, written } = state.draft()
    const call = callOf(prepared, { request, row, draft, admitted })
    const answer = await admitted.answerer(call)
    if (isV7Refusal(answer) || request.operation.method === 'GET') return answer
    const changes = written()
    for (const effect of changes.effects) await effect()
    await commitWritten(prepared.store, state.region, changes)
    state.apply(changes)
    return answer
  }
  const result = request.operation.method === 'GET' ? await act() : await prepared.inTurn(request.region, act)
  const answer = isV7Refusal(result)
    ? refusalAnswer({
        refusal: result,
        row,
        path: pathOf(request),
        now: prepared.clock.now(),
        origin: prepared.origin,
      })
    : result
  return { answer: render(row, answer), varies: answer.varies ?? isV7Refusal(result) }
}

const pathOf = ({ operation, parameters }: UpstreamRequest): string =>
  operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''))

interface Asked {
  readonly state: RegionState
  readonly request: UpstreamRequest
  readonly row: OperationRow
  readonly bytes: Buffer
}

function admit(prepared: Prepared, asked: Asked): Admitted | V7Refusal {
  const { state, request, row } = asked
  const uid = request.credential.userId.slice(request.region.length + 1)
  const caller = callerOf(uid, state, prepared.permissions)
  if (!caller) return refused('forbidden', 'The user of this token has no account group.')
  const aid = request.accountGroup ?? caller.loginAid
  if (!caller.groups.includes(aid))
    return refused('forbidden', 'Invalid aid: the user of this token is not in this account group.')
  const missing = prepared.permissions.missing(row, caller.permissionsIn(aid))
  if (missing !== undefined)
    return refused('forbidden', `Insufficient permissions to query endpoint: the role lacks "${missing}".`)
  const answerer = prepared.answerers.get(row.as ?? row.id)
  if (!answerer)
    return refused('not_emulated', `${row.method} /v7${row.path} is part of v7 but not emulated yet.`)
  const wrongQuery = queryViolations(row, request.query)
  if (wrongQuery.length > 0) return invalid(wrongQuery)
  const checked = checkBody(prepared, asked)
  return isV7Refusal(checked) ? checked : { caller, aid, body: checked.body, answerer }
}

function checkBody({ model }: Prepared, { request, row, bytes }: Asked): { readonly body: Body } | V7Refusal {
  if (!row.body) return { body: noBody }
  const parsed = parseBody(bytes, request.headers['content-type'])
  if (isV7Refusal(parsed)) return parsed
  const { json, text } = parsed.body
  if (json === undefined) return row.body.required && text === undefined ? missingBody : parsed
  const violations = violationsOf(model, model.schema(row.body.schema), json)
  return violations.length > 0 ? invalid(violations) : parsed
}

function callOf(
  prepared: Prepared,
  given: { request: UpstreamRequest; row: OperationRow; draft: Draft; admitted: Admitted },
): Call {
  const { request, row, draft, admitted } = given
  const { caller, aid, body } = admitted
  const { model, permissions, identity, userApiTokens, randomBytes, clock, origin } = prepared
  const asked = request.query.get('aid')
  const suffix = asked === null ? '' : `?aid=${encodeURIComponent(asked)}`
  return {
    model,
    permissions,
    identity,
    userApiTokens,
    randomBytes,
    row,
    region: request.region,
    caller,
    aid,
    body: body.json,
    text: body.text,
    state: draft,
    parameters: request.parameters,
    query: request.query,
    expand: expandOf(request.query),
    now: clock.now(),
    presentedToken: request.credential.presentedToken,
    href: (path) => `${origin}/v7${path}${suffix}`,
  }
}
