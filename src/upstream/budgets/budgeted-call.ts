import { Readable } from 'node:stream'
import type { Clock } from '#domain/clock.ts'
import type {
  AddressBlock,
  Admission,
  OrganizationWindows,
  Slot,
  UnauthorizedBudget,
} from '#limits/upstream-budgets.ts'
import {
  type Upstream,
  type UpstreamAnswer,
  type UpstreamRequest,
  type UpstreamTrouble,
  UpstreamUnavailable,
} from '#upstream/upstream.ts'
import type { Verdict } from './credential-trials.ts'
import { toldWindow } from './told-window.ts'
import type { Sent, UnknownEnds, UnknownEndsParts } from './unknown-ends.ts'

export interface BudgetedParts extends Pick<UnknownEndsParts, 'after' | 'waitSeconds'> {
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

const isBlock = (error: unknown): boolean =>
  error instanceof UpstreamUnavailable && error.trouble === 'address-blocked'

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
  readonly ends: UnknownEnds
  readonly admission: Admission
  readonly organization: string
  readonly request: UpstreamRequest
  readonly slot: Slot
  readonly learn: (verdict: Verdict) => void
}

/** One call on its way out. */
export class BudgetedCall {
  readonly #parts: CallParts
  readonly #sent: Sent
  #slot: Slot

  constructor(parts: CallParts) {
    this.#parts = parts
    this.#slot = parts.slot
    this.#sent = parts.ends.begin(parts.request.region)
  }

  send(): Promise<UpstreamAnswer> {
    const { signal } = this.#parts.request
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      this.#dispatched().then(
        (answer) => {
          this.#answered(answer)
          if (signal.aborted) discard(answer)
          else resolve(withRetryAfter(answer))
        },
        (error: unknown) => {
          this.#failed(error)
          // Before the caller comes again, at whichever node.
          if (isBlock(error)) void this.#parts.address.refused().then(() => reject(error))
          else reject(error)
        },
      )
    })
  }

  async #dispatched(): Promise<UpstreamAnswer> {
    const { upstream, request } = this.#parts
    const { region, credential, operation, parameters, query, accountGroup, headers, body, client } = request
    return upstream.send({
      ...{ region, credential, operation, parameters, query, accountGroup, headers, body, client },
      // Nobody's: only deadlines end a call whose answer is not known.
      signal: new AbortController().signal,
      repeating: () => this.#takeAnother(),
    })
  }

  #answered(answer: UpstreamAnswer): void {
    const { clock, organizations, organization, address, admission, learn } = this.#parts
    if (answer.status === 401) this.#slot.spend()
    else this.#slot.free()
    this.#parts.ends.heard(this.#sent)
    organizations.ended(organization, toldWindow(answer, clock.now()))
    address.answered(admission)
    learn(verdictOf(answer))
  }

  #failed(error: unknown): void {
    const { request, learn, organizations, organization, ends } = this.#parts
    const isOfCaller = Boolean(request.body?.errored)
    const isFree = isHarmless(error)
    if (isFree) this.#slot.free()
    else this.#slot.spend()
    if (isFree || isOfCaller) ends.untold(this.#sent)
    else ends.unheard(this.#sent)
    organizations.ended(organization, undefined)
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
