import { Readable } from 'node:stream'

/** What gives the pieces of a body, and can wait. */
export interface BodySource {
  resume(): void
  /** Nobody reads on. */
  abandon(): void
}

const pieceBytes = 64 * 1024

/** The body of an answer while it arrives, with back-pressure on the upstream's connection. */
export class AnswerBody extends Readable {
  readonly #source: BodySource
  #hasEnded = false

  constructor(source: BodySource) {
    super({ highWaterMark: pieceBytes })
    this.#source = source
    // Who reads hears of a failure in its own way; where nobody does, it must not end the process (libraries: trap 1).
    this.on('error', () => undefined)
  }

  /** @returns whether more may come at once */
  hand(piece: Buffer): boolean {
    return this.push(piece)
  }

  end(): void {
    this.#hasEnded = true
    this.push(null)
  }

  override _read(): void {
    this.#source.resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#hasEnded) this.#source.abandon()
    done(error)
  }
}
