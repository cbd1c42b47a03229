import type { IncomingMessage } from 'node:http'
import type Router from '@koa/router'
import type { Context } from 'koa'
import type { AuditTrail } from '#audit/audit.ts'
import type { Broker } from '#broker/broker.ts'
import type { Clock } from '#domain/clock.ts'
import type { Operation } from '#domain/operation.ts'
import type { ScopeWord } from '#domain/scope.ts'
import type { User } from '#domain/user.ts'
import type { ApiTokens } from '#grants/api-tokens.ts'
import type { Grants } from '#grants/grants.ts'
import type { BrowserSession, BrowserSessions } from '#http/browser-session.ts'
import type { Views } from '#http/page.ts'
import type { Identity } from '#identity/identity.ts'
import type { HeldUserApiTokens } from '#identity/user-api-tokens.ts'
import type { Integrations } from '#integrations/integrations.ts'
import type { Guards } from '#limits/limits.ts'
import type { Mail } from '#mail/mail.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Store } from '#store/store.ts'
import type { UpstreamPeople } from '#upstream/people.ts'
import type { Upstream } from '#upstream/upstream.ts'
import type { AccountFrame, Tab } from './frame-page.ts'

export interface AccountParts {
  readonly views: Views
  readonly identity: Identity
  readonly grants: Grants
  readonly apiTokens: ApiTokens
  readonly people: Pick<UpstreamPeople, 'permittedOperations'>
  readonly integrations: Integrations
  readonly broker: Broker
  readonly upstream: Upstream
  readonly scopes: readonly ScopeWord[]
  readonly operations: readonly Operation[]
  readonly secrets: Pick<Secrets, 'mac' | 'hasMac' | 'hash' | 'seal' | 'unseal'>
  readonly trail: AuditTrail
  readonly userApiTokens: HeldUserApiTokens
  /** Whether a code is mailed to the user before a User API Token is made. */
  readonly tokenConfirmation: 'email' | 'off'
  readonly mail: Mail
  readonly guards: Guards
  readonly store: Store
  readonly clock: Clock
  readonly randomBytes: (size: number) => Buffer
  readonly addressOf: (request: IncomingMessage) => string
}

export interface SignedIn {
  readonly session: BrowserSession
  readonly user: User
}

/** A form that carries the token of the session in which it was shown. */
export interface SentForm extends SignedIn {
  readonly form: ReadonlyMap<string, string>
}

type Handle = (ctx: Context) => Promise<void>

/** What a section gets from the frame: nothing of it is reached by a stranger, and no form from elsewhere. */
export interface Frame {
  /** A page of a signed-in user; strangers are asked to sign in. @param show returns the HTML */
  page(show: (ctx: Context, who: SignedIn) => Promise<string> | string): Handle
  /** A form of a signed-in user; without the token of the session it is answered 403. The handler gives the answer. */
  form(handle: (ctx: Context, sent: SentForm) => Promise<void>): Handle
  /** What stands around the tab that is shown. @param tab the href of the section */
  around(who: SignedIn, tab: string): AccountFrame
}

/** One tab of the account with its routes. */
export interface Section {
  readonly tab: Tab
  /** Left out by those that are always there. */
  readonly isThere?: (parts: AccountParts) => boolean
  open(router: Router, frame: Frame, parts: AccountParts & { readonly sessions: BrowserSessions }): void
}

/** To a page that can be loaded again without sending the form again. */
export function seeOther(ctx: Context, path: string): void {
  ctx.status = 303
  ctx.redirect(path)
}
