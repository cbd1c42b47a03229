/**
 * What only an emulator has, around what every composition has: the control API, playground and inspector, and the ways to put
 * everything back. Nothing in the rest asks whether it is there. Each of the three is loaded with the first request for it: no
 * start waits for them.
 */

import type { Middleware } from 'koa'
import { accountGroupsSection } from '#account/account-groups.ts'
import { activitySection } from '#account/activity.ts'
import { apiTokensSection } from '#account/api-tokens.ts'
import { connectionsSection } from '#account/connections.ts'
import { profileSection } from '#account/profile.ts'
import { sessionsSection } from '#account/sessions.ts'
import type { AdjustableClock } from '#domain/clock.ts'
import type { EmulatorControlParts, Workspace, Workspaces } from '#emulator-control/parts.ts'
import { budgetWindow } from '#gateway/rate-windows.ts'
import { fetchBy, injectInto } from '#http/inject.ts'
import { allUsers } from '#identity/user-records.ts'
import type { Inspector } from '#inspector/inspector.ts'
import type { Playground } from '#playground/playground.ts'
import type { Traffic } from '#traffic/traffic.ts'
import { loadOpenApi } from '#upstream/emulator/openapi.ts'
import { type Composed, compose } from './compose.ts'
import type { Capabilities } from './compose-capabilities.ts'
import { type EmbeddedBackend, type EmbeddedGround, openEmbedded } from './compose-embedded.ts'
import { trafficNames } from './compose-traffic.ts'
import type { Settings } from './settings.ts'
import type { RequestListener } from './sockets.ts'
import { landingOf } from './welcome.ts'

export interface EmulatorGround extends EmbeddedGround {
  readonly settings: Settings
  readonly clock: AdjustableClock
  readonly traffic: Traffic
  readonly workspace: Workspace
  readonly workspaces: Workspaces
  /** The front of the workspace, for the requests that the playground makes of it while it answers one itself. */
  readonly front: RequestListener
}

export interface ComposedEmulator extends Composed<EmbeddedBackend> {
  /** Answers `/emulator` and below. */
  readonly control: RequestListener
  /** Forgets what is held in memory, as the store was put back to another state. @throws when the store cannot answer */
  reload(): Promise<void>
}

function controlPartsOf(
  { capabilities, authorizationServer }: Composed,
  ground: EmulatorGround,
): EmulatorControlParts {
  const { directory, store, limits, integrations, mail: outbox, allowsHost } = capabilities
  const { headless } = authorizationServer
  return {
    ...ground,
    outbox,
    v7Document: () => loadOpenApi(ground.origin.origin),
    allowsHost,
    authorizations: headless,
    tokens: headless.tokens,
    apiTokens: capabilities.apiTokens,
    users: {
      all: () => allUsers(store),
      setLocked: async (user, locked) => void (await directory.update(user.id, { locked })),
    },
    addresses: limits.sourceBlock,
    budgets: {
      exhaust(budget) {
        const own = integrations.configured.find(({ clientId }) => clientId === budget.clientId)
        const { name, rule } = budgetWindow(budget, own?.callsPerMinute ?? ground.settings.callsPerMinute)
        return limits.windows.exhaust(name, rule)
      },
    },
    integrations,
    names: trafficNames(ground.facts.operations),
    log: ground.surroundings.log,
  }
}

/** What is opened with its first use. */
interface Later<T> {
  /** Opens it, once. */
  use(): Promise<T>
  /** Undefined before its first use. */
  opened(): T | undefined
}

function later<T>(open: () => Promise<T>): Later<T> {
  let opening: Promise<T> | undefined
  let opened: T | undefined
  return {
    use() {
      opening ??= open().then(
        (made) => {
          opened = made
          return made
        },
        (failure: unknown) => {
          opening = undefined // tried anew with the next use
          throw failure
        },
      )
      return opening
    },
    opened: () => opened,
  }
}

/** Routes of pages that are opened with the first request for one of them. @param paths their paths, or how these begin */
const routesLater =
  (paths: RegExp, pages: Later<{ readonly routes: Middleware }>): Middleware =>
  async (ctx, next) =>
    paths.test(ctx.path) ? (await pages.use()).routes(ctx, next) : next()

