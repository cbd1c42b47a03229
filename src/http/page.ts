/**
 * Pages: turns a view of `views/` and its model into HTML, and serves the style sheet, the mark and the few scripts that pages link to.
 * The only home of the template engine. Knows no page: each page's model and render function live with its surface.
 */
import { createHash } from 'node:crypto'
import { accessSync, readdirSync, readFileSync } from 'node:fs'
import { Eta } from 'eta/core'
import type { Middleware } from 'koa'

/** A file that pages load from our own origin. */
export interface PageAsset {
  readonly path: string
  readonly contentType: string
  readonly body: Buffer
  /** Of the content, so that a changed file has a new address and an old one may be cached for ever. */
  readonly hash: string
  /** The path with the hash, as pages link to it. */
  readonly href: string
}

export interface Views {
  /**
   * @param view name of a file in `views/`, without its ending
   * @returns the whole HTML document
   * @throws when there is no such view, or when it prints what is neither text nor a number: both are defects
   */
  render(view: string, model: object): string
  readonly assets: readonly PageAsset[]
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

// Control, bidirectional, zero-width and other invisible characters: with them one name can pass for another (security-cases E17).
const invisible = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\t\n\r]]/gv

/**
 * Makes a value safe as HTML text and in a quoted attribute. Invisible characters become visible as U+FFFD.
 * @throws when the value is neither text nor a number, so that no page ever says "undefined"
 */
export function escapeHtml(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new TypeError(`a view prints ${typeof value}`)
  return String(value)
    .replace(invisible, '\uFFFD')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

// Later rules win over earlier ones, so the order is a list.
const styleParts = [
  'words',
  'elements',
  'frame',
  'text',
  'forms',
  'messages',
  'connections',
  'playground',
  'cards',
  'account',
  'inspector',
  'small-screens',
]

/** Each is one file of `views/script`, loaded by the view of its name. */
const scripts = ['playground', 'inspector']

function assetOf(name: string, contentType: string, body: Buffer): PageAsset {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 16)
  return { path: `/${name}`, contentType, body, hash, href: `/${name}?v=${hash}` }
}

const assetPaths: ReadonlySet<string> = new Set([
  '/style.css',
  '/mark.svg',
  ...scripts.map((name) => `/script/${name}.js`),
])

function readViews(folder: URL): Views {
  const eta = new Eta({ autoEscape: true, escapeFunction: escapeHtml, cache: true })
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.eta')))
    eta.loadTemplate(`@${file.slice(0, -'.eta'.length)}`, readFileSync(new URL(file, folder), 'utf8'))
  const styles = styleParts.map((name) => readFileSync(new URL(`style/${name}.css`, folder)))
  const style = assetOf('style.css', 'text/css; charset=utf-8', Buffer.concat(styles))
  const mark = assetOf('mark.svg', 'image/svg+xml', readFileSync(new URL('mark.svg', folder)))
  const scriptAssets = scripts.map((name) =>
    assetOf(
      `script/${name}.js`,
      'text/javascript; charset=utf-8',
      readFileSync(new URL(`script/${name}.js`, folder)),
    ),
  )
  const scriptHrefs = Object.fromEntries(scripts.map((name, index) => [name, scriptAssets[index]?.href]))
  const links = { styleHref: style.href, markHref: mark.href, scriptHrefs }
  return {
    render: (view, model) => eta.render(`@${view}`, { ...model, ...links }),
    assets: [style, mark, ...scriptAssets],
  }
}

/**
 * Reads and compiles every view once, with the first page or asset that is asked for: no start waits for it.
 * @param folder where the views, the parts of the style sheet and the mark are @throws when there is no such folder
 */
export function openViews(folder: URL = new URL('../../views/', import.meta.url)): Views {
  accessSync(folder)
  let read: Views | undefined
  const views = (): Views => {
    read ??= readViews(folder)
    return read
  }
  return {
    render: (view, model) => views().render(view, model),
    get assets() {
      return views().assets
    },
  }
}

/** Answers GET and HEAD on the paths of the assets. Under the address with the hash they may be cached for ever. */
export function serveAssets(views: Views): Middleware {
  return async (ctx, next) => {
    const isAsked = assetPaths.has(ctx.path) && (ctx.method === 'GET' || ctx.method === 'HEAD')
    const asset = isAsked ? views.assets.find(({ path }) => path === ctx.path) : undefined
    if (!asset) return next()
    ctx.status = 200
    ctx.type = asset.contentType
    ctx.etag = asset.hash
    ctx.set('X-Content-Type-Options', 'nosniff')
    ctx.set('Cross-Origin-Resource-Policy', 'same-origin')
    ctx.set(
      'Cache-Control',
      ctx.query['v'] === asset.hash ? 'public, max-age=31536000, immutable' : 'no-cache',
    )
    if (ctx.fresh) ctx.status = 304
    else ctx.body = asset.body
  }
}
