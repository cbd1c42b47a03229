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
import { thousandEyesSection } from '#account/thousand-eyes.ts'
import type { Broker } from '#broker/broker.ts'
import type { KeyEncryption } from '#broker/key-encryption.ts'
import { localKeys, openLocalKeys, ownKeyFile } from '#broker/local-keys.ts'
import type { Operation } from '#domain/operation.ts'
import { allowedOperations } from '#integrations/allowed-operations.ts'
import { openLiveUpstream } from '#upstream/live/live.ts'
import { livePeople } from '#upstream/live/people.ts'
import type { Stopwatch } from '#upstream/live/region.ts'
import { sharedReads } from '#upstream/reads/shared-reads.ts'
import { type Composed, compose } from './compose.ts'
import { openBudgets } from './compose-budgets.ts'
import type { Backend, Foundation, Ground, Linking, Surroundings } from './compose-capabilities.ts'
import { openVault } from './compose-vault.ts'
import { type BrokerSettings, SettingsError } from './settings.ts'

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

/** What stands in the place of the program's own. */
export interface BrokerAdapters {
  /** In place of what users link. */
  readonly openBroker?: OpenBroker
  /** As a KMS; the key file and the variable are not looked at then. */
  readonly keys?: KeyEncryption
}

/** Whoever opens our origin in a browser looks for the account. */
const accountAtRoot: Middleware = async (ctx, next) => {
  if (ctx.path === '/' && ['GET', 'HEAD'].includes(ctx.method)) ctx.redirect('/account')
  else await next()
}

/** @throws SettingsError for what is no read of v7 @returns the spans by the id of the operation */
function cacheSecondsOf(
  cache: Readonly<Record<string, number>>,
  operations: readonly Operation[],
): Readonly<Record<string, number>> {
  const reads = operations.filter(({ method }) => method === 'GET')
  const pairs = Object.entries(cache).map(([name, seconds]) => {
    const found = allowedOperations([name], reads)
    if (found instanceof Set) return [...found].map((id): [string, number] => [id, seconds])
    throw new SettingsError(
      `upstream.cache: found ${JSON.stringify(name)}; allowed are ids of reads, as getTests, and their paths, as GET /v7/tests/{testId}, of config/v7/operations.json`,
    )
  })
  return Object.fromEntries(pairs.flat())
}

export interface BrokerBackend extends Backend {
  readonly linking: Linking | undefined
}

function ownKeys(
  { keyEncryption, data }: BrokerSettings,
  randomBytes: Surroundings['randomBytes'],
): KeyEncryption {
  const place = { ...keyEncryption, ownFile: ownKeyFile(data) }
  return localKeys(openLocalKeys(place, randomBytes), randomBytes)
}

function openBackend(
  { settings, surroundings, facts }: BrokerGround,
  adapters: BrokerAdapters,
  foundation: Foundation,
): BrokerBackend {
  const { regions, coalesce, cache } = settings.upstream
  const { clock, randomBytes } = surroundings
  const live = openLiveUpstream({ settings: settings.upstream, clock, stopwatch: machineStopwatch })
  const budgets = openBudgets({ settings: settings.upstream, surroundings, ...foundation, live })
  const budgeted = budgets.upstream
  const cacheSeconds = cacheSecondsOf(cache, facts.operations)
  const shared = sharedReads({ upstream: budgeted, clock, coalesce, cacheSeconds })
  const common = {
    people: livePeople({ ...foundation, ...surroundings }),
    upstreamOrigins: regions,
    // Each list is a call of the organization's budget. An old one widens nothing: the gateway says `aid` in every call, and asks
    // anew for calls that are for all account groups.
    accountGroupSeconds: 60,
  }
  async function close(): Promise<void> {
    await live.close()
    await budgets.close()
  }
  if (adapters.openBroker)
    return {
      ...{ ...common, broker: adapters.openBroker(foundation), upstream: shared, linking: undefined },
      close,
    }
  const keys = adapters.keys ?? ownKeys(settings, randomBytes)
  const { operations } = facts
  const vault = openVault({ ...foundation, surroundings, keys, live: budgeted, shared, operations })
  return {
    ...{ ...common, ...vault },
    async close() {
      await vault.close()
      await close()
    },
  }
}

/**
 * Builds a broker.
 * @param adapters in place of the program's own
 * @throws with one line for a person when a file or the store cannot be used
 */
export const composeBroker = (
  ground: BrokerGround,
  adapters: BrokerAdapters = {},
): Promise<Composed<BrokerBackend>> =>
  compose(ground, {
    openBackend: async (foundation) => openBackend(ground, adapters, foundation),
    accountSections: ({ linking }) => [
      connectionsSection,
      ...(linking ? [thousandEyesSection(linking)] : []),
      apiTokensSection,
      accountGroupsSection,
      sessionsSection,
      activitySection,
    ],
    morePages: () => [() => accountAtRoot],
  })
