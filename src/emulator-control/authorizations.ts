import { z } from 'zod'
import type { Completion, Decision } from '#domain/authorization.ts'
import type { User } from '#domain/user.ts'
import { accountGroups, chosenGroups } from './account-groups.ts'
import { members, region, text, user } from './members.ts'
import type { EmulatorControlParts } from './parts.ts'
import { type ControlRefusal, found, refuseWith } from './refusals.ts'
import { type ControlAnswer, type ControlRoute, route } from './route.ts'
import { selectActiveUser } from './users.ts'

const personBody = members({ user, region: region.optional() })
const approvalBody = members({
  user,
  region: region.optional(),
  accountGroups: accountGroups.optional(),
})
const authorizationBody = members({
  url: text('allowed is the URL of an authorization request', 32_768),
  user,
  region: region.optional(),
  choice: z.enum(['confirm', 'logout'], 'allowed are confirm, logout').default('confirm'),
  accountGroups: accountGroups.optional(),
})

const urlWords = (url: string): string =>
  `allowed is an authorization request of this server, as ${url}/oauth2/authorize?response_type=code&client_id=…`

const isLoopback = ({ hostname }: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname)

/** @returns the request under our canonical origin, or undefined when it is none of this server's */
function authorizationRequest(given: string, url: string): URL | undefined {
  const own = new URL(url)
  const request = URL.parse(given, url)
  if (request?.pathname !== '/oauth2/authorize') return undefined
  const isOurs = request.origin === own.origin || (isLoopback(request) && request.port === own.port)
  return isOurs ? new URL(`${request.pathname}${request.search}`, own) : undefined
}

/** What the integration would find in the redirect, and the redirect itself. */
function completionAnswer(completion: Completion): ControlAnswer | ControlRefusal {
  if (completion.kind === 'redirect') {
    const { href, searchParams } = completion.redirect
    return { status: 200, body: { redirect: href, ...Object.fromEntries(searchParams) } }
  }
  const status = completion.status === 404 ? 404 : 400
  return refuseWith(status, completion.error, `The request was refused: ${completion.description}`)
}

const refusalWords = {
  unknown: [404, 'unknown_user_code', 'allowed is one that a device was given and that is still waiting'],
  expired: [410, 'expired_user_code', 'its device authorization has expired: ask for a new one'],
  decided: [409, 'decided_user_code', 'it was approved or denied before'],
} as const

type Wish = z.infer<typeof approvalBody>

/** @returns the person with their decision, or why there is none */
async function decisionOf(
  parts: EmulatorControlParts,
  wish: Wish,
  choice: Decision['choice'],
): Promise<{ readonly person: User; readonly decision: Decision } | ControlRefusal> {
  const person = await selectActiveUser(parts.users, wish)
  if ('kind' in person) return person
  if (choice === 'logout') return { person, decision: { choice } }
  const groups = await chosenGroups(parts, person, wish.accountGroups)
  if (groups && 'kind' in groups) return groups
  return { person, decision: { choice, accountGroups: groups } }
}

const decidedWords = { confirm: 'approved', logout: 'denied' } as const

/** @returns how the device authorization was decided, or why it was not */
async function decideDevice(
  parts: EmulatorControlParts,
  userCode: string,
  { wish, choice }: { readonly wish: Wish; readonly choice: Decision['choice'] },
): Promise<ControlAnswer | ControlRefusal> {
  const decided = await decisionOf(parts, wish, choice)
  if ('kind' in decided) return decided
  const { person, decision } = decided
  const outcome = await parts.authorizations.decideDevice(userCode, person, decision)
  if (outcome === 'done')
    return { status: 200, body: { userCode, decision: decidedWords[choice], user: person.id } }
  const [status, code, words] = refusalWords[outcome]
  return refuseWith(status, code, `user_code: ${found(userCode)}; ${words}`)
}

/** What a person decides, without a browser: device codes and authorization requests. */
export function authorizationRoutes(parts: EmulatorControlParts): readonly ControlRoute[] {
  const { url } = parts.workspace
  return [
    route({
      method: 'POST',
      path: '/emulator/device-codes/{user_code}/approve',
      body: approvalBody,
      answer: ({ params: { user_code: code = '' }, body: wish }) =>
        decideDevice(parts, code, { wish, choice: 'confirm' }),
    }),
    route({
      method: 'POST',
      path: '/emulator/device-codes/{user_code}/deny',
      body: personBody,
      answer: ({ params: { user_code: code = '' }, body: wish }) =>
        decideDevice(parts, code, { wish, choice: 'logout' }),
    }),
    route({
      method: 'POST',
      path: '/emulator/authorizations',
      body: authorizationBody,
      answer: async ({ body }) => {
        const request = authorizationRequest(body.url, url)
        if (!request) return refuseWith(422, 'invalid_url', `url: ${found(body.url)}; ${urlWords(url)}`)
        const decided = await decisionOf(parts, body, body.choice)
        if ('kind' in decided) return decided
        const { person, decision } = decided
        return completionAnswer(await parts.authorizations.complete(request, person, decision))
      },
    }),
  ]
}
