/** The sample pages on a loopback port, with the headers and files that they have in the service. */
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { openViews, serveAssets } from '#http/page.ts'
import { allowOwnScripts, securityHeaders } from '#http/security-headers.ts'
import type { SampleText } from './sample-models.ts'
import { samplePages } from './sample-pages.ts'

export interface PageServer extends AsyncDisposable {
  readonly origin: string
  readonly names: readonly string[]
}

/** Serves each sample page at `/<name>`, on a free port, until it is disposed of. */
export async function servePages(text: SampleText): Promise<PageServer> {
  const views = openViews()
  const pages = samplePages(views, text)
  const app = new Koa()
  app.use(securityHeaders(new URL('http://localhost')))
  app.use(serveAssets(views))
  app.use((ctx) => {
    if (ctx.path === '/inspector/events') {
      // A live view in which nothing happens, and which is not asked for again soon.
      ctx.type = 'text/event-stream'
      ctx.body = 'retry: 600000\n\n'
      return
    }
    const html = pages[ctx.path.slice(1)]
    if (html === undefined) return
    ctx.type = 'html'
    ctx.body = html
    if (/^\/(?:playground|inspector)/.test(ctx.path)) allowOwnScripts(ctx)
  })
  const server = app.listen(0, '127.0.0.1')
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', reject)
  })
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    names: Object.keys(pages),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
