import type { Provider } from 'oidc-provider'
import type { AccountGroupId } from '#domain/account-group.ts'
import type { Completion, Decision } from '#domain/authorization.ts'
import { scopeList } from '#domain/scope.ts'
import { isActive, type User } from '#domain/user.ts'
import type { InjectedAnswer } from '#http/inject.ts'
import { routes } from '../configuration.ts'
import { saveConfirmedGrant } from '../confirmed-grant.ts'
import { type SignIn, signInOf } from '../request-notes.ts'
import type { HeadlessParts } from './headless.ts'

type Interaction = InstanceType<Provider['Interaction']>

/** Sign-in and confirm; one more in reserve for a request that asks for both again. */
const mostInteractions = 3

const refused = (status: number, error: string, description: string): Completion => ({
  kind: 'refused',
  status,
  error,
  description,
})

function refusalOf({ status, body }: InjectedAnswer): Completion {
  try {
    const { error, error_description: description } = JSON.parse(body) as Record<string, unknown>
    return refused(status, String(error), String(description ?? 'the authorization server gives no reason'))
  } catch {
    return refused(status, 'invalid_request', 'The authorization server answered without a redirect.')
  }
}

/** The cookies of one browser that lives as long as one request. */
function cookieJar(): { keep(answer: InjectedAnswer): void; header(): Record<string, string> } {
  const cookies = new Map<string, string>()
  return {
    keep({ headers }) {
      for (const line of [headers['set-cookie'] ?? []].flat()) {
        const [pair = ''] = line.split(';', 1)
        cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
      }
    },
    header: () => ({ cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
  }
}

/** Writes into an interaction what the user would have said on its page. */
function deciding({ provider, parts, units, accountGroupsOf }: HeadlessParts) {
  const nowSeconds = (): number => Math.floor(parts.engineNow() / 1000)

  async function consentOf(
    interaction: Interaction,
    user: User,
    aids: readonly AccountGroupId[] | undefined,
  ): Promise<{ readonly grantId: string }> {
    const { params, prompt, uid } = interaction
    const integration = await parts.integrations.find(String(params['client_id']))
    if (!integration) throw new Error('the integration went away while it was being authorized')
    const claims = (prompt.details['missingOIDCClaims'] as string[] | undefined) ?? []
    const grantId = await saveConfirmedGrant(
      { provider, units },
      {
        user,
        integration,
        scopes: scopeList(String(params['scope'] ?? '')),
        claims,
        accountGroups: aids?.map((aid) => ({ aid })) ?? (await accountGroupsOf(user)),
        sessionUid: uid, // no browser session stands behind it
      },
    )
    return { grantId }
  }

  return async (uid: string, user: User, decision: Decision): Promise<void> => {
    await units.run(
      async () => {
        const interaction = await provider.Interaction.find(uid)
        if (!interaction) throw new Error('the interaction went away while it was being decided')
        if (decision.choice === 'logout') {
          const clientId = String(interaction.params['client_id'])
          units
            .current()
            .also(parts.audit.entry({ event: 'grant-refused', actor: user.id, userId: user.id, clientId }))
          interaction.result = { error: 'access_denied', error_description: 'End-User logged out' }
        } else {
          const login: SignIn = { ...signInOf(user, parts, ['pwd']), isHeadless: true }
          interaction.result = {
            ...interaction.lastSubmission,
            login,
            consent: await consentOf(interaction, user, decision.accountGroups),
          }
        }
        await interaction.save(Math.max(1, interaction.exp - nowSeconds()))
      },
      () => true,
    )
  }
}

function notTo(own: string, url: URL): Completion | undefined {
  const asked = `${url.origin}${url.pathname}`
  return asked === own
    ? undefined
    : refused(400, 'invalid_request', `url: found ${asked}; allowed is ${own} with a query`)
}

/** The interaction that a redirect leads to, if it is one of ours. */
const interactionOf = (redirect: URL, origin: URL): string | undefined =>
  redirect.origin === origin.origin ? /^\/interaction\/([\w-]+)$/.exec(redirect.pathname)?.[1] : undefined

/** @returns what completes an authorization request as a user, through the endpoints that a browser would use */
export function completeAuthorization(
  headless: HeadlessParts,
): (url: URL, user: User, decision: Decision) => Promise<Completion> {
  const { parts, inject } = headless
  const { origin } = parts
  const decide = deciding(headless)

  return async (url, user, decision) => {
    const stray = notTo(`${origin.origin}${routes.authorization}`, url)
    if (stray) return stray
    if (!isActive(user)) return refused(403, 'access_denied', 'The user is locked or disabled.')
    const jar = cookieJar()
    let path = `${url.pathname}${url.search}`
    for (let interactions = 0; interactions <= mostInteractions; interactions += 1) {
      const headers = { accept: 'application/json', ...jar.header() }
      const answer = await inject({ method: 'GET', path, headers })
      jar.keep(answer)
      const { location } = answer.headers
      if (typeof location !== 'string') return refusalOf(answer)
      const redirect = new URL(location, origin)
      const uid = interactionOf(redirect, origin)
      if (uid === undefined) return { kind: 'redirect', redirect }
      await decide(uid, user, decision)
      path = `${routes.authorization}/${uid}`
    }
    return refused(400, 'invalid_request', 'The request asks again and again, whatever is answered.')
  }
}
