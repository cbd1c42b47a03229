/** Asking: a question to Redis is answered, or fails within about a second in the words of the port, never as a hanging promise. */
import { StoreFailure } from './store.ts'

/** From the call to the failure: in ioredis a command also waits for the pipeline before it. */
export const answerMilliseconds = 1_000

export type Ask = <Answer>(question: () => Promise<Answer>) => Promise<Answer>

/** What is asked of a connection beside the questions themselves. */
interface Connection {
  readonly status: string
  on(event: 'error', told: (failure: Error) => void): unknown
  on(event: 'ready', told: () => void): unknown
}

/** @returns what puts a question to Redis and turns silence, too, into a failure in the words of the port */
export function asking(redis: Connection, { host }: URL, unfit: () => string | undefined): Ask {
  let trouble = ''
  // Without a listener ioredis prints to the console; here the reason is told with the next failure.
  redis.on('error', ({ message }: Error) => {
    trouble = ` (${message})`
  })
  redis.on('ready', () => {
    trouble = ''
  })
  return async (question) => {
    const wrong = unfit()
    if (wrong !== undefined) throw new StoreFailure(`Redis at ${host} cannot be used: ${wrong}`)
    const silence = Promise.withResolvers<never>()
    const timer = setTimeout(() => silence.reject(new Error('no answer in time')), answerMilliseconds)
    try {
      return await Promise.race([question(), silence.promise])
    } catch (failure) {
      const reason = redis.status === 'ready' ? (failure as Error).message : `not connected${trouble}`
      // No cause: ioredis hangs the command's arguments on its errors, and those are records that no log may see.
      throw new StoreFailure(`Redis at ${host} does not answer: ${reason}`)
    } finally {
      clearTimeout(timer)
    }
  }
}