const playgroundLater = (capabilities: Capabilities, ground: EmulatorGround): Later<Playground> =>
  later(async () => {
    const { openPlayground } = await import('#playground/playground.ts')
    const { settings, origin, facts, clock, workspace, surroundings } = ground
    const integrations = capabilities.integrations.configured
    return openPlayground({
      views: facts.views,
      origin,
      landing: landingOf({ settings, origin, seed: facts.seed, integrations }),
      integrations,
      operations: facts.operations,
      outbox: capabilities.mail,
      secrets: capabilities.secrets,
      randomBytes: surroundings.randomBytes,
      clock,
      call: injectInto(ground.front, origin.host),
      reset: workspace.reset,
      log: surroundings.log,
      cookieSuffix: ground.cookieSuffix,
    })
  })

const demoProviderPath = '/demo-provider'

/** Who asks the demo provider asks this process, whatever name and certificate it has; all others go out. */
function withDemoProvider(ground: EmulatorGround): EmulatorGround {
  const { origin, surroundings, front } = ground
  const own = fetchBy(injectInto(front, origin.host))
  const issuer = `${origin.origin}${demoProviderPath}/`
  const send: typeof surroundings.fetch = (url, options) =>
    url.startsWith(issuer) ? own(url, options) : surroundings.fetch(url, options)
  return { ...ground, surroundings: { ...surroundings, fetch: send } }
}

const demoProviderLater = (
  { secrets }: Capabilities,
  { facts, origin, surroundings, cookieSuffix }: EmulatorGround,
): Later<{ readonly routes: Middleware }> =>
  later(async () => {
    const { openDemoProvider } = await import('#demo-provider/demo-provider.ts')
    return openDemoProvider({
      views: facts.views,
      origin,
      secrets,
      now: surroundings.engineNow,
      cookieSuffix,
    })
  })

/** @param isOver whether the service is stopping, so that no live view may begin any more */
const inspectorLater = (ground: EmulatorGround, isOver: () => boolean): Later<Inspector> =>
  later(async () => {
    const { openInspector } = await import('#inspector/inspector.ts')
    const { facts, origin, traffic } = ground
    const inspector = openInspector({ views: facts.views, origin, journal: traffic.journal })
    if (isOver()) inspector.end()
    return inspector
  })

function controlLater(composed: Composed, ground: EmulatorGround): RequestListener {
  const control = later(async () => {
    const { openEmulatorControl } = await import('#emulator-control/emulator-control.ts')
    return openEmulatorControl(controlPartsOf(composed, ground))
  })
  return (request, response) => {
    const opened = control.opened()
    if (opened) return opened(request, response)
    control.use().then(
      (listener) => listener(request, response),
      (error: unknown) => {
        ground.surroundings.log({ event: 'control-failure', error })
        response.writeHead(503, { 'Retry-After': '2' }).end()
      },
    )
  }
}

/** Builds an emulator. @throws with one line for a person when a file or the store cannot be used */
export async function composeEmulator(ground: EmulatorGround): Promise<ComposedEmulator> {
  let isOver = false
  const playgrounds: Later<Playground>[] = []
  const inspector = inspectorLater(ground, () => isOver)
  const surrounded = withDemoProvider(ground)
  const composed = await compose(surrounded, {
    openBackend: (foundation) => openEmbedded(surrounded, foundation),
    accountSections: () => [
      connectionsSection,
      apiTokensSection,
      profileSection,
      accountGroupsSection,
      sessionsSection,
      activitySection,
    ],
    morePages(capabilities) {
      const playground = playgroundLater(capabilities, ground)
      playgrounds.push(playground)
      const demoProvider = demoProviderLater(capabilities, ground)
      return [
        () => routesLater(/^\/demo-provider\//, demoProvider),
        () => routesLater(/^\/(?:playground(?:\/|$)|$)/, playground),
        () => routesLater(/^\/inspector(?:\/|$)/, inspector),
      ]
    },
  })
  const { limits, upstream } = composed.capabilities
  return {
    ...composed,
    control: controlLater(composed, ground),
    drain() {
      isOver = true
      inspector.opened()?.end()
      composed.drain()
    },
    async reload() {
      limits.windows.forget()
      limits.sourceBlock.forget()
      for (const playground of playgrounds) playground.opened()?.forget()
      await upstream.reload()
    },
  }
}
