/**
 * Playground: the emulator's landing page, and the places where the seeded integrations' redirects arrive.
 * Plays no part in the protocol: it shows what came, so that a person can go on by hand.
 */
import Router from '@koa/router'
import type { Middleware } from 'koa'
import type { Integration } from '#domain/integration.ts'
import type { Views } from '#http/page.ts'
import { callbackPage, type LandingPage, landingPage } from './pages.ts'

export interface PlaygroundParts {
  readonly views: Views
  readonly origin: URL
  readonly landing: LandingPage
  /** The integrations whose redirect URI lies here. */
  readonly integrations: readonly Integration[]
}

export function playgroundRoutes({ views, origin, landing, integrations }: PlaygroundParts): Middleware {
  const router = new Router({ sensitive: true, strict: true })

  router.get('/', (ctx) => {
    ctx.type = 'html'
    ctx.body = landingPage(views, landing)
  })

  router.get('/playground/:clientId/callback', (ctx, next) => {
    const redirectUri = new URL(ctx.path, origin).href
    const integration = integrations.find(({ redirectUris }) => redirectUris.includes(redirectUri))
    if (!integration) return next()
    const code = ctx.query['code']
    ctx.type = 'html'
    ctx.body = callbackPage(views, {
      integration: integration.name,
      parameters: [...new URLSearchParams(ctx.querystring)].map(([name, value]) => ({ name, value })),
      exchange:
        typeof code === 'string'
          ? {
              tokenEndpoint: new URL('/v7/oauth2/token', origin).href,
              clientId: integration.clientId,
              clientSecret: integration.clientSecret ?? '',
              redirectUri,
              code,
            }
          : undefined,
    })
    return undefined
  })

  return router.routes() as unknown as Middleware
}
