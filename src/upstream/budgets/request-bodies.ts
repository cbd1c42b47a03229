/**
 * Bodies of requests before they go out. A caller who breaks one off leaves a call without an answer, which counts as a 401: a short
 * body is waited for, so that nothing was sent yet, and of long ones each credential may have a few that were broken off or may yet be.
 */
import { Readable } from 'node:stream'
import type { Awaitable } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import { collect } from '#upstream/reads/whole-body.ts'
import {
  type Upstream,
  type UpstreamAnswer,
  type UpstreamRequest,
  UpstreamUnavailable,
} from '#upstream/upstream.ts'

/** Ours, all three. */
const shortBytes = 64 * 1024
const mostLong = 5
const rememberedMs = 3_600_000

interface LongBodies {
  underWay: number
  /** Epoch ms of those that were broken off. */
  brokenAt: readonly number[]
}

/** Named one by one: what the gateway gives has its members from a class. */
const withBody = (request: UpstreamRequest, body: Readable): UpstreamRequest => ({
  region: request.region,
  credential: request.credential,
  operation: request.operation,
  parameters: request.parameters,
  query: request.query,
  accountGroup: request.accountGroup,
  headers: request.headers,
  body,
  signal: request.signal,
  ...(request.client === undefined ? {} : { client: request.client }),
  ...(request.organization === undefined ? {} : { organization: request.organization }),
})

export class RequestBodies {
  readonly #clock: Clock
  /** By the name of the credential; those without any are forgotten. */
  readonly #long = new Map<string, LongBodies>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * @param name of the credential @param send sends the request that it is given
   * @throws UpstreamUnavailable when the credential has too many long ones, or what the body broke off with
   */
  send(name: string, request: UpstreamRequest, send: Upstream['send']): Awaitable<UpstreamAnswer> {
    return request.body ? this.#sendBody(name, request, { body: request.body, send }) : send(request)
  }

  async #sendBody(
    name: string,
    request: UpstreamRequest,
    { body, send }: { readonly body: Readable; readonly send: Upstream['send'] },
  ): Promise<UpstreamAnswer> {
    const collected = await collect(body, shortBytes)
    if ('whole' in collected)
      return send(withBody(request, Readable.from([collected.whole], { objectMode: false })))
    const held = this.#enter(name, collected.stream)
    try {
      return await send(withBody(request, collected.stream))
    } finally {
      held.underWay -= 1
      if (body.errored) held.brokenAt = [...held.brokenAt, this.#clock.now()]
      this.#settle(name, held)
    }
  }

  #enter(name: string, body: Readable): LongBodies {
    const held = this.#long.get(name) ?? { underWay: 0, brokenAt: [] }
    this.#settle(name, held)
    const { underWay, brokenAt } = held
    if (underWay + brokenAt.length >= mostLong) {
      body.destroy()
      const waitMs = underWay > 0 ? 1_000 : (brokenAt[0] ?? 0) + rememberedMs - this.#clock.now()
      throw new UpstreamUnavailable('full', { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)) })
    }
    held.underWay += 1
    this.#long.set(name, held)
    return held
  }

  #settle(name: string, held: LongBodies): void {
    const now = this.#clock.now()
    held.brokenAt = held.brokenAt.filter((at) => at <= now && now - at < rememberedMs)
    if (held.underWay === 0 && held.brokenAt.length === 0) this.#long.delete(name)
  }
}
