import type Router from '@koa/router'
import type { Explanation } from '#domain/explanation.ts'
import { type Connection, type GrantTag, parseGrantTag } from '#domain/grant.ts'
import { apiTokensClientId, type Integration } from '#domain/integration.ts'
import { parseRegionId } from '#domain/region.ts'
import { scopeList } from '#domain/scope.ts'
import type { User } from '#domain/user.ts'
import type { Access, Grants } from '#grants/grants.ts'
import type { Integrations } from '#integrations/integrations.ts'
import { parseQuestion, type Question, type Wrong, wrong } from './explain-question.ts'
import { problem } from './problem.ts'
import { type OperatorUsersParts, selectUser } from './users.ts'

type AskedAccess = Omit<Access, 'accountGroups'> & {
  readonly accountGroups: Access['accountGroups'] | 'all'
}

export interface ExplainParts extends Pick<OperatorUsersParts, 'identity' | 'allUsers'> {
  readonly grants: Grants
  readonly integrations: Pick<Integrations, 'find' | 'configured'>
  /** What the gateway would say to a call; changes nothing. */
  readonly explain: (question: {
    readonly method: string
    readonly target: string
    readonly body: string | undefined
    readonly address: string | undefined
    readonly access: AskedAccess | undefined
  }) => Promise<Explanation>
}

/** The connections that the question may mean, newest first. */
async function connectionsOf({ grants }: ExplainParts, user: User, { text }: Question) {
  const name = text('apiToken')
  const found = await grants.list({
    userId: user.id,
    clientId: name === undefined ? (text('client') ?? '') : apiTokensClientId,
  })
  return found.filter(
    ({ tag, apiToken }) =>
      (name === undefined || apiToken === name) &&
      (text('connection') === undefined || tag === text('connection')),
  )
}

const accessOf = (connection: Connection, scopes: readonly string[] | undefined): AskedAccess => ({
  tag: connection.tag,
  userId: connection.userId,
  region: connection.region,
  clientId: connection.clientId,
  scopes: new Set(scopes ?? connection.scopes),
  accountGroups: connection.accountGroups,
  ...(connection.limits && { limits: connection.limits }),
  expiresAt: connection.expiresAt,
})

/** A connection that is not there, as it would be if the user confirmed one now. */
function imagined(integration: Integration, user: User, scopes: readonly string[]): AskedAccess {
  const tag = parseGrantTag('A'.repeat(16)) as GrantTag
  const { clientId, limits } = integration
  return {
    ...{ tag, clientId, userId: user.id, region: user.region, scopes: new Set(scopes) },
    ...(limits && { limits }),
    accountGroups: 'all',
    expiresAt: Number.POSITIVE_INFINITY,
  }
}

const connectionAnswer = ({ tag, apiToken, scopes, accountGroups, limits }: Connection): object => ({
  id: tag,
  apiToken: apiToken ?? null,
  scopes,
  accountGroups,
  readOnly: limits?.isReadOnly ?? false,
})

/** The scopes to pretend that the token has; in words what the integration may not ask for. */
function pretended(integration: Integration | undefined, given: string | undefined) {
  if (given === undefined || !integration) return undefined
  const scopes = scopeList(given)
  const unknown = scopes.find((scope) => !integration.scopes.includes(scope))
  return unknown === undefined
    ? scopes
    : wrong(
        `scopes: found ${unknown}; of ${integration.clientId} allowed are ${integration.scopes.join(', ')}`,
      )
}

interface Found {
  readonly user: User
  readonly integration: Integration | undefined
  readonly connections: readonly Connection[]
  /** Undefined for those of the connection. */
  readonly scopes: readonly string[] | undefined
}

/** Whether there is something to ask about; in words what there is instead. */
function foundProblem(
  parts: ExplainParts,
  { text }: Question,
  { user, integration, connections }: Omit<Found, 'scopes'>,
): Wrong | undefined {
  if (connections.length > 0) return undefined
  const name = text('apiToken')
  if (name !== undefined)
    return wrong(`apiToken: found ${name}; ${user.email} has no API token of this name`, 404)
  if (text('connection') !== undefined)
    return wrong(`connection: found ${text('connection')}; the user has no such connection`, 404)
  const configured = parts.integrations.configured.map(({ clientId }) => clientId)
  return integration
    ? undefined
    : wrong(
        `client: found ${text('client')}; allowed are ${configured.join(', ')}, and what registered itself`,
        404,
      )
}

async function find(parts: ExplainParts, question: Question): Promise<Found | Wrong> {
  const { text } = question
  const user = await selectUser(parts, text('user') ?? '', parseRegionId(text('region') ?? ''))
  if ('wrong' in user) return user
  const integration = await parts.integrations.find(text('client') ?? apiTokensClientId)
  const found = { user, integration, connections: await connectionsOf(parts, user, question) }
  const missing = foundProblem(parts, question, found)
  if (missing) return missing
  const scopes = pretended(integration, text('scopes'))
  return scopes && 'wrong' in scopes ? scopes : { ...found, scopes }
}

/** What the token opens; undefined where there is no connection, and none is pretended. */
function accessIn({ user, integration, connections, scopes }: Found): AskedAccess | undefined {
  const [newest] = connections
  if (newest) return accessOf(newest, scopes)
  return scopes && integration ? imagined(integration, user, scopes) : undefined
}

async function answerOf(parts: ExplainParts, question: Question): Promise<object | Wrong> {
  const found = await find(parts, question)
  if ('wrong' in found) return found
  const { user, integration, connections, scopes } = found
  const { text, method, target } = question
  const [newest] = connections
  const access = accessIn(found)
  return {
    call: `${method} ${target}`,
    user: { id: user.id, email: user.email, region: user.region },
    integration: { clientId: text('client') ?? apiTokensClientId, name: integration?.name ?? null },
    connection: newest ? connectionAnswer(newest) : null,
    connections: connections.length,
    pretendedScopes: scopes ?? null,
    ...(await parts.explain({ method, target, body: text('body'), address: text('address'), access })),
  }
}

const isWrong = (answer: object): answer is Wrong => 'wrong' in answer

/** `GET /operator/explain`: whether a call would pass and which rule decides. Changes nothing. */
export function explainRoute(router: Router, parts: ExplainParts): void {
  router.get('/operator/explain', async (ctx) => {
    const question = parseQuestion(new URLSearchParams(ctx.querystring))
    const answer = isWrong(question) ? question : await answerOf(parts, question)
    if (isWrong(answer)) return problem(ctx, answer.status, answer.wrong)
    ctx.set('Cache-Control', 'no-store')
    ctx.body = answer
  })
}
