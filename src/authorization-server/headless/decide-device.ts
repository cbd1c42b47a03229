import type { AccountGroupId } from '#domain/account-group.ts'
import type { Decision } from '#domain/authorization.ts'
import type { Integration } from '#domain/integration.ts'
import { scopeList } from '#domain/scope.ts'
import type { User } from '#domain/user.ts'
import { saveConfirmedGrant } from '../confirmed-grant.ts'
import type { HeadlessParts } from './headless.ts'

/** `unknown` and `expired` are said here: whoever asks owns the server and guesses at nothing. */
export type DeviceDecision = 'done' | 'unknown' | 'expired' | 'decided'

/** A user code as it is typed: case and separators are nobody's concern (RFC 8628 §6.1). */
const normalized = (userCode: string): string => userCode.toUpperCase().replace(/\W/g, '')

/** @returns what confirms or refuses a device authorization as a user, whoever else has its page open */
export function decideDevice({
  provider,
  parts,
  units,
  accountGroupsOf,
}: HeadlessParts): (userCode: string, user: User, decision: Decision) => Promise<DeviceDecision> {
  const nowSeconds = (): number => Math.floor(parts.engineNow() / 1000)

  function refusal({ id }: User, { clientId }: Integration): object {
    units.current().also(parts.audit.entry({ event: 'grant-refused', actor: id, userId: id, clientId }))
    return { error: 'access_denied', errorDescription: 'End-User logged out' }
  }

  /** What the engine writes into a code once its user has confirmed. */
  async function approval(
    user: User,
    integration: Integration,
    { scope, aids }: { readonly scope: string; readonly aids: readonly AccountGroupId[] | undefined },
  ): Promise<object> {
    const sessionUid = parts.randomBytes(16).toString('base64url') // no browser session stands behind it
    const grantId = await saveConfirmedGrant(
      { provider, units },
      {
        user,
        integration,
        scopes: scopeList(scope),
        claims: [],
        accountGroups: aids?.map((aid) => ({ aid })) ?? (await accountGroupsOf(user)),
        sessionUid,
      },
    )
    return { accountId: user.id, amr: ['pwd'], authTime: nowSeconds(), grantId, scope, sessionUid }
  }

  async function decided(userCode: string, user: User, decision: Decision): Promise<DeviceDecision> {
    const code = await provider.DeviceCode.findByUserCode(normalized(userCode), { ignoreExpiration: true })
    const integration = code && (await parts.integrations.find(String(code.clientId)))
    if (!code || !integration) return 'unknown'
    if (code.isExpired) return 'expired'
    if (code.error !== undefined || code.accountId !== undefined) return 'decided'
    Object.assign(
      code,
      decision.choice === 'logout'
        ? refusal(user, integration)
        : await approval(user, integration, {
            scope: String(code.params?.['scope'] ?? ''),
            aids: decision.accountGroups,
          }),
    )
    await code.save()
    return 'done'
  }

  return async (userCode, user, decision) => {
    let became: DeviceDecision = 'unknown'
    const outcome = await units.run(
      async () => {
        became = await decided(userCode, user, decision)
      },
      () => became === 'done',
    )
    return outcome === 'conflict' ? 'decided' : became
  }
}
