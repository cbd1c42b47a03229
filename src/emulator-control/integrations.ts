import { apiTokensClientId, type Integration, type TokenLifetimes } from '#domain/integration.ts'
import { members, span } from './members.ts'
import type { EmulatorControlParts } from './parts.ts'
import { allowedAre, type ControlRefusal, found, refuseWith } from './refusals.ts'
import { type ControlRoute, route } from './route.ts'

/** @returns the integration of the client id, registered ones included, or which ones there are */
export async function findIntegration(
  { integrations }: EmulatorControlParts,
  clientId: string,
): Promise<Integration | ControlRefusal> {
  return (
    (await integrations.find(clientId)) ??
    refuseWith(
      404,
      'unknown_integration',
      `integration: ${found(clientId)}; ${allowedAre(integrations.configured.map((one) => one.clientId))}, and what registered itself`,
    )
  )
}

const integrationAnswer = (integration: Integration): object => ({
  clientId: integration.clientId,
  name: integration.name,
  ...(integration.clientSecret === undefined ? {} : { clientSecret: integration.clientSecret }),
  onPremises: integration.onPremises,
  grantTypes: integration.grantTypes,
  redirectUris: integration.redirectUris,
  scopes: integration.scopes,
  lifetimes: {
    access: integration.lifetimes.accessSeconds,
    idle: integration.lifetimes.idleSeconds,
    absolute: integration.lifetimes.absoluteSeconds,
  },
})

const lifetime = span({ least: '1s', most: '3650d' }).transform(Math.round).optional()

const unadjustable = refuseWith(
  409,
  'unadjustable_integration',
  `integration: found "${apiTokensClientId}", whose tokens each have a day of their own; allowed are the others`,
)

const lifetimesBody = members({
  lifetimes: members({ access: lifetime, idle: lifetime, absolute: lifetime }),
})

const inOrder = ({ accessSeconds, idleSeconds, absoluteSeconds }: TokenLifetimes): boolean =>
  accessSeconds <= idleSeconds && idleSeconds <= absoluteSeconds

/** What is left out stays; a shorter end shortens nothing else by itself, so the order is checked. */
function lifetimesRoute(parts: EmulatorControlParts): ControlRoute {
  return route({
    method: 'PATCH',
    path: '/emulator/integrations/{client_id}',
    body: lifetimesBody,
    answer: async ({ params: { client_id: clientId = '' }, body }) => {
      const integration = await findIntegration(parts, clientId)
      if ('kind' in integration) return integration
      if (clientId === apiTokensClientId) return unadjustable
      const { access, idle, absolute } = body.lifetimes
      const lifetimes = {
        accessSeconds: access ?? integration.lifetimes.accessSeconds,
        idleSeconds: idle ?? integration.lifetimes.idleSeconds,
        absoluteSeconds: absolute ?? integration.lifetimes.absoluteSeconds,
      }
      if (!inOrder(lifetimes)) {
        const { accessSeconds, idleSeconds, absoluteSeconds } = lifetimes
        return refuseWith(
          422,
          'invalid_lifetimes',
          `lifetimes: found access ${accessSeconds}s, idle ${idleSeconds}s, absolute ${absoluteSeconds}s; allowed is access <= idle <= absolute`,
        )
      }
      parts.integrations.setLifetimes(clientId, lifetimes)
      return { status: 200, body: integrationAnswer({ ...integration, lifetimes }) }
    },
  })
}

/** The integrations, and how long their tokens live. */
export function integrationRoutes(parts: EmulatorControlParts): readonly ControlRoute[] {
  return [
    route({
      method: 'GET',
      path: '/emulator/integrations',
      answer: async () => {
        const { configured, find } = parts.integrations
        const now = await Promise.all(configured.map(async (one) => (await find(one.clientId)) ?? one))
        return { status: 200, body: { integrations: now.map(integrationAnswer) } }
      },
    }),
    lifetimesRoute(parts),
  ]
}
