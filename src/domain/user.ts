import type { Branded } from './brand.ts'
import { parseRegionId, type RegionId } from './region.ts'

/** `<region>.<uid>`: a user exists in exactly one region, so the id settles it (DECISIONS 32). */
export type UserId = Branded<'UserId'>

export interface User {
  readonly id: UserId
  readonly region: RegionId
  /** The uid of v7, unique in its region. */
  readonly uid: string
  readonly email: string
  readonly name: string
  readonly organizationId: string
  readonly organizationName: string
  /** A disabled user signs in nowhere, and tokens of such a user open nothing. */
  readonly disabled: boolean
  /** A locked user is refused everywhere too, until unlocked (thousandeyes-facts 4). Records from before have no such mark. */
  readonly locked?: boolean
  /** The password opens nothing by itself any more: the next sign-in with it has to set a new one. */
  readonly passwordExpired?: boolean
  /** Counts how often all browser sessions of the user were ended: a session that began under another count is over. */
  readonly sessionGeneration?: number | undefined
}

/** Whether anything is opened for the user now: sign-in, refresh, calls. */
export const isActive = ({ disabled, locked }: User): boolean => !disabled && locked !== true

/** Whether a sign-in with the right password has to set a new one first (thousandeyes-facts 4: lockout). */
export const needsNewPassword = ({ locked, passwordExpired }: User): boolean =>
  locked === true || passwordExpired === true

/**
 * The one form under which an e-mail address is looked up and counted. They differ by case in nobody's mind, accents have two
 * spellings in Unicode, and browsers send an international domain in ASCII (RFC 5891 §5) where a list of users has it in letters.
 */
export function normalizedEmail(email: string): string {
  const text = email.trim().toLowerCase().normalize('NFC')
  const domainAt = text.lastIndexOf('@') + 1
  const domain = text.slice(domainAt)
  const ascii = /^[\p{L}\p{M}\p{N}.-]+$/u.test(domain) ? URL.parse(`http://${domain}`)?.hostname : undefined
  return domainAt === 0 || ascii === undefined ? text : text.slice(0, domainAt) + ascii
}

export const userIdOf = (region: RegionId, uid: string): UserId => `${region}.${uid}` as UserId

/** @returns the user id with its region, or undefined for text of any other form */
export function parseUserId(text: string): { readonly id: UserId; readonly region: RegionId } | undefined {
  const [prefix = '', uid = ''] = text.split('.', 2)
  const region = parseRegionId(prefix)
  return region && /^\d{1,20}$/.test(uid) && text === `${prefix}.${uid}`
    ? { id: text as UserId, region }
    : undefined
}
