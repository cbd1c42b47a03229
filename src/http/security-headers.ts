/** The headers of every HTML page (security-cases section 3; RFC 9700 §4.2.4 and §4.16; ASVS 5.0 V3). */
import type { Context, Middleware } from 'koa'

// No `script-src`: pages have no script but for those that ask for it. `form-action` needs the continue page, because Chromium applies it to redirects too.
const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "frame-ancestors 'none'",
].join('; ')

const featuresOff = [
  'accelerometer',
  'autoplay',
  'browsing-topics',
  'camera',
  'clipboard-read',
  'clipboard-write',
  'display-capture',
  'encrypted-media',
  'fullscreen',
  'geolocation',
  'gyroscope',
  'hid',
  'idle-detection',
  'local-fonts',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'picture-in-picture',
  'publickey-credentials-get',
  'screen-wake-lock',
  'serial',
  'storage-access',
  'usb',
  'xr-spatial-tracking',
]

/** For pages that are part of no sign-in: scripts and requests of their own origin, in files; nothing that makes code out of text. */
const scriptedPolicy = `${contentSecurityPolicy}; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'`

const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
  'Permissions-Policy': featuresOff.map((feature) => `${feature}=()`).join(', '),
}

/** What differs on a page with scripts of its own. */
const scriptedHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': scriptedPolicy,
  'Permissions-Policy': featuresOff
    .map((feature) => `${feature}=${feature === 'clipboard-write' ? '(self)' : '()'}`)
    .join(', '),
}

const scripted = 'hasOwnScripts'

/**
 * Lets the page that is being answered load scripts of our own origin. Called by its surface once the page is rendered, so that an
 * error page in its place has none; pages of sign-in and consent never call it.
 */
export function allowOwnScripts(ctx: Pick<Context, 'state'>): void {
  ctx.state[scripted] = true
}

// RFC 6797 §7.2: never over http. Nor for this machine's own name: the pin covers every port, so it would break all the other
// http services on a developer's localhost for a year.
const isPinnable = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' && !/^(?:127\.\d+\.\d+\.\d+|\[::1\]|(?:.+\.)?localhost)$/.test(hostname)

const headersOf = (error: Error): object =>
  'headers' in error && typeof error.headers === 'object' && error.headers !== null ? error.headers : {}

/** @param origin the canonical origin; over https the browser is also bound to https (except on localhost) */
export const pageHeadersOf = (origin: URL): Readonly<Record<string, string>> =>
  isPinnable(origin)
    ? { ...pageHeaders, 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' }
    : pageHeaders

/**
 * Sets the page headers on every HTML answer, errors and redirects included, over whatever stands there. It belongs outside
 * the error boundary; on a throw that gets past it, the headers go along with the error, as Koa drops those already set.
 */
export function securityHeaders(origin: URL): Middleware {
  const headers = pageHeadersOf(origin)
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      if (error instanceof Error) Object.assign(error, { headers: { ...headersOf(error), ...headers } })
      throw error
    }
    if (ctx.response.type !== 'text/html') return
    ctx.set(ctx.state[scripted] === true && ctx.status < 400 ? { ...headers, ...scriptedHeaders } : headers)
  }
}
