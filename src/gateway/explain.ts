/**
 * Explains what the gateway would say to a call, by walking the very list that it walks (gateway.ts) over ports that count nothing,
 * note nothing and ask no upstream. There are no rules here, only their words.
 */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { type AccountGroupId, parseAccountGroupId } from '#domain/account-group.ts'
import type { ExplainedRule, Explanation } from '#domain/explanation.ts'
import { isRefusal } from '#domain/refusal.ts'
import { regionLabel } from '#domain/region.ts'
import type { Access } from '#grants/grants.ts'
import type { Upstream } from '#upstream/upstream.ts'
import { type Answer, type Call, type Check, newCall } from './call.ts'
import { type RuleName, type RuleParts, rulesOf } from './gateway.ts'

export interface ExplainerParts extends RuleParts {
  /** The account groups of a user, where they are known without a call to the upstream. */
  readonly knownAccountGroups?: Upstream['accountGroups']
  /** Those of them that a grant could get; left out for all. */
  readonly grantableAccountGroups?: Upstream['accountGroups']
}

export interface CallInQuestion {
  readonly method: string
  /** Path and query, as on the request line. */
  readonly target: string
  /** What it would send, as JSON; undefined for nothing. */
  readonly body?: string | undefined
  /** From where it would come; undefined when that is not asked about. */
  readonly address: string | undefined
  /** What the token opens; undefined for one of a grant that is not there. `all` stands for whatever the user reaches. */
  readonly access:
    | (Omit<Access, 'accountGroups'> & { readonly accountGroups: readonly AccountGroupId[] | 'all' })
    | undefined
}

/** Only a call to the upstream could tell. */
class Unasked extends Error {
  override readonly name = 'Unasked'
}

/** Of the right form, and nobody's: which grant it stands for is said beside it. */
const placeholder = `${'A'.repeat(16)}.${'A'.repeat(43)}`

const bodyHeaders = (body: string): Readonly<Record<string, string>> => ({
  'content-type': 'application/json',
  'content-length': String(Buffer.byteLength(body)),
})

function requestOf({ method, target, body }: CallInQuestion, host: string): IncomingMessage {
  const request = new IncomingMessage(new Socket())
  Object.assign(request, { method, url: target, httpVersionMajor: 1, httpVersionMinor: 1, complete: true })
  const headers = {
    ...{ host, authorization: `Bearer ${placeholder}` },
    ...(body === undefined ? {} : bodyHeaders(body)),
  }
  Object.assign(request.headers, headers)
  request.rawHeaders.push(...Object.entries(headers).flat())
  if (body !== undefined) request.push(body)
  request.push(null)
  return request
}

function groupsInBody({ body, caller, match }: Call): string {
  const { inBody } = match.operation.otherGroups ?? {}
  if (!inBody) return 'Its body names no account groups.'
  if (body) return 'The body names no account group beyond those of the connection.'
  const members = [...inBody.members].flatMap(([name, need]) => (need === 'none' ? [] : [name])).join(', ')
  const own = caller.kind === 'integration' ? ` (${caller.access.accountGroups.join(', ')})` : ''
  return `No body was asked about. In one, ${members} may only name account groups of the connection${own}, unless it has all.`
}

/** What each rule says when it lets a call pass. */
const passed: Readonly<Record<RuleName, (call: Call) => string>> = {
  request: () => 'It can be read in one way only.',
  address: ({ address }) => (address === '' ? 'No address was asked about.' : `${address} is not blocked.`),
  token: () => 'Grant, integration and user are alive.',
  calls: ({ rateHeaders }) =>
    `${rateHeaders[3]} of ${rateHeaders[1]} calls are left in this minute, on the node that was asked.`,
  operation: ({ match: { operation } }) => `${operation.id}: ${operation.method} /v7${operation.path}`,
  scope: ({ match }) => `It takes one of ${match.operation.scopes.join(', ')}.`,
  limits: () => 'Within the limits of integration and grant.',
  'account-group': ({ accountGroup, match }) =>
    match.operation.takesAccountGroup
      ? `Account group ${accountGroup ?? 'of each that the user reaches'}.`
      : 'The operation takes no account group.',
  bucket: ({ match: { operation }, rateHeaders }) =>
    operation.bucket === undefined
      ? 'The operation has no window of its own.'
      : `${rateHeaders[9]} of ${rateHeaders[7]} calls are left in the window ${operation.bucket}.`,
  body: ({ request }) =>
    request.headers['content-length'] === undefined
      ? 'No body was asked about.'
      : 'The body is not too long.',
  'groups-in-body': groupsInBody,
  upstream: ({ caller }) =>
    `It would be sent to the upstream of ${caller.kind === 'nobody' ? '' : regionLabel(caller.user.region)}, where roles are judged.`,
}

