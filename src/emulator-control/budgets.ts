import { z } from 'zod'
import { findIntegration } from './integrations.ts'
import { members, region, text, user } from './members.ts'
import type { Budget, EmulatorControlParts } from './parts.ts'
import { allowedAre, type ControlRefusal, found, refuseWith } from './refusals.ts'
import { type ControlRoute, route } from './route.ts'
import { limitsAreOff, selectUser, usersInOrder } from './users.ts'

const bucketNames = ['calls', 'instant-test', 'template-deploy', 'dashboard-snapshot'] as const

const budgetBody = members({
  user: user.optional(),
  organization: text('allowed is the id of an organization, as 110', 64).optional(),
  region: region.optional(),
  integration: text('allowed is a client id, as sd-wan-manager', 128).optional(),
  bucket: z.enum(bucketNames, `allowed are ${bucketNames.join(', ')}`).default('calls'),
})

type Owner = Pick<Budget, 'region' | 'organizationId'>

async function ownerOf(
  { users }: EmulatorControlParts,
  wanted: z.infer<typeof budgetBody>,
): Promise<Owner | ControlRefusal> {
  if ((wanted.user === undefined) === (wanted.organization === undefined))
    return refuseWith(422, 'invalid_body', 'user, organization: allowed is exactly one of them')
  if (wanted.user !== undefined) return selectUser(users, { user: wanted.user, region: wanted.region })
  const all = await usersInOrder(users)
  const owners = new Map(
    all
      .filter((one) => one.organizationId === wanted.organization)
      .filter((one) => wanted.region === undefined || one.region === wanted.region)
      .map((one): [string, Owner] => [one.region, one]),
  )
  const [owner] = owners.values()
  if (owner === undefined)
    return refuseWith(
      404,
      'unknown_organization',
      `organization: ${found(wanted.organization)}; ${allowedAre([...new Set(all.map((one) => one.organizationId))])}`,
    )
  if (owners.size > 1)
    return refuseWith(
      409,
      'ambiguous_organization',
      `region: found nothing, and the organization is in several; allowed are ${[...owners.keys()].join(', ')}`,
    )
  return owner
}

/** Budgets of calls: emptied for one organization, or for one client of it. */
export function budgetRoutes(parts: EmulatorControlParts): readonly ControlRoute[] {
  return [
    route({
      method: 'POST',
      path: '/emulator/budgets/exhaust',
      body: budgetBody,
      answer: async ({ body }) => {
        const owner = await ownerOf(parts, body)
        if ('kind' in owner) return owner
        const integration =
          body.integration === undefined ? undefined : await findIntegration(parts, body.integration)
        if (integration && 'kind' in integration) return integration
        const { region, organizationId } = owner
        const clientId = integration?.clientId
        const nextAt = parts.budgets.exhaust({ bucket: body.bucket, region, organizationId, clientId })
        if (nextAt === undefined) return limitsAreOff
        return {
          status: 200,
          body: {
            bucket: body.bucket,
            region,
            organization: organizationId,
            ...(clientId === undefined ? {} : { integration: clientId }),
            nextWindowAt: new Date(nextAt).toISOString(),
          },
        }
      },
    }),
  ]
}
