import type { Context } from 'koa'

export interface BrowserCookieParts {
  readonly origin: URL
  readonly randomBytes: (size: number) => Buffer
  readonly cookieSuffix?: string
}

export interface BrowserCookie {
  /** The name of this browser; a new one, sent along, when it has none. */
  of(ctx: Context): string
}

const form = /^[\w-]{22}$/

/** A random name by which the playground knows a browser again. */
export function browserCookie({ origin, randomBytes, cookieSuffix = '' }: BrowserCookieParts): BrowserCookie {
  const isSecure = origin.protocol === 'https:'
  const name = `${isSecure ? '__Host-' : ''}panoptes_playground${cookieSuffix}`
  return {
    of(ctx) {
      const known = ctx.cookies.get(name, { signed: false })
      if (known !== undefined && form.test(known)) return known
      const fresh = randomBytes(16).toString('base64url')
      ctx.cookies.set(name, fresh, { httpOnly: true, sameSite: 'lax', path: '/', signed: false })
      return fresh
    },
  }
}
