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
import type { Stopwatch } from '#upstream/live/region.ts'
import { type Composed, compose } from './compose.ts'
import type { Backend, Foundation, Ground } from './compose-capabilities.ts'
import type { BrokerSettings } from './settings.ts'

export interface BrokerGround extends Ground {
  readonly settings: BrokerSettings
}

const machineStopwatch: Stopwatch = {
  now: () => performance.now(),
  every(milliseconds, work) {
    const rounds = setInterval(work, milliseconds).unref()
    return () => clearInterval(rounds)
  },
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
  // Whoever counts budgets stands here: an upstream around this one, in front of every call and every list of account groups.
  const upstream = openLiveUpstream({
    settings: settings.upstream,
    clock: surroundings.clock,
    stopwatch: machineStopwatch,
  })
  return {
    broker: openBroker(foundation),
    upstream,
    people: livePeople({ ...foundation, ...surroundings }),
    upstreamOrigins: regions,
    // Each list is a call of the organization's budget. An old one widens nothing: the gateway says `aid` in every call, and asks
    // anew for calls that are for all account groups.
    accountGroupSeconds: 60,
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
