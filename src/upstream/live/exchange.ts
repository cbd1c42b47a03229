import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { UpstreamAnswer, UpstreamRequest, UpstreamUnavailable } from '#upstream/upstream.ts'
import { AnswerBody } from './answer-body.ts'
import { type HeadFields, knownHeaders } from './answer-head.ts'
import type { Connection } from './connections.ts'
import { isClosing, unavailable } from './trouble.ts'

/** How an exchange ended: the whole answer came, the upstream failed, or nobody waited for it any more. */
export type Outcome = 'answered' | 'failed' | 'left'

export interface ExchangeParts {
  readonly options: Dispatcher.DispatchOptions
  readonly connection: Connection
  /** A stopwatch, in ms. */
  readonly now: () => number
  /** Asked before it goes out once more. */
  readonly repeating: UpstreamRequest['repeating']
  /** Called once, when the connection is free or gone. */
  readonly over: (exchange: Exchange, outcome: Outcome) => void
}

/** Bodies up to here are waited for and go out with their head in one piece, and a broken one becomes a 502. */
const smallBytes = 64 * 1024

type Phase = 'waiting' | 'gathering' | 'streaming' | 'over'

const left = new Error('nobody waits for the answer any more')

/** One request and its answer on one connection, and once more on a new one where RFC 9110 §9.2.2 lets us. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<UpstreamAnswer>
  readonly connection: Connection
  /** When it began, by the stopwatch. */
  readonly begunAt: number
  readonly #options: Dispatcher.DispatchOptions
  readonly #repeating: ExchangeParts['repeating']
  readonly #over: ExchangeParts['over']
  #answer!: (answer: UpstreamAnswer) => void
  #fail!: (error: Error) => void
  #phase: Phase = 'waiting'
  #controller: Dispatcher.DispatchController | undefined
  #hasBegun = false
  #wasKept = false
  #mayRepeat: boolean
  #status = 0
  #fields: HeadFields = {}
  #isShort = false
  #pieces: Buffer[] = []
  #bytes = 0
  #body: AnswerBody | undefined
  #callersFault: unknown
  readonly #now: () => number
  #heldSince: number | undefined
  #wasHeld = false

  constructor({ options, connection, now, repeating, over }: ExchangeParts) {
    this.#options = options
    this.connection = connection
    this.begunAt = now()
    this.#now = now
    this.#repeating = repeating
    this.#over = over
    this.#mayRepeat = options.method === 'GET'
    // Heard here first: what is wrong with the request is no failure of the upstream.
    if (options.body instanceof Readable)
      options.body.once('error', (error) => {
        this.#callersFault = error
      })
    this.answer = new Promise((resolve, reject) => {
      this.#answer = resolve
      this.#fail = reject
    })
  }

  send(): void {
    this.#wasKept = this.connection.answers > 0
    this.connection.client.dispatch(this.#options, this)
  }

  /** Since when whoever reads the answer has taken nothing of it, by the stopwatch; undefined while nothing waits to be taken. */
  get heldSince(): number | undefined {
    return this.#heldSince
  }

  /** Ends it now. @param error why, for whoever waits for the answer or reads it; undefined when nobody does */
  cut(error?: UpstreamUnavailable): void {
    const before = this.#phase
    if (before === 'over') return
    // Its caller held the answer up, and could make the region rest by that.
    this.#end(error && !this.#wasHeld ? 'failed' : 'left')
    const controller = this.#controller
    if (controller) controller.abort(error ?? left)
    if (before === 'streaming') this.#body?.destroy(error ?? left)
    else this.#fail(error ?? left)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#phase === 'over') controller.abort(left)
  }

  onResponseStarted(): void {
    this.#hasBegun = true
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, fields: HeadFields): void {
    // RFC 9110 §15.2: more is to come.
    if (status < 200 || this.#phase === 'over') return
    this.#status = status
    this.#fields = fields
    this.#phase = 'gathering'
    this.#isShort = Number(fields['content-length'] ?? Number.NaN) <= smallBytes
    // What has arrived by then arrived with the head.
    if (!this.#isShort) queueMicrotask(() => this.#stream())
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (this.#phase === 'gathering') {
      this.#pieces.push(piece)
      this.#bytes += piece.length
      if (this.#bytes > smallBytes) this.#stream()
    } else if (this.#phase === 'streaming' && this.#body?.hand(piece) === false) this.#hold(controller)
  }

  onResponseEnd(): void {
    const before = this.#phase
    if (before === 'over') return
    this.connection.answers += 1
    this.#end('answered')
    if (before === 'streaming') this.#body?.end()
    else this.#answer(this.#answerWith(Buffer.concat(this.#pieces, this.#bytes)))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#phase === 'over') return
    if (this.#isWorthRepeating(error)) this.#repeat(error)
    else this.#failBy(error)
  }

  #failBy(error: Error): void {
    const before = this.#phase
    if (before === 'over') return
    this.#end(error === this.#callersFault || this.#heldSince !== undefined ? 'left' : 'failed')
    if (before === 'streaming') this.#body?.destroy(error)
    else this.#fail(unavailable(error))
  }

  /** A kept connection was closed before any byte of the answer: nobody can know whether the request was read (reliability R34). */
  #isWorthRepeating(error: Error): boolean {
    return this.#mayRepeat && this.#wasKept && !this.#hasBegun && isClosing(error)
  }

  #repeat(error: Error): void {
    this.#mayRepeat = false
    this.#controller = undefined
    const repeating = this.#repeating?.() ?? true
    // The closed connection is off its client by then, so that this makes a new one.
    setImmediate(async () => {
      const mayRepeat = await Promise.resolve(repeating).catch(() => false)
      if (!mayRepeat) this.#failBy(error)
      else if (this.#phase !== 'over') this.send()
    })
  }

  #stream(): void {
    if (this.#phase !== 'gathering') return
    this.#phase = 'streaming'
    const controller = this.#controller
    const body = new AnswerBody({ resume: () => this.#goOn(), abandon: () => this.cut() })
    this.#body = body
    let hasRoom = true
    for (const piece of this.#pieces) hasRoom = body.hand(piece)
    this.#pieces = []
    if (!hasRoom && controller) this.#hold(controller)
    this.#answer(this.#answerWith(body))
  }

  #hold(controller: Dispatcher.DispatchController): void {
    this.#wasHeld = true
    this.#heldSince ??= this.#now()
    controller.pause()
  }

  #goOn(): void {
    this.#heldSince = undefined
    this.#controller?.resume()
  }

  #answerWith(body: Buffer | AnswerBody): UpstreamAnswer {
    return { status: this.#status, headers: knownHeaders(this.#fields), body }
  }

  #end(outcome: Outcome): void {
    this.#phase = 'over'
    this.#over(this, outcome)
  }
}
