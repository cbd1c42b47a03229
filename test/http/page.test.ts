import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Koa from 'koa'
import request from 'supertest'
import { describe, expect, onTestFinished, test } from 'vitest'
import { escapeHtml, openViews, serveAssets, type Views } from '#http/page.ts'

const folder = new URL('../../views/', import.meta.url)

/** Views of a folder of its own, with the style, the scripts and the mark that every folder of views has. */
function viewsOf(files: Readonly<Record<string, string>>): Views {
  const own = mkdtempSync(join(tmpdir(), 'panoptes-views-'))
  onTestFinished(() => rmSync(own, { recursive: true }))
  for (const name of ['style', 'script', 'mark.svg'])
    cpSync(new URL(name, folder), join(own, name), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(own, name), text)
  return openViews(pathToFileURL(`${own}/`))
}

describe('views', () => {
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.eta'))
    .map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }))

  test('there are some', () => {
    expect(sources.length).toBeGreaterThan(10)
  })

  const layouts = new Set(
    sources
      .flatMap(({ text }) => text.match(/layout\('@[\w-]+'/g) ?? [])
      .map((use) => `${use.slice(9, -1)}.eta`),
  )

  /** Another view by its own name, whose values are escaped there; words that are written here may be among them. */
  const inclusion = /^<%~ include\('@([a-z-]+)', (?:[\w.]+|\{ (?:[\w.,: ]|'[a-z -]+')+ \})\) %>$/

  test.each(sources)(
    '$name prints raw only another view, or where a layout takes its body',
    ({ name, text }) => {
      const raw = text.match(/<%~.*?%>/g) ?? []
      const included = raw.flatMap((one) => inclusion.exec(one)?.[1] ?? [])
      expect(raw.filter((one) => !inclusion.test(one))).toEqual(layouts.has(name) ? ['<%~ it.body %>'] : [])
      for (const one of included) expect(sources.map((source) => source.name)).toContain(`${one}.eta`)
    },
  )

  test.each(sources)('$name has no inline script, style or event attribute', ({ text }) => {
    const withoutFile = text.replace(
      '<script type="module" src="<%= it.scriptHrefs[it.script] %>"></script>',
      '',
    )
    expect(withoutFile).not.toMatch(/<script|<style|\sstyle=|\son[a-z]+=/i)
  })

  test.each(sources)('$name quotes every attribute that it fills', ({ text }) => {
    expect(text).not.toMatch(/\s[a-z-]+=<%/)
  })
})

describe('rendering', () => {
  test('a value is escaped in text and in attributes', () => {
    const views = viewsOf({ 'greeting.eta': '<p title="<%= it.name %>"><%= it.name %></p>' })
    expect(views.render('greeting', { name: `<b>"'&` })).toBe(
      '<p title="&lt;b&gt;&quot;&#39;&amp;">&lt;b&gt;&quot;&#39;&amp;</p>',
    )
  })

  test('a view that prints what is missing throws', () => {
    const views = viewsOf({ 'greeting.eta': '<p><%= it.nmae %></p>' })
    expect(() => views.render('greeting', { name: 'Ada' })).toThrow('a view prints undefined')
  })

  test('a view that does not exist throws', () => {
    expect(() => viewsOf({}).render('greeting', {})).toThrow()
  })

  test('a view that does not compile fails every page, so that no test of pages can miss it', () => {
    const views = viewsOf({ 'greeting.eta': '<p>Hello</p>', 'broken.eta': '<% if (it.name) { %>' })
    expect(() => views.render('greeting', {})).toThrow('Bad template syntax')
  })

  test('a folder that is not there fails at once, when views are opened', () => {
    expect(() => openViews(new URL('nowhere/', folder))).toThrow('ENOENT')
  })
})

describe('escapeHtml, security-cases E17', () => {
  test.each([
    ['right-to-left override', 'Mer\u202Eika'],
    ['isolate', 'Mer\u2066ika'],
    ['zero-width space', 'Mer\u200Bika'],
    ['zero-width joiner', 'Mer\u200Dika'],
    ['soft hyphen', 'Mer\u00ADika'],
    ['byte order mark', 'Mer\uFEFFika'],
    ['line separator', 'Mer\u2028ika'],
    ['escape', 'Mer\u001Bika'],
    ['null', 'Mer\u0000ika'],
    ['hangul filler', 'Mer\u3164ika'],
    ['tag letter', 'Mer\u{E0041}ika'],
    ['lone surrogate', 'Mer\uD800ika'],
  ])('makes a %s visible', (_name, text) => {
    expect(escapeHtml(text)).toBe('Mer\uFFFDika')
  })

  test.each(['Zürich', 'Ελλάδα', 'مراكش', '東京', 'tab\tline\n', '🦚'])('leaves %j as it is', (text) => {
    expect(escapeHtml(text)).toBe(text)
  })
})

describe('GET of an asset', () => {
  const views = openViews()

  test('the style sheet has every part that stands in the folder', () => {
    const style = views.assets.find(({ path }) => path === '/style.css')?.body.toString()
    const parts = readdirSync(new URL('style/', folder))
    expect(
      parts.filter((name) => !style?.includes(readFileSync(new URL(`style/${name}`, folder), 'utf8'))),
    ).toEqual([])
  })

  const app = new Koa().use(serveAssets(views))

  test.each(views.assets)(
    '$path under its hash may be cached for ever',
    async ({ href, body, contentType }) => {
      const answer = await request(app.callback()).get(href).buffer().expect(200)
      expect(answer.headers).toMatchObject({
        'content-type': contentType,
        'content-length': String(body.length),
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
      })
    },
  )

  test.each(views.assets)('$path under another address is checked each time', async ({ path, hash }) => {
    const first = await request(app.callback()).get(`${path}?v=old`).expect(200)
    expect(first.headers).toMatchObject({ 'cache-control': 'no-cache', etag: `"${hash}"` })
    await request(app.callback()).get(path).set('If-None-Match', `"${hash}"`).expect(304)
  })

  test('any other path or method is left to what follows', async () => {
    await request(app.callback()).get('/style.css/').expect(404)
    await request(app.callback()).post('/style.css').expect(404)
  })
})
