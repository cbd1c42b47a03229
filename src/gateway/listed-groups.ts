import type { Awaitable } from '#domain/awaitable.ts'
import { answerText, UpstreamUnavailable } from '#upstream/upstream.ts'
import type { Answer, Call } from './call.ts'

/** Thousands of account groups are less. */
const mostBytes = 8 * 1024 * 1024

const aidOf = (group: unknown): string => {
  const { aid } = (group ?? {}) as { readonly aid?: unknown }
  return String(aid)
}

/** @throws when it is no such list */
function withoutOthers(text: string, member: string, granted: readonly string[]): string {
  const whole = JSON.parse(text) as Readonly<Record<string, unknown>>
  const groups = whole[member]
  if (!Array.isArray(groups)) throw new Error(`an answer without ${member}`)
  const own = groups.filter((group) => granted.includes(aidOf(group)))
  return own.length === groups.length ? text : JSON.stringify({ ...whole, [member]: own })
}

async function kept(answer: Answer, member: string, granted: readonly string[]): Promise<Answer> {
  try {
    return { ...answer, body: withoutOthers(await answerText(answer.body, mostBytes), member, granted) }
  } catch (cause) {
    throw new UpstreamUnavailable('unusable', { cause })
  }
}

/** The answer as the grant may see it: a list of account groups tells those of the grant alone, and what is no list nothing. */
export function keepListToGrant(
  { caller, match: { operation } }: Pick<Call, 'caller' | 'match'>,
  answer: Answer,
): Awaitable<Answer> {
  const listed = operation.otherGroups?.listed
  if (listed === undefined || caller.kind !== 'integration' || answer.status !== 200) return answer
  return kept(answer, listed, caller.access.accountGroups)
}
