import { whenKnown } from '#domain/awaitable.ts'
import type { SourceBlock } from '#limits/limits.ts'
import type { Answer, Call, Check } from './call.ts'
import { problemAnswer } from './refusal-answer.ts'

/**
 * 429 of a blocked address. It carries no rate-limit headers, so that the official SDKs do not wait and repeat; its body and
 * the lack of Retry-After are ours, as nobody has published them (thousandeyes-facts 6.4).
 */
const blocked = (call: Call, blockedUntil: number): Answer =>
  problemAnswer(
    call,
    {
      status: 429,
      title: 'Too Many Requests',
      detail: 'This address has caused too many unauthorized answers. Correct its token and try again later.',
      code: 'source_blocked',
    },
    {
      note:
        `${call.address} caused 120 answers 401 within an hour and is blocked until ${new Date(blockedUntil).toISOString()}; ` +
        `correct the token that it presents; DELETE /operator/blocked-addresses/${encodeURIComponent(call.address)} on the operator listener unblocks it at once`,
    },
  )

/** Answers 429 to a blocked address, whatever token it presents now. */
export const refuseBlockedAddress =
  (sourceBlock: SourceBlock): Check =>
  (call) => {
    return whenKnown(sourceBlock.blockedUntil(call.address), (until) =>
      until === 0 ? undefined : blocked(call, until),
    )
  }

/** Turns a 401 into 429 when it would be one too many; the 401 is counted before it is answered. */
export type CountUnauthorized = (call: Call, answer: Answer) => Promise<Answer>

export const countUnauthorized =
  (sourceBlock: SourceBlock): CountUnauthorized =>
  async (call, answer) => {
    const until = await sourceBlock.count(call.address)
    return until === 0 ? answer : blocked(call, until)
  }
