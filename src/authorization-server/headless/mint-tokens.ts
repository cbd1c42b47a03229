import type { Provider } from 'oidc-provider'
import type { AccountGroup } from '#domain/account-group.ts'
import type { Integration } from '#domain/integration.ts'
import type { User } from '#domain/user.ts'
import { saveConfirmedGrant } from '../confirmed-grant.ts'
import type { HeadlessParts } from './headless.ts'

/** RFC 6749 §5.1. */
export interface TokenAnswer {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly scope: string
  /** Left out for an integration without the refresh grant type. */
  readonly refresh_token?: string
}

export interface WantedTokens {
  readonly scopes: readonly string[]
  /** Undefined for all that the user reaches. */
  readonly accountGroups: readonly AccountGroup['aid'][] | undefined
}

type TokenMembers = ConstructorParameters<Provider['AccessToken']>[0]

/** @returns what connects a user to an integration and answers with the first tokens of that connection */
export function mintTokens({
  provider,
  parts,
  units,
  accountGroupsOf,
}: HeadlessParts): (integration: Integration, user: User, wanted: WantedTokens) => Promise<TokenAnswer> {
  async function issue(integration: Integration, user: User, wanted: WantedTokens): Promise<TokenAnswer> {
    const client = await provider.Client.find(integration.clientId)
    if (!client) throw new Error('the engine does not know the integration')
    const sessionUid = parts.randomBytes(16).toString('base64url') // no browser session stands behind it
    const grantId = await saveConfirmedGrant(
      { provider, units },
      {
        user,
        integration,
        scopes: wanted.scopes,
        claims: [],
        accountGroups: wanted.accountGroups?.map((aid) => ({ aid })) ?? (await accountGroupsOf(user)),
        sessionUid,
      },
    )
    const [gty = 'authorization_code'] = integration.grantTypes
    const scope = wanted.scopes.join(' ')
    const members = { accountId: user.id, client, grantId, gty, scope, sessionUid } as unknown as TokenMembers
    const access = new provider.AccessToken(members)
    const access_token = await access.save()
    const first: TokenAnswer = { access_token, token_type: 'Bearer', expires_in: access.expiration, scope }
    if (!client.grantTypeAllowed('refresh_token')) return first
    const authTime = Math.floor(parts.engineNow() / 1000)
    const refresh = new provider.RefreshToken({
      ...members,
      amr: ['pwd'],
      authTime,
      rotations: 0,
    } as unknown as ConstructorParameters<Provider['RefreshToken']>[0])
    return { ...first, refresh_token: await refresh.save() }
  }

  return async (integration, user, wanted) => {
    let answer: TokenAnswer | undefined
    const outcome = await units.run(
      async () => {
        answer = await issue(integration, user, wanted)
      },
      () => true,
    )
    if (!answer || outcome !== 'committed') throw new Error('a fresh grant met another one')
    return answer
  }
}
