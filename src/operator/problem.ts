import type { Context } from 'koa'

/** A refusal in one line for a person (RFC 9457). */
export function problem(ctx: Context, status: number, detail: string): void {
  ctx.status = status
  ctx.set('Cache-Control', 'no-store')
  ctx.body = JSON.stringify({ type: 'about:blank', title: detail, status })
  ctx.type = 'application/problem+json'
}
