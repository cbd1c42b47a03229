/**
 * Budgets: an upstream around the live one, so that ThousandEyes never blocks our address (thousandeyes-facts 6.4). Every call
 * holds a slot of the budget of answers 401 from before it is sent until its answer is known. A caller who leaves before does not
 * end the call, as the answer would be unknown, and an unknown one counts as a 401.
 */
import { type Awaitable, whenKnown } from '#domain/awaitable.ts'
import type { UpstreamCredential } from '#domain/upstream-credential.ts'
import type { Admission, Slot } from '#limits/upstream-budgets.ts'
import { accountGroupsRequest, readAccountGroups } from '#upstream/live/account-groups.ts'
import {
  type Upstream,
  type UpstreamAnswer,
  type UpstreamRequest,
  UpstreamUnavailable,
} from '#upstream/upstream.ts'
import { BudgetedCall, type BudgetedParts } from './budgeted-call.ts'
import { CredentialTrials, type Entry, type Verdict } from './credential-trials.ts'
import { RequestBodies } from './request-bodies.ts'
import { organizationExhausted } from './told-window.ts'
import { UnknownEnds } from './unknown-ends.ts'

const nameOf = (credential: UpstreamCredential): string =>
  credential.kind === 'user-api-token' ? credential.credential : credential.userId

/** In place of the answer that another call got just now. */
const refusedAgain: UpstreamAnswer = { status: 401, headers: {}, body: undefined }

/** A call that may go out as far as credential and slot are concerned. */
interface Ready {
  readonly slot: Slot
  readonly request: UpstreamRequest
  readonly entry: Entry
  readonly learn: (verdict: Verdict) => void
}

/** Nothing is sent; whoever waits for this call is told the same. */
function withheld(
  trouble: 'address-blocked' | 'resting',
  retryAfterSeconds: number,
  { slot, learn }: Pick<Ready, 'slot' | 'learn'>,
): UpstreamUnavailable {
  const failure = new UpstreamUnavailable(trouble, { retryAfterSeconds })
  slot.free()
  learn(failure)
  return failure
}

/** The slot is for others meanwhile. @param goOn takes another one */
function afterHold(
  held: Promise<void>,
  { slot, learn }: Pick<Ready, 'slot' | 'learn'>,
  goOn: () => Awaitable<UpstreamAnswer>,
): Promise<UpstreamAnswer> {
  slot.free()
  return held.then(goOn, (failure: Error) => {
    learn(failure)
    throw failure
  })
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
  const { clock, after, waitSeconds } = parts
  const ends = new UnknownEnds({ clock, after, waitSeconds, budget: parts.unauthorized.standing().budget })
  const bodies = new RequestBodies(parts.clock)
  const organizationOf = organizationReader()

  /** @param admission of the address, as all else is settled @returns the answer of the upstream, or ours in its place */
  function dispatch(admission: Admission, ready: Ready): Awaitable<UpstreamAnswer> {
    const { slot, request, learn } = ready
    if (typeof admission === 'number') throw withheld('address-blocked', admission, ready)
    const held = admission === 'open' ? ends.hold(request.region) : undefined
    if (held !== undefined) return afterHold(held, ready, () => enter(ready.entry, request))
    const wait = ends.wait(request.region)
    if (wait > 0) throw withheld('resting', wait, ready)
    const organization = organizationOf(request)
    const draw = parts.organizations.draw(organization, request.client ?? '')
    if (draw.allowed)
      return new BudgetedCall({ ...parts, ends, admission, organization, request, slot, learn }).send()
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
    const ready = { slot, request, entry, learn }
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
