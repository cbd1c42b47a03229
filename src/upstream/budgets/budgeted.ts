/**
 * Budgets: an upstream around the live one, so that ThousandEyes never blocks our address (thousandeyes-facts 6.4). Every call
 * holds a slot of the budget of answers 401 from before it is sent until its answer is known. A caller who leaves before does not
 * end the call, as the answer would be unknown, and an unknown one counts as a 401.
 */
import { Readable } from 'node:stream'
import { type Awaitable, whenKnown } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import type { UpstreamCredential } from '#domain/upstream-credential.ts'
import type {
  AddressBlock,
  Admission,
  OrganizationWindows,
  Slot,
  UnauthorizedBudget,
} from '#limits/upstream-budgets.ts'
import { accountGroupsRequest, readAccountGroups } from '#upstream/live/account-groups.ts'
import {
  type Upstream,
  type UpstreamAnswer,
  type UpstreamRequest,
  type UpstreamTrouble,
  UpstreamUnavailable,
} from '#upstream/upstream.ts'
import { CredentialTrials, type Entry, type Verdict } from './credential-trials.ts'
import { RequestBodies } from './request-bodies.ts'
import { organizationExhausted, toldWindow } from './told-window.ts'

export interface BudgetedParts {
  readonly upstream: Upstream
  readonly clock: Clock
  readonly unauthorized: UnauthorizedBudget
  readonly address: AddressBlock
  readonly organizations: OrganizationWindows
}

/** Told before anything of the request was sent, or of an answer that was no 401. */
const harmless: ReadonlySet<UpstreamTrouble> = new Set([
  'unreachable',
  'untrusted',
  'resting',
  'full',
  'address-blocked',
])

const isHarmless = (error: unknown): boolean =>
  error instanceof UpstreamUnavailable && harmless.has(error.trouble)

const nameOf = (credential: UpstreamCredential): string =>
  credential.kind === 'user-api-token' ? credential.credential : credential.userId

/** In place of the answer that another call got just now. */
const refusedAgain: UpstreamAnswer = { status: 401, headers: {}, body: undefined }

function verdictOf({ status }: UpstreamAnswer): Verdict {
  if (status === 401) return 'refused'
  return status === 429 || status >= 500 ? 'undecided' : 'proven'
}

function discard({ body }: UpstreamAnswer): void {
  if (body instanceof Readable) body.destroy()
}

/** ThousandEyes says nothing of the kind (thousandeyes-facts 6.3); the span is ours. */
function withRetryAfter(answer: UpstreamAnswer): UpstreamAnswer {
  if (answer.status !== 503 || answer.headers['retry-after'] !== undefined) return answer
  return { ...answer, headers: { ...answer.headers, 'retry-after': '10' } }
}

interface CallParts extends BudgetedParts {
  readonly admission: Admission
  readonly organization: string
  readonly request: UpstreamRequest
  readonly slot: Slot
  readonly learn: (verdict: Verdict) => void
}

/** One call on its way out. */
class BudgetedCall {
  readonly #parts: CallParts
  #slot: Slot

  constructor(parts: CallParts) {
    this.#parts = parts
    this.#slot = parts.slot
  }

  send(): Promise<UpstreamAnswer> {
    const { signal } = this.#parts.request
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      this.#sent().then(
        (answer) => {
          this.#answered(answer)
          if (signal.aborted) discard(answer)
          else resolve(withRetryAfter(answer))
        },
        (error: unknown) => {
          this.#failed(error)
          reject(error)
        },
      )
    })
  }

  async #sent(): Promise<UpstreamAnswer> {
    const { upstream, request } = this.#parts
    const { region, credential, operation, parameters, query, accountGroup, headers, body } = request
    return upstream.send({
      ...{ region, credential, operation, parameters, query, accountGroup, headers, body },
      // Nobody's: only deadlines end a call whose answer is not known.
      signal: new AbortController().signal,
      repeating: () => this.#takeAnother(),
    })
  }

  #answered(answer: UpstreamAnswer): void {
    const { clock, organizations, organization, address, admission, learn } = this.#parts
    if (answer.status === 401) this.#slot.spend()
    else this.#slot.free()
    organizations.ended(organization, toldWindow(answer, clock.now()))
    address.answered(admission)
    learn(verdictOf(answer))
  }

  #failed(error: unknown): void {
    if (isHarmless(error)) this.#slot.free()
    else this.#slot.spend()
    const { request, learn, organizations, organization, address } = this.#parts
    organizations.ended(organization, undefined)
    if (error instanceof UpstreamUnavailable && error.trouble === 'address-blocked') address.refused()
    const isOfCaller = Boolean(request.body?.errored)
    learn(error instanceof UpstreamUnavailable && !isOfCaller ? error : 'undecided')
  }

  /** What was sent may have been answered 401, and so may what is sent now. */
  async #takeAnother(): Promise<boolean> {
    const another = await this.#parts.unauthorized.take()
    if (typeof another === 'number') return false
    this.#slot.spend()
    this.#slot = another
    return true
  }
}

