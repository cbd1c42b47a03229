import type { AccountGroup } from '#domain/account-group.ts'
import type { Awaitable } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import { isRefusal, type Refusal } from '#domain/refusal.ts'
import type { User, UserId } from '#domain/user.ts'
import type { Upstream } from '#upstream/upstream.ts'
import type { Borrow } from './borrow.ts'
import type { Call } from './call.ts'

/**
 * The account groups that a user reaches, the login account group first.
 * @param need `new` where an account group that the user got meanwhile would be opened by what is decided
 * @returns a refusal when nothing can be lent to ask for them
 */
export type Reach = (
  call: Call,
  user: User,
  need: 'believed' | 'new',
) => Awaitable<readonly AccountGroup[] | Refusal>

export interface ReachParts {
  readonly upstream: Upstream
  readonly borrow: Borrow
  readonly clock: Clock
  /** How long they are believed: what changes at the upstream shows within so many seconds. */
  readonly believedSeconds: number
}

const maxUsers = 10_000

/** As new as need be, so that a burst is one question. */
const newSeconds = 1

/** Asks the upstream once in a while, and once for all calls that wait for it. Refusals and failures are not remembered. */
export function openReach({ upstream, borrow, clock, believedSeconds }: ReachParts): Reach {
  const known = new Map<UserId, { readonly groups: readonly AccountGroup[]; readonly readAt: number }>()
  const asking = new Map<UserId, ReturnType<typeof ask>>()

  async function ask(call: Call, { id, region }: User): Promise<readonly AccountGroup[] | Refusal> {
    const readAt = clock.now()
    const credential = await borrow(call)
    if (isRefusal(credential)) return credential
    const groups = await upstream.accountGroups(region, credential)
    if (known.size >= maxUsers) known.clear()
    known.set(id, { groups, readAt })
    return groups
  }

  return (call, user, need) => {
    const found = known.get(user.id)
    const age = found ? clock.now() - found.readAt : -1
    const believed = need === 'new' ? Math.min(newSeconds, believedSeconds) : believedSeconds
    if (found && age >= 0 && age < believed * 1_000) return found.groups
    const others = asking.get(user.id)
    if (others) return others
    const asked = ask(call, user).finally(() => asking.delete(user.id))
    asking.set(user.id, asked)
    return asked
  }
}
