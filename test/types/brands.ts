/** Compiled, never run: ids of different kinds cannot be swapped, and only their parsers make them. */
import type { AccountGroupId } from '#domain/account-group.ts'
import { parseAccountGroupId } from '#domain/account-group.ts'
import type { GrantTag } from '#domain/grant.ts'
import { parseGrantTag } from '#domain/grant.ts'
import { parseUserId, type UserId, userIdOf } from '#domain/user.ts'

declare const userId: UserId
declare const tag: GrantTag
declare const aid: AccountGroupId

declare function takesUserId(id: UserId): void
declare function takesGrantTag(id: GrantTag): void
declare function takesAccountGroupId(id: AccountGroupId): void
declare function takesText(text: string): void

takesUserId(userId)
takesUserId(userIdOf('us1', '1'))
takesText(userId)
// @ts-expect-error a grant tag is no user id
takesUserId(tag)
// @ts-expect-error an account group id is no user id
takesUserId(aid)
// @ts-expect-error plain text is no user id
takesUserId('us1.1')
// @ts-expect-error a user id is no grant tag
takesGrantTag(userId)
// @ts-expect-error plain text is no grant tag
takesGrantTag('0123456789abcdef')
// @ts-expect-error a grant tag is no account group id
takesAccountGroupId(tag)
// @ts-expect-error a parser may have found nothing
takesAccountGroupId(parseAccountGroupId('1101'))
// @ts-expect-error a parser may have found nothing
takesGrantTag(parseGrantTag('0123456789abcdef'))
// @ts-expect-error the parser of user ids returns the region as well
takesUserId(parseUserId('us1.1'))
// @ts-expect-error a user belongs to a region that exists
userIdOf('default', '1')