/** A call that may go out as far as credential and slot are concerned. */
interface Ready {
  readonly slot: Slot
  readonly request: UpstreamRequest
  readonly learn: (verdict: Verdict) => void
}

const mostUsers = 10_000

/** Organizations of users are remembered, for what we ask for them ourselves. */
function organizationReader(): (request: UpstreamRequest) => string {
  const organizationsOf = new Map<string, string>()
  return ({ credential, region, organization }) => {
    const known = organizationsOf.get(credential.userId)
    if (organization === undefined) return known ?? nameOf(credential)
    const key = `${region}:${organization}`
    if (known !== key) {
      if (organizationsOf.size >= mostUsers) organizationsOf.clear()
      organizationsOf.set(credential.userId, key)
    }
    return key
  }
}

export function budgetedUpstream(parts: BudgetedParts): Upstream {
  const trials = new CredentialTrials(parts.clock)
  const bodies = new RequestBodies(parts.clock)
  const organizationOf = organizationReader()

  /** @param admission of the address, as all else is settled @returns the answer of the upstream, or ours in its place */
  function dispatch(admission: Admission, { slot, request, learn }: Ready): Awaitable<UpstreamAnswer> {
    if (typeof admission === 'number') {
      slot.free()
      const blocked = new UpstreamUnavailable('address-blocked', { retryAfterSeconds: admission })
      learn(blocked)
      throw blocked
    }
    const organization = organizationOf(request)
    const draw = parts.organizations.draw(organization, request.client ?? '')
    if (draw.allowed)
      return new BudgetedCall({ ...parts, admission, organization, request, slot, learn }).send()
    slot.free()
    learn('undecided')
    return organizationExhausted(draw, parts.clock.now())
  }

  function sendWith(slot: Slot | number, request: UpstreamRequest, entry: Entry): Awaitable<UpstreamAnswer> {
    const learn = (verdict: Verdict): void => trials.learn(nameOf(request.credential), verdict, entry)
    if (typeof slot === 'number') {
      const exhausted = new UpstreamUnavailable('budget-exhausted', { retryAfterSeconds: slot })
      learn(exhausted)
      throw exhausted
    }
    if (request.signal.aborted) {
      slot.free()
      learn('undecided')
      throw request.signal.reason
    }
    const ready = { slot, request, learn }
    const admission = parts.address.admit()
    if (!(admission instanceof Promise)) return dispatch(admission, ready)
    return admission.then(
      (known) => dispatch(known, ready),
      (error: unknown) => {
        slot.free()
        learn('undecided')
        throw error
      },
    )
  }

  function enter(entry: Entry, request: UpstreamRequest): Awaitable<UpstreamAnswer> {
    if (entry === 'refused') return refusedAgain
    const slot = parts.unauthorized.take()
    if (!(slot instanceof Promise)) return sendWith(slot, request, entry)
    return slot.then(
      (taken) => sendWith(taken, request, entry),
      (error: unknown) => {
        trials.learn(nameOf(request.credential), 'undecided', entry)
        throw error
      },
    )
  }

  const send = (request: UpstreamRequest): Awaitable<UpstreamAnswer> =>
    bodies.send(nameOf(request.credential), request, (whole) =>
      whenKnown(trials.enter(nameOf(whole.credential)), (entry) => enter(entry, whole)),
    )

  return {
    send,
    accountGroups: async (region, credential) =>
      readAccountGroups(await send(accountGroupsRequest(region, credential))),
  }
}