const open = 'Which account group is meant rests on the login account group of the user: name one with aid.'

/** What the caller would be told; the note is what the log would be told beside it. */
function detailOf({ body, note, status }: Answer): string {
  const said = typeof body === 'string' && body.startsWith('{') ? JSON.parse(body) : {}
  const { detail, error_description: description, errorMessage } = said as Readonly<Record<string, string>>
  const words = detail ?? description ?? errorMessage ?? (status === 404 ? 'No operation has this path.' : '')
  return note === undefined ? words : `${words} (${note})`
}

/** What the check says; `unasked` where only the upstream could tell. @throws when the store cannot answer */
async function judged(check: Check, call: Call): Promise<Answer | 'unasked' | undefined> {
  try {
    return await check(call)
  } catch (failure) {
    if (failure instanceof Unasked) return 'unasked'
    throw failure
  }
}

const isRefused = (answer: Answer | 'unasked' | undefined): answer is Answer =>
  typeof answer === 'object' && answer.status >= 400

function refused(rules: readonly ExplainedRule[], rule: RuleName, answer: Answer): Explanation {
  const { status, code = 'upstream' } = answer
  const detail = detailOf(answer)
  return {
    verdict: 'refused',
    rules: [...rules, { rule, outcome: 'refused', words: detail }],
    refusal: { rule, status, code, detail },
  }
}

const aidIn = (target: string): AccountGroupId | undefined =>
  parseAccountGroupId(new URLSearchParams(target.split('?')[1] ?? '').get('aid') ?? '')

/** Ports of the gateway that change nothing, with the token in question behind the one that is presented. */
function watching(
  parts: ExplainerParts,
  question: CallInQuestion,
  access: Access | undefined,
): ExplainerParts {
  const { grants, limits, knownAccountGroups } = parts
  const { windows, sourceBlock } = limits
  const isAddressAsked = question.address !== undefined
  return {
    ...parts,
    grants: { ...grants, access: () => access, noteUse: () => undefined },
    limits: {
      windows: { ...windows, draw: windows.peek },
      sourceBlock: {
        ...sourceBlock,
        blockedUntil: (address) => (isAddressAsked ? sourceBlock.blockedUntil(address) : 0),
        count: () => Promise.resolve(0),
      },
    },
    upstream: {
      ...parts.upstream,
      send: () => ({ status: 204, headers: {}, body: undefined }),
      accountGroups: knownAccountGroups ?? (() => Promise.reject(new Unasked())),
    },
  }
}

/** @returns what explains a call */
export function openExplainer(parts: ExplainerParts): (question: CallInQuestion) => Promise<Explanation> {
  const { host } = new URL(parts.origin)

  /** The account groups that `all` stands for, as far as they are known. */
  async function everyGroup(question: CallInQuestion): Promise<readonly AccountGroupId[]> {
    const { access, target } = question
    const { knownAccountGroups, grantableAccountGroups: grantable = knownAccountGroups } = parts
    const asked = aidIn(target)
    const credential = access && (await parts.broker.lend({ userId: access.userId }))
    if (!access || !grantable || !credential || isRefusal(credential)) return asked ? [asked] : []
    return (await grantable(access.region, credential)).map(({ aid }) => aid)
  }

  async function accessOf(question: CallInQuestion): Promise<Access | undefined> {
    const { access } = question
    if (!access) return undefined
    const accountGroups = access.accountGroups === 'all' ? await everyGroup(question) : access.accountGroups
    return { ...access, accountGroups }
  }

  return async (question) => {
    const watched = watching(parts, question, await accessOf(question))
    const request = requestOf(question, host)
    const exchange = { request, response: new ServerResponse(request) }
    const call = newCall(exchange, { id: 'explanation', address: question.address ?? '', beganAt: 0 })
    const rules: ExplainedRule[] = []
    for (const [rule, check] of rulesOf(watched)) {
      const answer = await judged(check, call)
      if (isRefused(answer)) return refused(rules, rule, answer)
      rules.push(
        answer === 'unasked'
          ? { rule, outcome: 'open', words: open }
          : { rule, outcome: 'passed', words: passed[rule](call) },
      )
    }
    return { verdict: rules.some(({ outcome }) => outcome === 'open') ? 'open' : 'passes', rules }
  }
}
