import Koa, { type Middleware } from 'koa'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { allowOwnScripts, securityHeaders } from '#http/security-headers.ts'

const answering = (last: Middleware, origin = 'https://panoptes.example') => {
  const app = new Koa({ env: 'test' })
  app.silent = true
  return request(
    app
      .use(securityHeaders(new URL(origin)))
      .use(last)
      .callback(),
  )
}

const html: Middleware = (ctx) => {
  ctx.type = 'html'
  ctx.body = '<p>page</p>'
}

describe('headers of a page, RFC 9700 §4.16', () => {
  test('the full set stands on an HTML answer', async () => {
    const { headers } = await answering(html).get('/')
    expect(headers).toMatchObject({
      'content-security-policy':
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
    })
    expect(headers['permissions-policy']).toContain('camera=()')
  })

  test('they replace a weaker policy set further in', async () => {
    const { headers } = await answering((ctx, next) => {
      ctx.set('Content-Security-Policy', "default-src * 'unsafe-inline'")
      ctx.set('Cache-Control', 'public')
      return html(ctx, next)
    }).get('/')
    expect(headers['content-security-policy']).not.toContain('unsafe-inline')
    expect(headers['cache-control']).toBe('no-store')
  })

  test.each([400, 404, 500])('they stand on an error page of status %i', async (status) => {
    const { headers } = await answering((ctx, next) => {
      ctx.status = status
      return html(ctx, next)
    }).get('/')
    expect(headers['x-frame-options']).toBe('DENY')
  })

  test('they stand on a redirect that a browser could show', async () => {
    const { headers } = await answering((ctx) => ctx.redirect('/elsewhere'))
      .get('/')
      .set('Accept', 'text/html')
    expect(headers['referrer-policy']).toBe('no-referrer')
  })

  test('they go along with a failure that nobody caught, beside its own headers', async () => {
    const { status, headers } = await answering(() => {
      throw Object.assign(new Error('broken'), { headers: { 'X-Request-Id': 'r1' } })
    }).get('/')
    expect(status).toBe(500)
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'x-request-id': 'r1' })
  })

  test('an answer for programs is left as it is', async () => {
    const { headers } = await answering((ctx) => {
      ctx.set('Cache-Control', 'max-age=60')
      ctx.body = { keys: [] }
    }).get('/')
    expect(headers['cache-control']).toBe('max-age=60')
    expect(headers).not.toHaveProperty('content-security-policy')
  })

  test.each([
    'http://panoptes.example',
    'https://localhost:7070',
    'https://127.0.0.1:7070',
    'https://[::1]:7070',
  ])('a browser is not bound to https by %s, RFC 6797 §7.2', async (origin) => {
    const { headers } = await answering(html, origin).get('/')
    expect(headers).not.toHaveProperty('strict-transport-security')
  })
})

describe('a page with scripts of our own', () => {
  const scripted: Middleware = (ctx) => {
    html(ctx, () => Promise.resolve())
    allowOwnScripts(ctx)
  }

  test('may load them and ask its own origin, and nothing makes code out of text', async () => {
    const policy = (await answering(scripted).get('/')).headers['content-security-policy'] ?? ''
    for (const directive of [
      "script-src 'self'",
      "connect-src 'self'",
      "require-trusted-types-for 'script'",
      "frame-ancestors 'none'",
      "form-action 'self'",
    ])
      expect(policy.split('; ')).toContain(directive)
    expect(policy).not.toContain('unsafe')
  })

  test('may write to the clipboard, where no other page may', async () => {
    expect((await answering(scripted).get('/')).headers['permissions-policy']).toContain(
      'clipboard-write=(self)',
    )
    expect((await answering(html).get('/')).headers['permissions-policy']).toContain('clipboard-write=()')
  })

  test.each<[string, Middleware]>([
    [
      'an error page in its place',
      async (ctx, next) => {
        await scripted(ctx, next)
        ctx.status = 404
      },
    ],
    [
      'a failure after it',
      async (ctx, next) => {
        await scripted(ctx, next)
        ctx.throw(503)
      },
    ],
    ['any other page', html],
  ])('%s has none', async (_, page) => {
    const { headers } = await answering(page).get('/')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['content-security-policy']).not.toContain('script-src')
  })
})
