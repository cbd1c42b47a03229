import type Router from '@koa/router'
import type { KeyWork } from '#broker/key-work.ts'
import { isRefusal } from '#domain/refusal.ts'
import { problem } from './problem.ts'

export interface OperatorKeysParts {
  readonly keyWork: KeyWork
  /** Keeps in the audit trail what the operator did. */
  readonly record: (detail: string) => Promise<void>
  readonly log: (entry: Readonly<Record<string, string | number | undefined>>) => void
}

/** The key of a credential's record, as a round gives it. */
const isRecordKey = (text: string): boolean => text === '' || /^[\w:.-]{1,200}$/.test(text)

/** Key-encryption keys by id, and the rounds that wrap anew what older ones wrapped (docs/broker.md, Keys). */
export function keyRoutes(router: Router, { keyWork, record, log }: OperatorKeysParts): void {
  router.get('/operator/keys', async (ctx) => {
    const wrong = await keyWork.problem()
    ctx.body = {
      problem: wrong ?? null,
      keys: (await keyWork.standing()).map(({ id, isNewest, isHeld, sealedTokens }) => ({
        id,
        newest: isNewest,
        held: isHeld,
        sealedTokens,
      })),
    }
  })

  // One round a request: a long one would end with the connection, and its end is asked for by the next.
  router.post('/operator/keys/rewrap', async (ctx) => {
    const after = new URLSearchParams(ctx.querystring).get('after') ?? ''
    if (!isRecordKey(after)) return problem(ctx, 400, 'after: allowed is what the round before answered')
    const round = await keyWork.rewrap(after)
    if (isRefusal(round)) return problem(ctx, 409, round.description)
    const retired = round.after === undefined ? await keyWork.retire() : []
    if (round.rewrapped > 0 || retired.length > 0) {
      await record(`rewrapped ${round.rewrapped} keys${retired.map((id) => `, retired ${id}`).join('')}`)
      log({ event: 'keys-rewrapped', rewrapped: round.rewrapped, retired: retired.join(' ') })
    }
    ctx.body = { rewrapped: round.rewrapped, after: round.after ?? null, retired }
    return undefined
  })
}
