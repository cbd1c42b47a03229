/**
 * What only an emulator has, around what every composition has: the control API, playground and inspector, and the ways to put
 * everything back. Nothing in the rest asks whether it is there.
 */

import type { AdjustableClock } from '#domain/clock.ts'
import { openEmulatorControl } from '#emulator-control/emulator-control.ts'
import type { EmulatorControlParts, Workspace, Workspaces } from '#emulator-control/parts.ts'
import { budgetWindow } from '#gateway/rate-windows.ts'
import { injectInto } from '#http/inject.ts'
import { allUsers } from '#identity/local.ts'
import { openInspector } from '#inspector/inspector.ts'
import { openPlayground, type Playground } from '#playground/playground.ts'
import type { Traffic } from '#traffic/traffic.ts'
import { type Composed, compose } from './compose.ts'
import type { Capabilities, Ground } from './compose-capabilities.ts'
import { trafficNames } from './compose-traffic.ts'
import type { RequestListener } from './sockets.ts'
import { landingOf } from './welcome.ts'

export interface EmulatorGround extends Ground {
  readonly clock: AdjustableClock
  readonly traffic: Traffic
  readonly workspace: Workspace
  readonly workspaces: Workspaces
  /** The whole front of the workspace, for the requests that the playground makes of itself. */
  readonly front: RequestListener
}

export interface ComposedEmulator extends Composed {
  /** Answers `/emulator` and below. */
  readonly control: RequestListener
  /** Forgets what is held in memory, as the store was put back to another state. @throws when the store cannot answer */
  reload(): Promise<void>
}

function controlPartsOf(
  { capabilities, authorizationServer }: Composed,
  ground: EmulatorGround,
): EmulatorControlParts {
  const { identity, store, limits, integrations, allowsHost } = capabilities
  const { headless } = authorizationServer
  return {
    ...ground,
    allowsHost,
    authorizations: headless,
    tokens: headless.tokens,
    users: {
      all: () => allUsers(store),
      setLocked: async (user, locked) => void (await identity.update(user.id, { locked })),
    },
    addresses: limits.sourceBlock,
    budgets: {
      exhaust(budget) {
        const { name, rule } = budgetWindow(budget, ground.settings.callsPerMinute)
        return limits.windows.exhaust(name, rule)
      },
    },
    integrations,
    names: trafficNames(ground.facts.operations),
    log: ground.surroundings.log,
  }
}

function playgroundOf(capabilities: Capabilities, ground: EmulatorGround): Playground {
  const { settings, origin, facts, clock, workspace, surroundings } = ground
  const integrations = capabilities.integrations.configured
  return openPlayground({
    views: facts.views,
    origin,
    landing: landingOf({ settings, origin, seed: facts.seed, integrations }),
    integrations,
    operations: facts.operations,
    secrets: capabilities.secrets,
    randomBytes: surroundings.randomBytes,
    clock,
    call: injectInto(ground.front, origin.host),
    reset: workspace.reset,
    log: surroundings.log,
    cookieSuffix: ground.cookieSuffix,
  })
}

/** Builds an emulator. @throws with one line for a person when a file or the store cannot be used */
export async function composeEmulator(ground: EmulatorGround): Promise<ComposedEmulator> {
  const playgrounds: Playground[] = []
  const inspector = openInspector({
    views: ground.facts.views,
    origin: ground.origin,
    journal: ground.traffic.journal,
  })
  const composed = await compose(ground, (capabilities) => {
    const playground = playgroundOf(capabilities, ground)
    playgrounds.push(playground)
    return [() => playground.routes, () => inspector.routes]
  })
  const { limits, upstream } = composed.capabilities
  return {
    ...composed,
    control: openEmulatorControl(controlPartsOf(composed, ground)),
    drain() {
      inspector.end()
      composed.drain()
    },
    async reload() {
      limits.windows.forget()
      limits.sourceBlock.forget()
      for (const playground of playgrounds) playground.forget()
      await upstream.reload()
    },
  }
}
