import { type AccountGroup, parseAccountGroupId } from '#domain/account-group.ts'
import type { Operation } from '#domain/operation.ts'
import { parseUserId, type UserId } from '#domain/user.ts'
import {
  answerText,
  type Upstream,
  type UpstreamAnswer,
  type UpstreamTrouble,
  UpstreamUnavailable,
} from '#upstream/upstream.ts'

/** A User API Token in the open, for as long as a question takes. */
export interface OpenToken {
  readonly userId: UserId
  readonly token: string
  readonly fingerprint: string
}

/** The upstream's user behind a token. */
export interface TokenOwner {
  readonly uid: string
  readonly email: string
  readonly name: string
}

/** A fresh User API Token (thousandeyes-facts 5.3). */
export interface RenewedToken {
  readonly token: string
  /** Epoch ms; undefined when the answer had no instant that can be read. */
  readonly validUntil: number | undefined
}

export type Asked<Value> =
  | { readonly kind: 'answered'; readonly value: Value }
  /** 401: the token opens nothing. */
  | { readonly kind: 'rejected' }
  /** Another refusal: nothing was done. */
  | { readonly kind: 'refused'; readonly status: number }
  /** It was not asked at all: there is no connection, or it rests. */
  | { readonly kind: 'unreached' }
  /** No answer, or none that can be read: what was asked for may have been done. */
  | { readonly kind: 'unknown'; readonly cause: unknown }

/** What the broker itself asks ThousandEyes, each with the token that it is about. */
export interface UpstreamQuestions {
  ownerOf(token: OpenToken): Promise<Asked<TokenOwner>>
  /** All that the token reaches, the login account group first. */
  reachOf(token: OpenToken): Promise<Asked<readonly AccountGroup[]>>
  /** `POST /v7/api-tokens`: refused with 409 while two tokens are live. */
  renew(token: OpenToken): Promise<Asked<RenewedToken>>
}

/** More than any true answer to these has. */
const mostBytes = 4 * 1024 * 1024
const patienceMs = 20_000

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Text that may stand on a page: not empty, not endless. */
const textIn = (fields: Fields, name: string, most = 300): string | undefined => {
  const value = fields[name]
  return typeof value === 'string' && value !== '' && value.length <= most ? value : undefined
}

async function fieldsOf({ body }: UpstreamAnswer): Promise<Fields> {
  const parsed: unknown = JSON.parse(await answerText(body, mostBytes))
  if (!isFields(parsed)) throw new Error('the answer is no JSON object')
  return parsed
}

function letGo({ body }: UpstreamAnswer): void {
  if (!body || typeof body === 'string' || Buffer.isBuffer(body)) return
  body.on('error', () => undefined)
  body.destroy()
}

function ownerIn(fields: Fields): TokenOwner {
  const [uid, email] = [textIn(fields, 'uid', 40), textIn(fields, 'email')]
  if (uid === undefined || email === undefined) throw new Error('the answer names no user')
  return { uid, email, name: textIn(fields, 'name') ?? email }
}

function groupIn(fields: unknown): AccountGroup {
  const aid = isFields(fields) ? parseAccountGroupId(String(fields['aid'])) : undefined
  if (!isFields(fields) || aid === undefined) throw new Error('the answer has an account group without aid')
  return {
    aid,
    name: textIn(fields, 'accountGroupName') ?? aid,
    isLogin: fields['isDefaultAccountGroup'] === true,
  }
}

function reachIn({ accountGroups }: Fields): readonly AccountGroup[] {
  if (!Array.isArray(accountGroups)) throw new Error('the answer lists no account groups')
  const groups = accountGroups.map(groupIn)
  return [...groups.filter(({ isLogin }) => isLogin), ...groups.filter(({ isLogin }) => !isLogin)]
}

/** What a User API Token looks like (thousandeyes-facts 2.4). */
export const isTokenForm = (text: string): boolean =>
  /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i.test(text)

function renewedIn(fields: Fields): RenewedToken {
  const token = textIn(fields, 'bearerToken') ?? ''
  if (!/^[\x21-\x7e]{16,200}$/.test(token)) throw new Error('the answer has no token')
  const validUntil = Date.parse(textIn(fields, 'validUntil') ?? '')
  return { token, validUntil: Number.isFinite(validUntil) ? validUntil : undefined }
}

const neverSent: ReadonlySet<UpstreamTrouble> = new Set(['unreachable', 'untrusted', 'resting', 'full'])

const failed = (cause: unknown): Asked<never> =>
  cause instanceof UpstreamUnavailable && neverSent.has(cause.trouble)
    ? { kind: 'unreached' }
    : { kind: 'unknown', cause }

export function upstreamQuestions(upstream: Upstream, operations: readonly Operation[]): UpstreamQuestions {
  function operation(id: string): Operation {
    const found = operations.find((one) => one.id === id)
    if (!found) throw new Error(`the tables of v7 lack the operation ${id}`)
    return found
  }

  async function send({ userId, token, fingerprint }: OpenToken, asked: Operation): Promise<UpstreamAnswer> {
    const region = parseUserId(userId)?.region
    if (!region) throw new Error(`${userId} is no user of a region`)
    return upstream.send({
      region,
      credential: { kind: 'user-api-token', userId, token, credential: fingerprint },
      operation: asked,
      parameters: {},
      query: new URLSearchParams(),
      accountGroup: undefined,
      headers: { accept: 'application/hal+json, application/json' },
      body: undefined,
      signal: AbortSignal.timeout(patienceMs),
    })
  }

  async function judged<Value>(
    answer: UpstreamAnswer,
    read: (fields: Fields) => Value,
  ): Promise<Asked<Value>> {
    const { status } = answer
    if (status >= 200 && status < 300) return { kind: 'answered', value: read(await fieldsOf(answer)) }
    letGo(answer)
    if (status === 401) return { kind: 'rejected' }
    return status >= 400 && status < 500
      ? { kind: 'refused', status }
      : { kind: 'unknown', cause: `status ${status}` }
  }

  const asking =
    <Value>(id: string, read: (fields: Fields) => Value) =>
    async (token: OpenToken): Promise<Asked<Value>> => {
      try {
        return await judged(await send(token, operation(id)), read)
      } catch (cause) {
        return failed(cause)
      }
    }

  return {
    ownerOf: asking('getCurrentUser', ownerIn),
    reachOf: asking('getAccountGroups', reachIn),
    renew: asking('regenerateApiToken', renewedIn),
  }
}
