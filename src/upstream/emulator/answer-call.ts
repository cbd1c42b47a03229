import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Awaitable } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import type { OperationRow } from '#upstream/operation-rows.ts'
import type { UpstreamAnswer, UpstreamRequest } from '#upstream/upstream.ts'
import { logActivity } from './activity-log.ts'
import { askedPath } from './asked-path.ts'
import type { Answer, Answerer, Call, Surroundings } from './call.ts'
import { type Caller, callerOf, uidOf } from './caller.ts'
import type { Turn } from './in-turn.ts'
import { refusalAnswer } from './problems.ts'
import { expandOf, queryViolations } from './query-facts.ts'
import { invalid, isV7Refusal, refused, type V7Refusal } from './refusals.ts'
import { render } from './render.ts'
import { type Body, missingBody, noBody, parseBody, readBody } from './request-body.ts'
import type { Draft, RegionState } from './state.ts'
import type { StoredRegion } from './stored-state.ts'
import { violationsOf } from './validate.ts'

/** What the engine has made ready for all calls. */
export interface Prepared extends Surroundings {
  readonly clock: Clock
  readonly origin: string
  readonly rows: ReadonlyMap<string, OperationRow>
  /** What answers an operation; undefined where nothing does. */
  readonly answererOf: (operationId: string) => Awaitable<Answerer | undefined>
}

/** What stands before the answerer, with what it found out. */
interface Admitted {
  readonly caller: Caller
  readonly aid: string
  readonly body: Body
  readonly answerer: Answerer
}

/** An answer as bytes, and whether the same call may get another one while the state stands. */
export interface Rendered {
  readonly answer: UpstreamAnswer
  readonly varies: boolean
}

/** Answers a call that only reads. */
export async function answerRead(
  prepared: Prepared,
  state: RegionState,
  request: UpstreamRequest,
): Promise<Rendered> {
  const received = await receive(prepared, request)
  const ready = readyCall(prepared, { ...received, state: state.draft().draft })
  const result = isV7Refusal(ready) ? ready : await ready.answerer(ready.call)
  return finish(prepared, { request, row: received.row, result })
}

/** What follows from a write, whichever operation it was. Loaded with the families, which are not there before the first call. */
const consequences = () => import('./families/write-consequences.ts')

/** How many objects a call may have changed for what follows to happen in the same turn of the event loop. */
const mostInTurn = 100

/** Answers any other call. Writes of a region run in turn, so that a check and the write behind it are one step. */
export async function answerWrite(
  prepared: Prepared,
  { region, inTurn, request }: { region: StoredRegion; inTurn: Turn; request: UpstreamRequest },
): Promise<UpstreamAnswer> {
  const received = await receive(prepared, request)
  const result = await inTurn(async () => {
    const before = await region.current()
    const { draft, written } = before.draft()
    const ready = readyCall(prepared, { ...received, state: draft })
    if (isV7Refusal(ready)) return ready
    const answer = await ready.answerer(ready.call)
    if (isV7Refusal(answer)) return answer
    const { followWrite } = await consequences()
    const done = written()
    if (done.entries.length + done.removed.length > mostInTurn) await nextTurn()
    followWrite(ready.call, done, before)
    logActivity(ready.call, written(), before)
    const changes = written()
    for (const effect of changes.effects) await effect()
    await region.write(changes)
    return answer
  })
  return finish(prepared, { request, row: received.row, result }).answer
}

/** A call with its body and what answers it, before anything is checked. */
interface Received {
  readonly request: UpstreamRequest
  readonly row: OperationRow
  readonly bytes: Buffer | V7Refusal
  readonly answerer: Answerer | undefined
}

async function receive({ rows, answererOf }: Prepared, request: UpstreamRequest): Promise<Received> {
  const { operation } = request
  const row = rows.get(operation.id)
  if (!row) throw new Error(`there is no row for the operation ${operation.id}`)
  const bytes = await readBody(request, row.body?.types ?? ['application/json'])
  return { request, row, bytes, answerer: await answererOf(row.as ?? row.id) }
}

