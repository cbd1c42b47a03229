/**
 * Endpoint agents move between account groups of one organization. A move is announced by the answer and happens a little later
 * (official document); the embedded upstream makes moves that are due before it answers the next call of the region.
 */
import type { Answer, Answerers, Call } from '../call.ts'
import { named } from '../crud.ts'
import { type JsonObject, objectOf, objectsOf, present, textOf, without } from '../json.ts'
import { invalidField, notFound, refused, type V7Refusal } from '../refusals.ts'
import { missingBody } from '../request-body.ts'
import type { Draft, Entry, Objects } from '../state.ts'
import { dropReferences } from './endpoint-agent-relations.ts'
import { isDeleted } from './endpoint-agent-states.ts'
import { endpointAgent } from './endpoint-agents.ts'
import { transfersInCsv } from './endpoint-transfer-csv.ts'

const collection = 'endpoint-agent-transfers'

/** How long a move takes (ours: ThousandEyes says only that it is not at once). */
const takesMs = 5_000

const isDue = ({ fields }: Entry, now: number): boolean => Number(fields['at']) <= now

export const areTransfersDue = (state: Objects, now: number): boolean =>
  state.all(collection).some((transfer) => isDue(transfer, now))

/**
 * Makes the moves that are due. What the agent was to its old account group, by name or by tag, it is no longer.
 * @returns when the last of them was due, epoch ms
 */
export function settleTransfers(state: Draft, now: number): number {
  const due = state.all(collection).filter((one) => isDue(one, now))
  for (const transfer of due) {
    state.remove(collection, transfer.id)
    const agent = state.find('endpoint-agents', transfer.id)
    const toAid = textOf(transfer.fields['toAid']) ?? ''
    // Either may have been deleted since the move was announced.
    if (!agent || isDeleted(agent) || !state.find('account-groups', toAid)) continue
    dropReferences('agent', agent, state)
    state.put({ ...agent, aid: toAid, fields: without(agent.fields, ['tagIds']) })
  }
  return Math.max(...due.map(({ fields }) => Number(fields['at'])))
}

/** A later request takes the place of one that has not happened yet. */
function announce(agent: Entry, toAid: string, { state, now }: Call): void {
  const { id, orgId, aid, fields } = agent
  state.put({
    collection,
    id,
    ...(orgId !== undefined && { orgId }),
    ...(aid !== undefined && { aid }),
    fields: present({ toAid, at: now + takesMs, name: fields['name'] }),
  })
}

/** Both sides of a move need the permission to write (official document, of the bulk). */
const mayWriteIn = (aid: string, { caller, permissions, row }: Call): boolean =>
  caller.groups.includes(aid) && permissions.missing(row, caller.permissionsIn(aid)) === undefined

function transfer(call: Call): Answer | V7Refusal {
  const agent = named(endpointAgent, call)
  if (!agent) return notFound
  const toAid = textOf(objectOf(call.body)['toAid'])
  if (toAid === undefined || toAid === '') return invalidField('toAid', 'ToAid is empty.')
  if (!mayWriteIn(toAid, call))
    return refused('forbidden', "User does not have permission on 'to' account group.")
  announce(agent, toAid, call)
  return { status: 202 }
}

const isAgentId = (text: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)
const isAid = (text: string): boolean => /^\d{1,18}$/.test(text)

/** One move of a bulk. What it left out is empty. */
interface Move {
  readonly agentId: string
  readonly fromAid: string
  readonly toAid: string
}

type Objection = readonly [status: number, detail: string]

/** What stands against a move, and with which status; the words on the from-account and on the rights are the document's. */
function objectionTo({ agentId, fromAid, toAid }: Move, call: Call): Objection | undefined {
  if (!isAid(fromAid)) return [400, 'Missing from-account id']
  if (!isAid(toAid)) return [400, 'Missing to-account id']
  if (!isAgentId(agentId)) return [400, 'Missing agent id']
  if (!mayWriteIn(fromAid, call)) return [403, "User does not have permission on 'from' aid"]
  return mayWriteIn(toAid, call) ? undefined : [403, "User does not have permission on 'to' aid"]
}

const notThere: Objection = [404, "The agent is not in the 'from' account"]

/** The agent that a move names, if it is where the move says. */
function agentOf({ agentId, fromAid }: Move, { state, caller }: Call): Entry | undefined {
  const agent = state.find('endpoint-agents', agentId)
  return agent?.aid === fromAid && agent.orgId === caller.orgId && !isDeleted(agent) ? agent : undefined
}

function outcomeOf(wanted: JsonObject, call: Call): JsonObject {
  const text = (key: keyof Move): string => textOf(wanted[key]) ?? ''
  const move = { agentId: text('agentId'), fromAid: text('fromAid'), toAid: text('toAid') }
  const request = Object.fromEntries(Object.entries(move).filter(([, value]) => value !== ''))
  const objection = objectionTo(move, call)
  const agent = objection ? undefined : agentOf(move, call)
  if (!agent) {
    const [status, detail] = objection ?? notThere
    return { status, detail, request }
  }
  announce(agent, move.toAid, call)
  return { status: 200, detail: 'Initiated', request }
}

function wantedTransfers({ body, text }: Call): readonly JsonObject[] | V7Refusal {
  if (text !== undefined) return transfersInCsv(text)
  if (body === undefined) return missingBody
  const { transfers } = objectOf(body)
  return transfers === undefined ? invalidField('transfers', 'Transfers is empty.') : objectsOf(transfers)
}

function transferMany(call: Call): Answer | V7Refusal {
  const wanted = wantedTransfers(call)
  if ('kind' in wanted) return wanted
  return { status: 207, body: { items: wanted.map((one) => outcomeOf(one, call)) } }
}

/** One agent, and many at once: each move of a bulk is judged and made by itself. */
export const endpointAgentTransfers = (): Answerers => ({
  transferEndpointAgent: transfer,
  transferEndpointAgents: transferMany,
})
