/**
 * A broker: the gateway in front of the real ThousandEyes. There is no control API, playground, inspector, demo provider, seed or
 * v7 object in it; users are added by an operator or by a rule of single sign-on, and link their own account.
 */
import type { Middleware } from 'koa'
import { accountGroupsSection } from '#account/account-groups.ts'
import { activitySection } from '#account/activity.ts'
import { apiTokensSection } from '#account/api-tokens.ts'
import { connectionsSection } from '#account/connections.ts'
import { sessionsSection } from '#account/sessions.ts'
import type { Broker } from '#broker/broker.ts'
import { noAccounts } from '#broker/no-accounts.ts'
import { openLiveUpstream } from '#upstream/live/live.ts'
import { livePeople } from '#upstream/live/people.ts'
import { type Composed, compose } from './compose.ts'
import type { Backend, Foundation, Ground } from './compose-capabilities.ts'
import type { BrokerSettings } from './settings.ts'

export interface BrokerGround extends Ground {
  readonly settings: BrokerSettings
}

/** What lends the credentials. @param foundation where its records are */
export type OpenBroker = (foundation: Foundation) => Broker

/** Whoever opens our origin in a browser looks for the account. */
const accountAtRoot: Middleware = async (ctx, next) => {
  if (ctx.path === '/' && ['GET', 'HEAD'].includes(ctx.method)) ctx.redirect('/account')
  else await next()
}

function openBackend(
  { settings, surroundings }: BrokerGround,
  openBroker: OpenBroker,
  foundation: Foundation,
): Backend {
  const { regions } = settings.upstream
  const upstream = openLiveUpstream(settings.upstream)
  return {
    broker: openBroker(foundation),
    upstream,
    people: livePeople({ ...foundation, ...surroundings }),
    upstreamOrigins: regions,
    close: upstream.close,
  }
}

/**
 * Builds a broker.
 * @param openBroker what lends the credentials
 * @throws with one line for a person when a file or the store cannot be used
 */
export const composeBroker = (ground: BrokerGround, openBroker: OpenBroker = noAccounts): Promise<Composed> =>
  compose(ground, {
    openBackend: async (foundation) => openBackend(ground, openBroker, foundation),
    accountSections: [
      connectionsSection,
      apiTokensSection,
      accountGroupsSection,
      sessionsSection,
      activitySection,
    ],
    morePages: () => [() => accountAtRoot],
  })
