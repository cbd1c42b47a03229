import { z } from 'zod'
import type { Completion } from '#domain/authorization.ts'
import type { User } from '#domain/user.ts'
import { members, region, text, user } from './members.ts'
import type { EmulatorControlParts } from './parts.ts'
import { type ControlRefusal, found, refuseWith } from './refusals.ts'
import { type ControlAnswer, type ControlRoute, route } from './route.ts'
import { selectActiveUser } from './users.ts'

const personBody = members({ user, region: region.optional() })
const authorizationBody = members({
  url: text('allowed is the URL of an authorization request', 32_768),
  user,
  region: region.optional(),
  choice: z.enum(['confirm', 'logout'], 'allowed are confirm, logout').default('confirm'),
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

const decidedWords = { approve: 'approved', deny: 'denied' } as const

function decisionRoute(parts: EmulatorControlParts, decision: 'approve' | 'deny'): ControlRoute {
  return route({
    method: 'POST',
    path: `/emulator/device-codes/{user_code}/${decision}`,
    body: personBody,
    answer: async ({ params: { user_code: userCode = '' }, body }) => {
      const person = await selectActiveUser(parts.users, body)
      if ('kind' in person) return person
      const choice = decision === 'approve' ? 'confirm' : 'logout'
      const outcome = await parts.authorizations.decideDevice(userCode, person, choice)
      if (outcome === 'done')
        return {
          status: 200,
          body: { userCode, decision: decidedWords[decision], user: person.id },
        }
      const [status, code, words] = refusalWords[outcome]
      return refuseWith(status, code, `user_code: ${found(userCode)}; ${words}`)
    },
  })
}

/** What a person decides, without a browser: device codes and authorization requests. */
export function authorizationRoutes(parts: EmulatorControlParts): readonly ControlRoute[] {
  const { url } = parts.workspace
  return [
    decisionRoute(parts, 'approve'),
    decisionRoute(parts, 'deny'),
    route({
      method: 'POST',
      path: '/emulator/authorizations',
      body: authorizationBody,
      answer: async ({ body }) => {
        const request = authorizationRequest(body.url, url)
        if (!request) return refuseWith(422, 'invalid_url', `url: ${found(body.url)}; ${urlWords(url)}`)
        const person: User | ControlRefusal = await selectActiveUser(parts.users, body)
        if ('kind' in person) return person
        return completionAnswer(await parts.authorizations.complete(request, person, body.choice))
      },
    }),
  ]
}
