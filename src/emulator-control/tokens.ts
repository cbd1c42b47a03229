import { z } from 'zod'
import type { AccountGroupId } from '#domain/account-group.ts'
import { apiTokensClientId, type Integration } from '#domain/integration.ts'
import { scopeList } from '#domain/scope.ts'
import type { TokenKind } from '#domain/token-kind.ts'
import type { User } from '#domain/user.ts'
import { accountGroups, chosenGroups } from './account-groups.ts'
import { findIntegration } from './integrations.ts'
import { members, region, text, user } from './members.ts'
import type { EmulatorControlParts } from './parts.ts'
import { allowedAre, type ControlRefusal, found, refuseWith } from './refusals.ts'
import { type ControlAnswer, type ControlRoute, route } from './route.ts'
import { selectActiveUser } from './users.ts'

const scopeWords = 'allowed are scope words, as a list or separated by spaces'

const mintBody = members({
  integration: text('allowed is a client id, as sd-wan-manager', 128),
  user,
  region: region.optional(),
  scopes: z
    .union([z.string(), z.array(z.string(scopeWords), scopeWords).max(200, scopeWords)], scopeWords)
    .transform((scopes) => (typeof scopes === 'string' ? scopeList(scopes) : scopes))
    .refine((scopes) => scopes.length > 0, scopeWords)
    .optional(),
  accountGroups: accountGroups.optional(),
  name: text('allowed is the name of an API token, at most 60 characters', 60).optional(),
})

/** @returns the scopes to grant: those asked for, else all that the integration may ask for */
function scopesOf(
  integration: Integration,
  wanted: readonly string[] | undefined,
): readonly string[] | ControlRefusal {
  const unknown = wanted?.find((word) => !integration.scopes.includes(word))
  if (unknown !== undefined)
    return refuseWith(
      422,
      'unknown_scope',
      `scopes: ${found(unknown)}; of ${integration.clientId} ${allowedAre(integration.scopes)}`,
    )
  return wanted === undefined ? integration.scopes : [...new Set(wanted)]
}

interface Wish {
  readonly person: User
  readonly name: string | undefined
  readonly scopes: readonly string[]
  readonly accountGroups: readonly AccountGroupId[] | undefined
}

/** A scoped API token, as the user would make it on the account page; it has no refresh token. */
async function mintApiToken(
  { apiTokens, authorizations, clock }: EmulatorControlParts,
  integration: Integration,
  { person, name, scopes, accountGroups: groups }: Wish,
): Promise<ControlAnswer | ControlRefusal> {
  const { absoluteSeconds } = integration.lifetimes
  const now = clock.now()
  const wanted = {
    name: name ?? `Minted at ${new Date(now).toISOString()}`,
    scopes,
    accountGroups: groups ?? (await authorizations.accountGroupsOf(person)).map(({ aid }) => aid),
    limits: integration.limits,
    endsAt: now + absoluteSeconds * 1000,
  }
  // No browser session stands behind it.
  const made = await apiTokens.generate(wanted, { user: person, sessionUid: 'control-api' })
  if ('kind' in made) return refuseWith(409, made.code, `name: ${made.description}`)
  const [access_token, expires_in] = [made.token, absoluteSeconds]
  return { status: 201, body: { access_token, token_type: 'Bearer', expires_in, scope: scopes.join(' ') } }
}

function mintRoute(parts: EmulatorControlParts): ControlRoute {
  return route({
    method: 'POST',
    path: '/emulator/tokens',
    body: mintBody,
    answer: async ({ body }) => {
      const integration = await findIntegration(parts, body.integration)
      if ('kind' in integration) return integration
      const person = await selectActiveUser(parts.users, body)
      if ('kind' in person) return person
      const scopes = scopesOf(integration, body.scopes)
      if ('kind' in scopes) return scopes
      const groups = await chosenGroups(parts, person, body.accountGroups)
      if (groups && 'kind' in groups) return groups
      if (integration.clientId === apiTokensClientId)
        return mintApiToken(parts, integration, { person, name: body.name, scopes, accountGroups: groups })
      const minted = await parts.authorizations.mint(integration, person, { scopes, accountGroups: groups })
      return { status: 201, body: minted }
    },
  })
}

const tokenBody = members({ token: text('allowed is the value of a token or code') })

const unknownToken = refuseWith(
  404,
  'unknown_token',
  'token: found one that is not alive here; allowed is a live access token, refresh token, code or User API Token',
)

function fateRoute(
  name: 'expire' | 'revoke' | 'mark-used',
  meet: (token: string) => Promise<TokenKind | 'unsuited' | undefined>,
): ControlRoute {
  return route({
    method: 'POST',
    path: `/emulator/tokens/${name}`,
    body: tokenBody,
    answer: async ({ body: { token } }): Promise<ControlAnswer | ControlRefusal> => {
      const kind = await meet(token)
      if (kind === undefined) return unknownToken
      if (kind === 'unsuited')
        return refuseWith(
          409,
          'unsuited_token',
          'token: found a kind that may be used more than once; allowed are refresh tokens and codes',
        )
      return { status: 200, body: { kind } }
    },
  })
}

/** Tokens made without asking anybody, and the fates that may befall any token. */
export function tokenRoutes(parts: EmulatorControlParts): readonly ControlRoute[] {
  const { tokens } = parts
  return [
    mintRoute(parts),
    fateRoute('expire', (token) => tokens.expire(token)),
    fateRoute('revoke', (token) => tokens.revoke(token)),
    fateRoute('mark-used', (token) => tokens.markUsed(token)),
  ]
}
