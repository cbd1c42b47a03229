/** Asking: a question to Redis is answered, or fails within about a second in the words of the port, never as a hanging promise. */
import { StoreFailure } from './store.ts'

export type Ask = <Answer>(question: () => Promise<Answer>) => Promise<Answer>

/** What is asked of a connection beside the questions themselves. */
interface Connection {
  readonly status: string
  on(event: 'error', told: (failure: Error & { readonly code?: string }) => void): unknown
  on(event: 'ready', told: () => void): unknown
}

export interface AskingParts {
  /** Of the server, for people. */
  readonly name: string
  readonly milliseconds: number
  /** What is wrong with the server that serves now. */
  readonly unfit: () => string | undefined
  /** A look at the server, when it is not known yet: nothing is asked of it before. */
  readonly known: () => Promise<void> | undefined
}

export interface Asking {
  readonly ask: Ask
  /** Asks a server that need not be fit. */
  readonly askAnyway: Ask
  /** Why there is no connection, in words. */
  absence(): string
}

/** @returns what puts a question to Redis and turns silence, too, into a failure in the words of the port */
export function asking(redis: Connection, { name, milliseconds, unfit, known }: AskingParts): Asking {
  let trouble = ''
  // Without a listener ioredis prints to the console; here the reason is told with the next failure.
  redis.on('error', ({ message, code = '' }) => {
    // Where a name has several addresses, Node's error has a code alone.
    trouble = ` (${message || code})`
  })
  redis.on('ready', () => {
    trouble = ''
  })
  const absence = (): string => `Redis at ${name} does not answer: not connected${trouble}`

  async function within<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    const silence = Promise.withResolvers<never>()
    const giveUp = (): void => silence.reject(new Error('no answer in time'))
    // A process that stood still runs its timers before it reads what has arrived meanwhile, and that may be the answer.
    const timer = setTimeout(() => setImmediate(giveUp), milliseconds)
    try {
      return await Promise.race([question(), silence.promise])
    } catch (failure) {
      if (failure instanceof StoreFailure) throw failure
      // No cause: ioredis hangs the command's arguments on its errors, and those are records that no log may see.
      throw new StoreFailure(
        redis.status === 'ready'
          ? `Redis at ${name} does not answer: ${(failure as Error).message}`
          : absence(),
      )
    } finally {
      clearTimeout(timer)
    }
  }

  function assertFit(): void {
    const wrong = unfit()
    if (wrong !== undefined) throw new StoreFailure(`Redis at ${name} cannot be used: ${wrong}`)
  }

  return {
    askAnyway: within,
    ask: (question) =>
      within(async () => {
        const look = known()
        if (look !== undefined) await look
        assertFit()
        return question()
      }),
    absence,
  }
}
