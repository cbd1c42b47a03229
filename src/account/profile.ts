import type { Context } from 'koa'
import { isRefusal } from '#domain/refusal.ts'
import { answerTooManyAttempts } from '#http/error-page.ts'
import { ownAccountGroups } from './own-account-groups.ts'
import { type ProfileProblem, profilePage, revokeTokenPage, type TokenState } from './profile-page.ts'
import {
  type AccountParts,
  type Frame,
  type Section,
  type SentForm,
  type SignedIn,
  seeOther,
} from './section.ts'
import { shownOnce } from './shown-once.ts'
import { codeSeconds, tokenCodes } from './token-code.ts'

const tab = { href: '/account/profile', name: 'Profile' }
const generatePath = '/account/profile/user-api-token'
const revokePath = '/account/profile/user-api-token/revoke'
const noticePurpose = 'account-token-notice'

const statuses: Readonly<Record<ProfileProblem, number>> = {
  'token-exists': 409,
  'code-missing': 400,
  'code-wrong': 403,
  'code-void': 403,
}

/** The page in each of its states, as an answer. */
function profileAnswers(parts: AccountParts, frame: Frame) {
  const { views, userApiTokens, secrets, clock } = parts
  const groupsOf = ownAccountGroups(parts)
  const once = shownOnce(parts, 'shown-once')
  const codes = tokenCodes(parts, 'User API Token')
  const isConfirmed = parts.tokenConfirmation === 'email'

  async function tokenState(who: SignedIn, mayShow: boolean): Promise<TokenState> {
    const tokens = await userApiTokens.of(who.user.id)
    if (tokens.length > 0)
      return { kind: 'held', tokens, value: mayShow ? await once.take(who.session.uid) : undefined }
    return isConfirmed && (await codes.isAwaited(who)) ? { kind: 'code' } : { kind: 'none', isConfirmed }
  }

  async function page(ctx: Context, who: SignedIn, problem?: ProfileProblem): Promise<string> {
    const groups = await groupsOf(who.user)
    const { revoked } = ctx.query
    return profilePage(views, {
      frame: frame.around(who, tab.href),
      generateAction: generatePath,
      revokeHref: revokePath,
      apiTokensHref: parts.integrations.apiTokens && '/account/api-tokens',
      loginAccountGroup: groups.find(({ isLogin }) => isLogin)?.name,
      token: await tokenState(who, ctx.method === 'GET'),
      codeSeconds,
      problem,
      isRevoked: typeof revoked === 'string' && secrets.hasMac(noticePurpose, who.session.uid, revoked),
      now: clock.now(),
    })
  }

  async function refuseWith(ctx: Context, who: SignedIn, problem: ProfileProblem): Promise<void> {
    const html = await page(ctx, who, problem)
    ctx.status = statuses[problem]
    ctx.type = 'html'
    ctx.body = html
  }

  return { page, refuseWith, once, codes, isConfirmed }
}

/** Profile: who the user is, and the one User API Token. */
export const profileSection: Section = {
  tab,
  open(router, frame, parts) {
    const { views, userApiTokens, secrets, addressOf } = parts
    const { page, refuseWith, once, codes, isConfirmed } = profileAnswers(parts, frame)

    async function generate(ctx: Context, who: SignedIn): Promise<void> {
      const made = await userApiTokens.generate({ userId: who.user.id, address: addressOf(ctx.req) })
      if (isRefusal(made)) return refuseWith(ctx, who, 'token-exists')
      await once.keep(who.session.uid, made.token)
      seeOther(ctx, tab.href)
    }

    async function sendCode(ctx: Context, who: SignedIn): Promise<void> {
      if ((await userApiTokens.of(who.user.id)).length > 0) return refuseWith(ctx, who, 'token-exists')
      const retryAfterSeconds = await codes.send(who)
      if (retryAfterSeconds > 0) return answerTooManyAttempts(ctx, parts.views, retryAfterSeconds)
      seeOther(ctx, tab.href)
    }

    async function checkCode(ctx: Context, sent: SentForm): Promise<void> {
      const code = (sent.form.get('code') ?? '').replace(/\s/g, '')
      if (code === '') return refuseWith(ctx, sent, 'code-missing')
      const verdict = await codes.check(sent, code)
      switch (verdict.kind) {
        case 'right':
          return generate(ctx, sent)
        case 'wrong':
          return refuseWith(ctx, sent, 'code-wrong')
        case 'void':
          return refuseWith(ctx, sent, 'code-void')
        case 'too-many':
          return answerTooManyAttempts(ctx, parts.views, verdict.retryAfterSeconds)
        default:
          return verdict satisfies never
      }
    }

    router.get(tab.href, frame.page(page))

    router.post(
      generatePath,
      frame.form(async (ctx, sent) => {
        if (!isConfirmed) return generate(ctx, sent)
        return sent.form.has('code') ? checkCode(ctx, sent) : sendCode(ctx, sent)
      }),
    )

    router.get(
      revokePath,
      frame.page(async (_, who) =>
        revokeTokenPage(views, {
          frame: frame.around(who, tab.href),
          revokeAction: revokePath,
          cancelHref: tab.href,
          count: (await userApiTokens.of(who.user.id)).length,
        }),
      ),
    )

    router.post(
      revokePath,
      frame.form(async (ctx, { user, session }) => {
        const wasThere = await userApiTokens.revokeAll({ userId: user.id, address: addressOf(ctx.req) })
        const revoked = secrets.mac(noticePurpose, session.uid)
        seeOther(ctx, wasThere ? `${tab.href}?${new URLSearchParams({ revoked })}` : tab.href)
      }),
    )
  },
}