/** The order of checks: body read, caller, account group, role, emulated at all, query, body's fields; then the family. */
function readyCall(
  prepared: Prepared,
  asked: Asked,
): { readonly call: Call; readonly answerer: Answerer } | V7Refusal {
  if (isV7Refusal(asked.bytes)) return asked.bytes
  const admitted = admit(prepared, { ...asked, bytes: asked.bytes })
  if (isV7Refusal(admitted)) return admitted
  return { call: callOf(prepared, asked, admitted), answerer: admitted.answerer }
}

function finish(
  prepared: Prepared,
  { request, row, result }: { request: UpstreamRequest; row: OperationRow; result: Answer | V7Refusal },
): Rendered {
  const { clock, origin, dialect } = prepared
  if (!isV7Refusal(result)) return { answer: render(dialect, row, result), varies: result.varies ?? false }
  const path = askedPath(request.operation.path, request.parameters)
  const answer = refusalAnswer({ refusal: result, row, path, now: clock.now(), origin, dialect })
  return { answer: render(dialect, row, answer), varies: true }
}

interface Asked extends Received {
  readonly state: Draft
}

type Read = Asked & { readonly bytes: Buffer }

function admit(prepared: Prepared, asked: Read): Admitted | V7Refusal {
  const { state, request, row, answerer } = asked
  const caller = callerOf(uidOf(request.region, request.credential.userId), state, prepared.permissions)
  if (!caller) return refused('forbidden', 'The user of this token has no account group.')
  const aid = request.accountGroup ?? caller.loginAid
  if (!caller.groups.includes(aid))
    return refused('forbidden', 'Invalid aid: the user of this token is not in this account group.')
  const missing = prepared.permissions.missing(row, caller.permissionsIn(aid))
  if (missing !== undefined)
    return refused('forbidden', `Insufficient permissions to query endpoint: the role lacks "${missing}".`)
  if (!answerer)
    return refused('not_emulated', `${row.method} /v7${row.path} is part of v7 but not emulated yet.`)
  const wrongQuery = queryViolations(row, request.query)
  if (wrongQuery.length > 0) return invalid(wrongQuery)
  const checked = checkBody(prepared, asked)
  return isV7Refusal(checked) ? checked : { caller, aid, body: checked.body, answerer }
}

function checkBody({ model }: Prepared, { request, row, bytes }: Read): { readonly body: Body } | V7Refusal {
  if (!row.body) return { body: noBody }
  const parsed = parseBody(bytes, request.headers['content-type'])
  if (isV7Refusal(parsed)) return parsed
  const { json, text } = parsed.body
  if (json === undefined) return row.body.required && text === undefined ? missingBody : parsed
  if (row.body.schema === undefined) return parsed
  const violations = violationsOf(model, model.schema(row.body.schema), json)
  return violations.length > 0 ? invalid(violations) : parsed
}

function callOf(prepared: Prepared, { state, request, row }: Asked, admitted: Admitted): Call {
  const { caller, aid, body } = admitted
  const { model, permissions, dialect, directory, userApiTokens, trail, randomBytes, clock, origin } =
    prepared
  const asked = request.query.get('aid')
  const suffix = asked === null ? '' : `?aid=${encodeURIComponent(asked)}`
  return {
    model,
    permissions,
    dialect,
    directory,
    userApiTokens,
    trail,
    randomBytes,
    row,
    region: request.region,
    caller,
    aid,
    body: body.json,
    text: body.text,
    state,
    parameters: request.parameters,
    query: request.query,
    expand: expandOf(request.query),
    now: clock.now(),
    presentedToken: request.credential.kind === 'standing' ? request.credential.presentedToken : undefined,
    href: (path) => `${origin}/v7${path}${suffix}`,
  }
}
