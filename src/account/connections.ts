import { type Connection, parseGrantTag } from '#domain/grant.ts'
import type { User } from '#domain/user.ts'
import { connectionsPage } from './connections-page.ts'
import { integrationName } from './integration-name.ts'
import { type Section, type SignedIn, seeOther } from './section.ts'
import { shownConnections } from './shown-connections.ts'

const tab = { href: '/account', name: 'Connections' }
const disconnectPath = '/account/disconnect'
const noticePurpose = 'account-notice'

/** Connections: what integrations may do for the user, each with its end. */
export const connectionsSection: Section = {
  tab,
  open(router, frame, parts) {
    const shown = shownConnections(parts)
    const isConnection = ({ apiToken }: Connection): boolean => apiToken === undefined
    /** Scoped API tokens have a tab of their own. */
    const connectionsOf = async (user: User): Promise<readonly Connection[]> =>
      (await parts.grants.list({ userId: user.id })).filter(isConnection)
    const nameOf = integrationName(parts.integrations)
    const noticeSubject = ({ session }: SignedIn, clientId: string): string => `${session.uid}:${clientId}`

    /** The integration of the notice, if the address was made by our own Disconnect: a link from elsewhere says nothing here. */
    async function disconnectedNow(
      { disconnected, notice }: Readonly<Record<string, unknown>>,
      who: SignedIn,
    ): Promise<string | undefined> {
      if (typeof disconnected !== 'string' || typeof notice !== 'string') return undefined
      return parts.secrets.hasMac(noticePurpose, noticeSubject(who, disconnected), notice)
        ? nameOf(disconnected)
        : undefined
    }

    router.get(
      tab.href,
      frame.page(async (ctx, who) =>
        connectionsPage(parts.views, {
          frame: frame.around(who, tab.href),
          disconnectAction: disconnectPath,
          connections: await shown(who.user, await connectionsOf(who.user)),
          disconnected: await disconnectedNow(ctx.query, who),
        }),
      ),
    )

    router.post(
      disconnectPath,
      frame.form(async (ctx, sent) => {
        const { user, form } = sent
        const tag = parseGrantTag(form.get('connection') ?? '')
        // Only among the user's own: a tag of somebody else's connection is no connection here.
        const own = (await connectionsOf(user)).find((connection) => connection.tag === tag)
        if (!own) return seeOther(ctx, tab.href)
        await parts.grants.revoke(own.tag, {
          actor: user.id,
          reason: 'disconnected on the account page',
          address: parts.addressOf(ctx.req),
        })
        const notice = parts.secrets.mac(noticePurpose, noticeSubject(sent, own.clientId))
        seeOther(ctx, `${tab.href}?${new URLSearchParams({ disconnected: own.clientId, notice })}`)
      }),
    )
  },
}
