/**
 * Confirming: who changed something asks every node that listens whether it has heard of it. Redis hands messages to a node in the order
 * in which they were published, so an answer to a question says that whatever was announced before it has been heard (DECISIONS 144).
 * Everything here is machine time: connections know no other.
 */
import type { RedisConnections } from './redis-connections.ts'

/** Longer than a node stands still without noticing (redis-recent.ts); whoever says nothing for so long holds nobody up. */
const patienceMilliseconds = 250

export interface ConfirmingParts {
  readonly connections: RedisConnections
  readonly prefix: string
  /** Of this node alone. */
  readonly node: string
}

export interface Confirming {
  /** To listen on, beside those of the announcements. */
  readonly channels: readonly string[]
  /** Resolves once every node that listens has heard what was announced before, or says nothing for too long. Never rejects. */
  heardEverywhere(): Promise<void>
}

interface Question {
  answers: number
  /** How many nodes it reached; Redis tells when some may have answered already. */
  reached: number
  readonly settled: PromiseWithResolvers<void>
}

const settleIfAnswered = ({ answers, reached, settled }: Question): void => {
  if (answers >= reached) settled.resolve()
}

export function confirming({ connections, prefix, node }: ConfirmingParts): Confirming {
  const { announcements: subscriber, commands } = connections
  const questions = `${prefix}questions`
  const answersOf = (asking: string): string => `${prefix}answers:${asking}`
  const answers = answersOf(node)
  const open = new Map<string, Question>()
  let asked = 0

  function hear(channel: string, message: string): void {
    if (channel === questions) {
      const [asking = '', number = ''] = message.split(' ')
      commands.publish(answersOf(asking), number).catch(() => undefined)
    }
    const question = channel === answers ? open.get(message) : undefined
    if (!question) return
    question.answers += 1
    settleIfAnswered(question)
  }
  subscriber.on('message', hear)

  return {
    channels: [questions, answers],
    async heardEverywhere() {
      asked += 1
      const number = String(asked)
      const question = {
        answers: 0,
        reached: Number.POSITIVE_INFINITY,
        settled: Promise.withResolvers<void>(),
      }
      open.set(number, question)
      const impatience = setTimeout(question.settled.resolve, patienceMilliseconds)
      commands.publish(questions, `${node} ${number}`).then((reached) => {
        question.reached = reached
        settleIfAnswered(question)
      }, question.settled.resolve)
      await question.settled.promise
      clearTimeout(impatience)
      open.delete(number)
    },
  }
}
