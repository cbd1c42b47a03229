/** A person at a browser without scripts: keeps cookies by path, reads forms, presses buttons, follows our redirects and refreshes. */

interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
  readonly host: string
}

export interface Page {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly html: string
  /** The text a person reads, tags and repeated spaces removed. */
  readonly text: string
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}
const decode = (text: string): string =>
  text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity)

const attribute = (tag: string, name: string): string | undefined => {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
  return value === undefined ? undefined : decode(value)
}

interface Form {
  readonly action: string
  readonly isGet: boolean
  readonly fields: Record<string, string>
  readonly buttons: readonly {
    readonly label: string
    readonly name: string | undefined
    readonly value: string
  }[]
}

const isUnchecked = (tag: string): boolean =>
  attribute(tag, 'type') === 'checkbox' && !/\schecked\b/.test(tag)

function fieldsIn(body: string): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [tag] of body.matchAll(/<input\b[^>]*>/g)) {
    const name = attribute(tag, 'name')
    if (name !== undefined && !isUnchecked(tag)) fields[name] = attribute(tag, 'value') ?? ''
  }
  for (const [, open = '', options = ''] of body.matchAll(/<select\b([^>]*)>([\s\S]*?)<\/select>/g)) {
    const chosen =
      /<option\b[^>]*\sselected[^>]*>/.exec(options)?.[0] ?? /<option\b[^>]*>/.exec(options)?.[0] ?? ''
    fields[attribute(open, 'name') ?? ''] = attribute(chosen, 'value') ?? ''
  }
  return fields
}

function formsOf(page: Page): readonly Form[] {
  return [...page.html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head = '', body = '']) => {
    const buttons = [...body.matchAll(/<button\b([^>]*)>([\s\S]*?)<\/button>/g)].map(
      ([, open = '', label = '']) => ({
        label: decode(label.replace(/<[^>]*>/g, '')).trim(),
        name: attribute(open, 'name'),
        value: attribute(open, 'value') ?? '',
      }),
    )
    return {
      action: attribute(head, 'action') ?? '',
      isGet: attribute(head, 'method') === 'get',
      fields: fieldsIn(body),
      buttons,
    }
  })
}

/** What the form with the button would send if another button or none were pressed. @throws when no form has the button */
export function fieldsBeside(page: Page, label: string): Readonly<Record<string, string>> {
  const form = formsOf(page).find(({ buttons }) => buttons.some((button) => button.label === label))
  if (!form) throw new Error(`no button ${label} on: ${page.status} ${page.text.slice(0, 300)}`)
  return form.fields
}

export class Person {
  readonly #cookies: Cookie[] = []
  readonly #headers: Readonly<Record<string, string>>
  page: Page | undefined

  /** @param headers of every request, as from a proxy that says where the person is */
  constructor(headers: Readonly<Record<string, string>> = {}) {
    this.#headers = headers
  }

  /** The cookies this browser would send to a URL. */
  cookiesFor(url: URL): string {
    return this.#cookies
      .filter(
        ({ host, path }) =>
          host === url.host &&
          (url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`)),
      )
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
  }

  #keep(url: URL, headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = '', ...rest] = line.split(';').map((part) => part.trim())
      const name = pair.slice(0, pair.indexOf('='))
      const value = pair.slice(pair.indexOf('=') + 1)
      const path = rest.find((part) => /^path=/i.test(part))?.slice(5) ?? '/'
      const expires = rest.find((part) => /^expires=/i.test(part))?.slice(8)
      const index = this.#cookies.findIndex(
        (cookie) => cookie.name === name && cookie.path === path && cookie.host === url.host,
      )
      if (index >= 0) this.#cookies.splice(index, 1)
      const isGone = value === '' || (expires !== undefined && Date.parse(expires) < Date.now())
      if (!isGone) this.#cookies.push({ name, value, path, host: url.host })
    }
  }

  /** One request, no redirects followed. */
  async request(url: string, init: RequestInit = {}): Promise<Page> {
    const target = new URL(url)
    const cookie = this.cookiesFor(target)
    const response = await fetch(target, {
      ...init,
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        ...this.#headers,
        ...(cookie === '' ? {} : { cookie }),
        ...(init.headers as Record<string, string>),
      },
      signal: AbortSignal.timeout(10_000),
    })
    this.#keep(target, response.headers)
    const html = await response.text()
    const text = decode(html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')).trim()
    this.page = { url: target.href, status: response.status, headers: response.headers, html, text }
    return this.page
  }

  /** Opens a URL and goes on through redirects and meta refreshes, as long as they stay on the same origin. */
  async open(url: string, init: RequestInit = {}): Promise<Page> {
    let page = await this.request(url, init)
    for (let hops = 0; hops < 10; hops += 1) {
      const refresh = /<meta http-equiv="refresh" content="\d+;\s*url=([^"]*)"/i.exec(page.html)?.[1]
      const next = page.headers.get('location') ?? (refresh === undefined ? undefined : decode(refresh))
      if (next === undefined || next === null) return page
      const target = new URL(next, page.url)
      if (target.origin !== new URL(page.url).origin || target.pathname.startsWith('/playground/'))
        return page
      page = await this.request(target.href)
    }
    throw new Error('too many redirects')
  }

  /** Where the page sends the browser next: the integration's redirect URI, at the end of an authorization. */
  get leavesTo(): URL {
    const page = this.page
    const refresh = /<meta http-equiv="refresh" content="\d+;\s*url=([^"]*)"/i.exec(page?.html ?? '')?.[1]
    const next = page?.headers.get('location') ?? (refresh === undefined ? undefined : decode(refresh))
    if (!next) throw new Error(`the page goes nowhere: ${page?.status} ${page?.text.slice(0, 300)}`)
    return new URL(next, page?.url)
  }

  /**
   * Fills in the form that has the button and presses it.
   * @param values by field name, undefined for a box that is unchecked @param among hidden fields that tell the form from others with the same button
   */
  async press(
    label: string,
    values: Readonly<Record<string, string | undefined>> = {},
    among: Readonly<Record<string, string>> = {},
  ): Promise<Page> {
    const page = this.page
    if (!page) throw new Error('no page is open')
    for (const form of formsOf(page)) {
      const button = form.buttons.find((candidate) => candidate.label === label)
      if (!button || Object.entries(among).some(([name, value]) => form.fields[name] !== value)) continue
      const fields = {
        ...form.fields,
        ...values,
        ...(button.name === undefined ? {} : { [button.name]: button.value }),
      }
      const sent = Object.entries(fields).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      )
      const action = new URL(form.action, page.url)
      if (form.isGet) {
        action.search = String(new URLSearchParams(Object.fromEntries(sent)))
        return this.open(action.href)
      }
      return this.open(action.href, {
        method: 'POST',
        body: new URLSearchParams(Object.fromEntries(sent)),
        headers: { origin: new URL(page.url).origin, 'sec-fetch-site': 'same-origin' },
      })
    }
    throw new Error(`no button ${label} on: ${page.status} ${page.text.slice(0, 300)}`)
  }

  /** Signs in on the two pages of sign-in. @param region default, us1, us2 or eu1 */
  async signIn(email: string, password: string, region = 'default'): Promise<Page> {
    await this.press('Continue', { region, email })
    return this.press('Sign in', { password })
  }
}
