import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { AccountGroupId } from '#domain/account-group.ts'
import { type Awaitable, whenKnown } from '#domain/awaitable.ts'
import type { Operation } from '#domain/operation.ts'
import { isRefusal } from '#domain/refusal.ts'
import type { RegionId } from '#domain/region.ts'
import type { UpstreamCredential } from '#domain/upstream-credential.ts'
import { StoreFailure } from '#store/store.ts'
import {
  type Upstream,
  type UpstreamAnswer,
  type UpstreamRequest,
  UpstreamUnavailable,
} from '#upstream/upstream.ts'
import type { Borrow } from './borrow.ts'
import type { Answer, Call, Check } from './call.ts'
import { linkRewriter } from './links.ts'
import { keepListToGrant } from './listed-groups.ts'
import { BodyTooLarge, bodyTooLarge, requestBody } from './request-body.ts'
import { badGateway, callersAnswer, type LinkOrigins } from './upstream-answer.ts'

/** The upstream could not answer; `cause` is for the log. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure'
}

export interface ForwardParts {
  readonly upstream: Upstream
  readonly borrow: Borrow
  /** Ours, as clients see it. */
  readonly origin: string
  /** What the upstream of each region writes into its links. */
  readonly upstreamOrigins: Readonly<Record<RegionId, string>>
}

/** What the upstream learns of the request beside operation, parameters and query (security-cases G16). */
const requestHeaders = ['accept', 'content-length', 'content-type'] as const

function headersFor({ request }: Call): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of requestHeaders) {
    const value = request.headers[name]
    if (value !== undefined) headers[name] = value
  }
  return headers
}

/** Fires when the connection closes before the answer is written. */
function callerGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  if (response.destroyed) gone.abort()
  else
    response.once('close', () => {
      if (!response.writableFinished) gone.abort()
    })
  return gone.signal
}

/** Drops what only looks like a credential: a token in the query is none (OAuth 2.1 §5.2), nor does it travel on. */
function queryFor({ target }: Call): URLSearchParams {
  if (target.query.size > 0) target.query.delete('access_token')
  return target.query
}

const readAgain = (body: Buffer): Readable => Readable.from([body], { objectMode: false })

interface Standing {
  readonly credential: UpstreamCredential
  readonly region: RegionId
}

/**
 * A class for the sake of its getter: an accessor in an object literal makes a hidden class of its own for every call, which
 * keeps the call in memory until the next full collection. Measured: twice the time of the whole gateway.
 */
class ForwardedRequest implements UpstreamRequest {
  readonly region: RegionId
  readonly credential: UpstreamCredential
  readonly operation: Operation
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly accountGroup: AccountGroupId | undefined
  readonly organization: string | undefined
  readonly client: string | undefined
  readonly body: Readable | undefined
  readonly #call: Call
  #signal: AbortSignal | undefined
  #headers: Readonly<Record<string, string>> | undefined

  constructor(call: Call, { credential, region }: Standing) {
    this.region = region
    this.credential = credential
    this.operation = call.match.operation
    this.parameters = call.match.parameters
    this.query = queryFor(call)
    this.accountGroup = call.accountGroup
    const { caller } = call
    this.organization = caller.kind === 'nobody' ? undefined : caller.user.organizationId
    this.client = caller.kind === 'integration' ? caller.access.clientId : undefined
    this.body = call.body ? readAgain(call.body) : requestBody(call)
    this.#call = call
  }

  /** Made only when it is asked for: the embedded upstream mostly answers before anybody could leave. */
  get signal(): AbortSignal {
    this.#signal ??= callerGone(this.#call.response)
    return this.#signal
  }

  /** Not made for answers that are kept. */
  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= headersFor(this.#call)
    return this.#headers
  }
}

/** Sends the call to the caller's region with the borrowed credential, never with the presented token. */
export function forward({ upstream, borrow, origin, upstreamOrigins }: ForwardParts): Check {
  const linksOf = (upstreamOrigin: string): LinkOrigins => ({
    upstreamOrigin,
    origin,
    rewriter: linkRewriter(upstreamOrigin, origin),
  })
  const links: Readonly<Record<RegionId, LinkOrigins>> = {
    us1: linksOf(upstreamOrigins.us1),
    us2: linksOf(upstreamOrigins.us2),
    eu1: linksOf(upstreamOrigins.eu1),
  }

  function failed(call: Call, request: ForwardedRequest, cause: unknown): Answer {
    if (request.body?.errored instanceof BodyTooLarge) return bodyTooLarge(call)
    if (cause instanceof UpstreamUnavailable || cause instanceof StoreFailure) throw cause
    throw new UpstreamFailure('the upstream could not answer', { cause })
  }

  function send(call: Call, standing: Standing): Awaitable<Answer> {
    const request = new ForwardedRequest(call, standing)
    const passOn = (answer: UpstreamAnswer): Awaitable<Answer> =>
      keepListToGrant(call, callersAnswer(call, answer, links[standing.region]))
    try {
      const answer = upstream.send(request)
      return answer instanceof Promise
        ? answer.then(passOn).catch((cause: unknown) => failed(call, request, cause))
        : passOn(answer)
    } catch (cause) {
      return failed(call, request, cause)
    }
  }

  return (call) => {
    const { caller } = call
    if (caller.kind === 'nobody') throw new Error('a call of nobody was about to be forwarded')
    return whenKnown(borrow(call), (credential) =>
      isRefusal(credential)
        ? badGateway(call, credential.code, credential.description)
        : send(call, { credential, region: caller.user.region }),
    )
  }
}
