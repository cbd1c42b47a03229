import type { Context } from 'koa'
import { errors, type Provider } from 'oidc-provider'
import type { Connection } from '#domain/grant.ts'
import type { Integration } from '#domain/integration.ts'
import { regionOfTeRegion } from '#domain/region.ts'
import { isActive, type User, type UserId } from '#domain/user.ts'
import { saveConfirmedGrant } from '../confirmed-grant.ts'
import { type DeviceRequest, deviceRequestOf } from '../device-request.ts'
import { maskedUserCode } from '../device-views.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import { isTooOldForDevice, signInTooOld } from '../policy.ts'
import { signInOf } from '../request-notes.ts'
import type { UnitsOfWork } from '../unit-of-work.ts'
import type { Confirmable, ConfirmStep } from './confirm.ts'
import type { SignInPlace } from './sign-in.ts'

export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>
type EngineSession = InstanceType<Provider['Session']>

export interface InteractionSteps {
  /** The interaction of the path, held by this browser. @throws SessionNotFound otherwise */
  find(ctx: Context, uid: string): Promise<Interaction>
  integrationOf(interaction: Interaction): Promise<Integration>
  /** The signed-in user. @throws SessionNotFound when that user is gone or disabled */
  userOf(interaction: Interaction): Promise<User>
  placeOf(interaction: Interaction): Promise<SignInPlace>
  /** What the signed-in user is asked in this browser. @throws SessionNotFound when that user is gone or disabled */
  askedOf(ctx: Context, interaction: Interaction): Promise<Confirmable>
  /** Whether the sign-in became too old for what is confirmed. */
  needsSignInAgain(interaction: Interaction): Promise<boolean>
  keep(interaction: Interaction, result: NonNullable<Interaction['result']>): Promise<void>
  /** Ends the browser session without touching connections, and takes the interaction out of it first. */
  leaveSession(ctx: Context, interaction: Interaction): Promise<void>
  /**
   * Keeps that the user signed in. A session of somebody else ends, which may also have begun in another tab since this
   * interaction did: the engine would ask for a sign-out by a form that sends itself.
   * @param proved the user as read when the proof was checked, or as a new password left it, and how (`amr`, RFC 8176)
   */
  keepSignIn(
    ctx: Context,
    interaction: Interaction,
    proved: { readonly user: User; readonly amr: readonly string[] },
  ): Promise<void>
  /** Saves the grant of what was confirmed. @returns its id */
  createGrant(interaction: Interaction, asked: Confirmable): Promise<string>
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const detailOf = (interaction: Interaction, name: string): readonly string[] =>
  (interaction.prompt.details[name] as string[] | undefined) ?? []

function ownInteraction(interaction: Interaction, uid: string): Interaction {
  if (interaction.uid !== uid) throw new errors.SessionNotFound('interaction session and path mismatch')
  return interaction
}

export interface InteractionStepParts {
  readonly provider: Provider
  readonly parts: AuthorizationServerParts
  readonly units: UnitsOfWork
  readonly confirm: ConfirmStep
}

function leaving(provider: Provider) {
  const sessionOf = (ctx: Context): Promise<EngineSession> =>
    provider.Session.get(
      provider.createContext(ctx.req, ctx.res) as unknown as Parameters<Provider['Session']['get']>[0],
    )

  async function leave(ctx: Context, interaction: Interaction, session: EngineSession): Promise<void> {
    Object.assign(interaction, { session: undefined, lastSubmission: undefined })
    if (session.exp !== undefined) await session.destroy()
    ctx.cookies.set(provider.cookieName('session'), null, { httpOnly: true, sameSite: 'lax', path: '/' })
  }

  return {
    async leaveSession(ctx: Context, interaction: Interaction): Promise<void> {
      // By its uid: its id may have been changed while this request was on its way.
      const session = await provider.Session.findByUid(text(interaction.session?.uid))
      await leave(ctx, interaction, session ?? (await sessionOf(ctx)))
    },
    async leaveSessionOfAnother(ctx: Context, interaction: Interaction, user: UserId): Promise<void> {
      const session = await sessionOf(ctx)
      if (session.accountId === undefined) {
        // It ended since this interaction began, as by the new password that the sign-in asked for.
        Object.assign(interaction, { session: undefined, lastSubmission: undefined })
      } else if (session.accountId !== user) await leave(ctx, interaction, session)
    },
  }
}

/** What an interaction asks, of whom, and for whom. */
function asking({ provider, parts, confirm }: InteractionStepParts): Pick<
  InteractionSteps,
  'integrationOf' | 'userOf' | 'askedOf'
> & {
  /** The user of the session in which it began, locked or not. */
  accountOf(interaction: Interaction): Promise<User | undefined>
} {
  async function integrationOf(interaction: Interaction): Promise<Integration> {
    const integration = await parts.integrations.find(text(interaction.params['client_id']))
    if (!integration) throw new errors.InvalidClient('client is invalid', 'client not found')
    return integration
  }

  const accountOf = async ({ session }: Interaction): Promise<User | undefined> =>
    parts.identity.find(text(session?.accountId) as UserId)

  async function userOf(interaction: Interaction): Promise<User> {
    const user = await accountOf(interaction)
    if (!user || !isActive(user)) throw new errors.SessionNotFound('the user of the session is gone')
    return user
  }

  async function earlierConnection(
    { id: userId, region }: User,
    { clientId }: Integration,
  ): Promise<Connection | undefined> {
    const [newest] = await parts.grants.list({ userId, clientId, region })
    return newest
  }

  async function deviceOf(ctx: Context, { deviceCode }: Interaction): Promise<DeviceRequest | undefined> {
    const code = deviceCode && (await provider.DeviceCode.find(deviceCode))
    if (!code) return undefined
    const userCode = maskedUserCode(code.userCode)
    return deviceRequestOf(code, { userCode, browserAddress: parts.addressOf(ctx.req) }, parts.engineNow())
  }

  return {
    integrationOf,
    accountOf,
    userOf,
    async askedOf(ctx, interaction) {
      const action = `/interaction/${interaction.uid}/confirm`
      const [user, integration] = await Promise.all([userOf(interaction), integrationOf(interaction)])
      const [accountGroups, earlier, device] = await Promise.all([
        confirm.accountGroupsOf(user),
        earlierConnection(user, integration),
        deviceOf(ctx, interaction),
      ])
      return {
        action,
        csrf: parts.secrets.mac('form', action),
        user,
        integration,
        // The grant is a new one: every requested scope is missing.
        scopes: detailOf(interaction, 'missingOIDCScope'),
        accountGroups,
        earlier,
        device,
      }
    },
  }
}

/** What the steps read from and write to the engine's interaction. */
export function interactionSteps(stepParts: InteractionStepParts): InteractionSteps {
  const { provider, parts, units } = stepParts
  const { integrationOf, accountOf, userOf, askedOf } = asking(stepParts)
  const nowSeconds = (): number => Math.floor(parts.engineNow() / 1000)

  const { leaveSession, leaveSessionOfAnother } = leaving(provider)

  async function keep(interaction: Interaction, result: NonNullable<Interaction['result']>): Promise<void> {
    interaction.result = result
    await interaction.save(Math.max(1, interaction.exp - nowSeconds()))
  }

  return {
    leaveSession,
    keep,
    integrationOf,
    userOf,
    askedOf,

    async keepSignIn(ctx, interaction, { user, amr }) {
      await leaveSessionOfAnother(ctx, interaction, user.id)
      await keep(interaction, { login: signInOf(user, parts, amr) })
    },

    find: async (ctx, uid) => ownInteraction(await provider.interactionDetails(ctx.req, ctx.res), uid),

    async placeOf(interaction) {
      const action = `/interaction/${interaction.uid}/sign-in`
      const place = { action, boundTo: action, integration: (await integrationOf(interaction)).name }
      const expected = interaction.prompt.reasons.includes(signInTooOld) && (await accountOf(interaction))
      if (expected) return { ...place, region: expected.region, email: expected.email, reason: 'device' }
      return {
        ...place,
        region: regionOfTeRegion(text(interaction.params['teRegion'])) ?? 'default',
        email: text(interaction.params['login_hint']).slice(0, 254),
      }
    },

    async needsSignInAgain({ deviceCode, session }) {
      const found = deviceCode && session?.uid && (await provider.Session.findByUid(session.uid))
      return found ? isTooOldForDevice(found, parts.spans) : false
    },

    createGrant: (interaction, asked) =>
      saveConfirmedGrant(
        { provider, units },
        {
          ...asked,
          claims: detailOf(interaction, 'missingOIDCClaims'),
          sessionUid: text(interaction.session?.uid),
        },
      ),
  }
}
