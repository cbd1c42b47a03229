import { type Connection, parseGrantTag } from '#domain/grant.ts'
import type { User } from '#domain/user.ts'
import { limitsInWords } from '#http/limits-in-words.ts'
import { type AccountConnection, connectionsPage } from './connections-page.ts'
import { integrationName } from './integration-name.ts'
import { ownAccountGroups } from './own-account-groups.ts'
import { type AccountParts, type Section, type SignedIn, seeOther } from './section.ts'

const tab = { href: '/account', name: 'Connections' }
const disconnectPath = '/account/disconnect'
const noticePurpose = 'account-notice'

/** What the tab reads of a user's connections. */
function connectionsOf(parts: AccountParts): (user: User) => Promise<readonly AccountConnection[]> {
  const words = new Map(parts.scopes.map((word) => [word.name, word]))
  const nameOf = integrationName(parts.integrations)
  const groupsOf = ownAccountGroups(parts)
  const limitsOf = limitsInWords(parts.operations)

  return async (user) => {
    const [own, connections] = await Promise.all([groupsOf(user), parts.grants.list({ userId: user.id })])
    const groups = new Map(own.map((group) => [group.aid, group]))
    const shown = async (connection: Connection): Promise<AccountConnection> => ({
      ...connection,
      integration: await nameOf(connection.clientId),
      scopes: connection.scopes.map((name) => words.get(name) ?? { name, meaning: name }),
      limits: limitsOf(connection.limits),
      accountGroups: connection.accountGroups.map((aid) => ({ aid, name: groups.get(aid)?.name ?? aid })),
    })
    return Promise.all(connections.map(shown))
  }
}

/** Connections: what integrations may do for the user, each with its end. */
export const connectionsSection: Section = {
  tab,
  open(router, frame, parts) {
    const connections = connectionsOf(parts)
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
          connections: await connections(who.user),
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
        const own = (await parts.grants.list({ userId: user.id })).find(
          (connection) => connection.tag === tag,
        )
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
