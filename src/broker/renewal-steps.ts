/** The record of a credential, from one step of its renewal to the next; rotation.ts has the order. */
import type { CredentialRecord, RotationState, SealedToken } from './credential-records.ts'

const minuteMs = 60_000
const dayMs = 86_400_000
/** thousandeyes-facts 5.3: the token before lives so long beside the new one. */
const overlapMs = 14 * dayMs
/** Ours: from then on a token is renewed. A token whose end nobody knows is renewed at once. */
const earlyMs = 30 * dayMs
/** Longer than any question is waited for. */
const leaseMs = 2 * minuteMs

/** Whether there is something to do for the record now, and nobody is at it. */
export function isDue({ token, next, rejectedAt, rotation }: CredentialRecord, now: number): boolean {
  const { isWanted, askedAt, isLost, leasedUntil = 0, notBefore = 0 } = rotation
  if (rejectedAt !== undefined || leasedUntil > now || notBefore > now) return false
  // What was begun is ended, whatever is wanted by now.
  if (next) return true
  const { validUntil } = token
  if (!isWanted || isLost === true || (validUntil !== undefined && validUntil <= now)) return false
  return validUntil === undefined || askedAt !== undefined || validUntil - now <= earlyMs
}

const unleased = ({ leasedUntil: _, notBefore: __, ...rotation }: RotationState): RotationState => rotation

/** One node has the record to itself for a while, and the instant stands there before anybody is asked. */
export function begun(before: CredentialRecord, now: number): CredentialRecord {
  const asked = before.next ? {} : { askedAt: before.rotation.askedAt ?? now }
  return { ...before, rotation: { ...unleased(before.rotation), ...asked, leasedUntil: now + leaseMs } }
}

/** The token that was asked about ends with the overlap, or before. */
function ending(token: SealedToken, askedAt: number): SealedToken {
  const end = askedAt + overlapMs
  return { ...token, validUntil: Math.min(token.validUntil ?? end, end) }
}

/** The new token stands beside the old one, which is still in use. */
export function renewed(before: CredentialRecord, next: SealedToken, now: number): CredentialRecord {
  const { askedAt = now, isLost: _, ...rotation } = unleased(before.rotation)
  return { ...before, token: ending(before.token, askedAt), next, rotation }
}

/** The new token comes into use, and the old one is forgotten. */
export function inForce({ next, ...before }: CredentialRecord): CredentialRecord {
  return { ...before, token: next ?? before.token, rotation: unleased(before.rotation) }
}

/** There is a newer token, and nobody here has it; or another node has, late or early. */
export function lost(before: CredentialRecord, now: number): CredentialRecord {
  if (before.next) return before
  const { askedAt = now, ...rotation } = unleased(before.rotation)
  return { ...before, token: ending(before.token, askedAt), rotation: { ...rotation, isLost: true } }
}

/** @param notBefore until when nobody tries again @param isUndone whether it is certain that no new token was made */
export function again(
  before: CredentialRecord,
  { notBefore, isUndone }: { readonly notBefore: number; readonly isUndone: boolean },
): CredentialRecord {
  const { askedAt, ...rotation } = unleased(before.rotation)
  const asked = askedAt === undefined || isUndone ? {} : { askedAt }
  return { ...before, rotation: { ...rotation, ...asked, notBefore } }
}
