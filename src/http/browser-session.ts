import type { Context } from 'koa'
import type { User, UserId } from '#domain/user.ts'

/** Who is signed in in a browser, for the surfaces that have pages. */
export interface BrowserSession {
  readonly userId: UserId
  /** Stays the same while the session id changes at sign-in. */
  readonly uid: string
  /** The name of the session on pages, by which it can be ended. It opens nothing. */
  readonly name: string
}

/** A browser in which a user is signed in, as that user sees it. */
export interface SignedInBrowser extends Pick<BrowserSession, 'name'> {
  /** Epoch ms. */
  readonly signedInAt: number
  /** How the user signed in (RFC 8176). */
  readonly amr: readonly string[]
  /** Epoch ms, at most a minute late. */
  readonly lastSeenAt: number
  /** Where the browser was when it was last seen, and what it said it is: text of a stranger, cut. */
  readonly address: string
  readonly userAgent: string
}

/** Port: the browser session, which the authorization server keeps. */
export interface BrowserSessions {
  /** @returns the signed-in session of the request's cookie; its idle time starts anew */
  find(ctx: Context): Promise<BrowserSession | undefined>
  /**
   * Begins a session for the user, under a new id (ASVS 5.0 7.2.4).
   * @param user as read when the proof was checked, or after a new password was set: what ended the user's sessions since then ends this one
   * @param amr how the user signed in (RFC 8176)
   */
  signIn(ctx: Context, user: User, amr: readonly string[]): Promise<void>
  /** Ends the session on the server and takes its cookie back. */
  signOut(ctx: Context): Promise<void>
  /** The browsers in which the user is signed in, the last seen first. */
  list(userId: UserId): Promise<readonly SignedInBrowser[]>
  /** Ends the user's session of that name, or all of them; a name of somebody else's session is nobody's. @returns whether there was one */
  end(userId: UserId, which: { readonly name: string } | 'all'): Promise<boolean>
}
