import type { Context } from 'koa'
import { type Connection, type GrantTag, parseGrantTag } from '#domain/grant.ts'
import { apiTokensClientId } from '#domain/integration.ts'
import type { User } from '#domain/user.ts'
import { apiTokensPage } from './api-tokens-page.ts'
import { newApiToken } from './new-api-token.ts'
import { type Section, type SignedIn, seeOther } from './section.ts'
import { shownConnections } from './shown-connections.ts'
import { shownOnce } from './shown-once.ts'

const tab = { href: '/account/api-tokens', name: 'API Tokens' }
const revokePath = '/account/api-tokens/revoke'
const noticePurpose = 'account-api-token-notice'

/** Whether the value is that of the token: it says its grant's tag (src/grants/token-values.ts). */
const isValueOf = (value: string, tag: GrantTag): boolean => value.includes(tag)

/** API tokens: what the user made for clients that cannot do OAuth, each with its end. */
export const apiTokensSection: Section = {
  tab,
  isThere: ({ integrations }) => integrations.apiTokens !== undefined,
  open(router, frame, parts) {
    const { views, grants, secrets, addressOf } = parts
    const shown = shownConnections(parts)
    const once = shownOnce(parts, 'shown-once-api-token')
    const making = newApiToken(parts, frame, { tab: tab.href, once })
    const noticeSubject = ({ session }: SignedIn, name: string): string => `${session.uid}:${name}`

    const tokensOf = (user: User): Promise<readonly Connection[]> =>
      grants.list({ userId: user.id, clientId: apiTokensClientId })

    /** The one whose value may be shown now; a token that was revoked meanwhile is none. */
    async function madeNow(ctx: Context, who: SignedIn, tokens: readonly Connection[]) {
      const value = ctx.method === 'GET' ? await once.take(who.session.uid) : undefined
      const made = value === undefined ? undefined : tokens.find(({ tag }) => isValueOf(value, tag))
      return made && value !== undefined ? { name: made.apiToken ?? '', value } : undefined
    }

    /** The name of the notice, if the address was made by our own Revoke: a link from elsewhere says nothing here. */
    function revokedNow({ query }: Context, who: SignedIn): string | undefined {
      const { revoked, notice } = query
      if (typeof revoked !== 'string' || typeof notice !== 'string') return undefined
      return secrets.hasMac(noticePurpose, noticeSubject(who, revoked), notice) ? revoked : undefined
    }

    router.get(
      tab.href,
      frame.page(async (ctx, who) => {
        const tokens = await tokensOf(who.user)
        const around = frame.around(who, tab.href)
        return apiTokensPage(views, {
          frame: around,
          generateHref: making.path,
          revokeAction: revokePath,
          profileHref: around.tabs.find(({ href }) => href === '/account/profile')?.href,
          tokens: await shown(who.user, tokens),
          most: parts.integrations.apiTokens?.mostPerUser ?? 0,
          made: await madeNow(ctx, who, tokens),
          revoked: revokedNow(ctx, who),
        })
      }),
    )

    router.get(making.path, frame.page(making.page))
    router.post(making.path, frame.form(making.submit))

    router.post(
      revokePath,
      frame.form(async (ctx, sent) => {
        const { user, form } = sent
        const tag = parseGrantTag(form.get('token') ?? '')
        // Only among the user's own: a tag of somebody else's token is no token here.
        const own = (await tokensOf(user)).find((token) => token.tag === tag)
        if (!own) return seeOther(ctx, tab.href)
        const address = addressOf(ctx.req)
        await grants.revoke(own.tag, { actor: user.id, reason: 'revoked on the account page', address })
        const revoked = own.apiToken ?? ''
        const notice = secrets.mac(noticePurpose, noticeSubject(sent, revoked))
        seeOther(ctx, `${tab.href}?${new URLSearchParams({ revoked, notice })}`)
      }),
    )
  },
}
