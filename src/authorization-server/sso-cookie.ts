import type { Context } from 'koa'
import type { AuthorizationServerParts } from './parts.ts'

export interface SsoCookie {
  /** What this browser was given; undefined when it has nothing. */
  known(ctx: Context): string | undefined
  /** The same, or something new. */
  of(ctx: Context): string
  end(ctx: Context): void
}

/** What ties a round trip to this browser: also when the provider sends it back, where no cookie of a form is seen. */
export function ssoCookie({ origin, randomBytes, cookieSuffix }: AuthorizationServerParts): SsoCookie {
  const name = `${origin.protocol === 'https:' ? '__Host-' : ''}panoptes_sso${cookieSuffix}`
  const options = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true, path: '/' } as const
  const known = (ctx: Context): string | undefined => ctx.cookies.get(name, options)
  return {
    known,
    of(ctx: Context): string {
      const browser = known(ctx) ?? randomBytes(24).toString('base64url')
      ctx.cookies.set(name, browser, options)
      return browser
    },
    end(ctx: Context): void {
      if (known(ctx) !== undefined) ctx.cookies.set(name, null, options)
    },
  }
}
