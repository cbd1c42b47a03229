import type { Context } from 'koa'
import type { UserId } from '#domain/user.ts'

/** Who is signed in in a browser, for the surfaces that have pages. */
export interface BrowserSession {
  readonly userId: UserId
  /** Stays the same while the session id changes at sign-in. */
  readonly uid: string
}

/** Port: the browser session, which the authorization server keeps. */
export interface BrowserSessions {
  /** @returns the signed-in session of the request's cookie; its idle time starts anew */
  find(ctx: Context): Promise<BrowserSession | undefined>
  /** Begins a session for the user, under a new id (ASVS 5.0 7.2.4). */
  signIn(ctx: Context, userId: UserId): Promise<void>
  /** Ends the session on the server and takes its cookie back. */
  signOut(ctx: Context): Promise<void>
}
