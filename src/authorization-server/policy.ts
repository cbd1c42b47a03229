import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import type { AccountLinks } from '#broker/account-links.ts'
import type { UserId } from '#domain/user.ts'
import type { ProtocolSpans } from './parts.ts'

/** The name of the step that links an account at ThousandEyes. */
export const linkAccountPrompt = 'link_account'

/** The reason of a sign-in that is asked for because the one before is too old for a device. */
export const signInTooOld = 'device_sign_in_age'

/**
 * Whether a sign-in is too old to confirm a device code: whoever walks up to a browser that is signed in, or talks somebody into
 * a code (RFC 8628 §5.4), gets no further (security-cases D14).
 */
export const isTooOldForDevice = (
  session: { past(age: number): boolean },
  { deviceSignInAge }: Pick<ProtocolSpans, 'deviceSignInAge'>,
): boolean => deviceSignInAge !== 'off' && session.past(deviceSignInAge)

/** The engine's Check takes a context whose result has no type for the prompts. */
const isConfirmed = ({ oidc }: KoaContextWithOIDC): boolean =>
  (oidc.result as { consent?: unknown } | undefined)?.consent !== undefined

/** The step between sign-in and confirmation, for users whose link is missing or does not hold any more. */
function linkAccount(links: Pick<AccountLinks, 'of'>): interactionPolicy.Prompt {
  const notLinked = new interactionPolicy.Check(
    'account_not_linked',
    'the account at ThousandEyes is not linked',
    async ({ oidc }) => {
      const userId = oidc.account?.accountId
      return userId !== undefined && (await links.of(userId as UserId))?.standing !== 'good'
    },
  )
  return new interactionPolicy.Prompt({ name: linkAccountPrompt, requestable: false }, notLinked)
}

/**
 * Which step comes next, decided here alone: sign in unless the session is remembered, for a device lately, then link an account
 * where that is to be done and is not, then confirm, on every
 * request (ASVS 5.0 10.7.1; product documentation 3.7). A session whose user is locked is nobody's meanwhile. Steps never route to
 * one another.
 */
export function stepPolicy(
  spans: Pick<ProtocolSpans, 'deviceSignInAge'>,
  links?: Pick<AccountLinks, 'of'>,
): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base()
  const always = new interactionPolicy.Check(
    'always',
    'the confirm page is always shown',
    (ctx) => !isConfirmed(ctx),
  )
  // The engine lets such a session pass and then fails on its missing Grant.
  const userGone = new interactionPolicy.Check(
    'user_gone',
    'the user of the session was removed or disabled',
    'login_required',
    ({ oidc }) => oidc.session?.accountId !== undefined && oidc.account === undefined,
  )
  // What was confirmed in time stays so on its way back.
  const signInAge = new interactionPolicy.Check(
    signInTooOld,
    'the sign-in is too old to confirm a device',
    'login_required',
    (ctx) => {
      const { session, account, entities } = ctx.oidc
      if (!entities.DeviceCode || !session || !account || isConfirmed(ctx)) return false
      return isTooOldForDevice(session, spans)
    },
  )
  policy.get('login')?.checks.add(userGone)
  policy.get('login')?.checks.add(signInAge)
  policy.get('consent')?.checks.add(always)
  if (links) policy.add(linkAccount(links), 1)
  return policy
}
