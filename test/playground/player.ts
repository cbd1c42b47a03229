/** A browser at the playground by hand: its cookie, its form token, and the forms it sends. */
import type { RunningPanoptes } from '../support/panoptes.ts'

export interface Player {
  readonly cookie: string
  readonly csrf: string
  get(path: string): Promise<Response>
  /** Sends a form as the page does. */
  send(action: string, fields?: Readonly<Record<string, string>>): Promise<Response>
  /** The text of the playground's page. */
  page(): Promise<string>
}

const attributeOf = (html: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? ''

/** Opens the start page for the first time. */
export async function openPlayer({ url }: Pick<RunningPanoptes, 'url'>): Promise<Player> {
  const first = await fetch(url)
  const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const csrf = attributeOf(await first.text(), 'csrf')
  const get = (path: string): Promise<Response> =>
    fetch(new URL(path, url), { headers: { cookie }, redirect: 'manual' })
  return {
    cookie,
    csrf,
    get,
    send: (action, fields = {}) =>
      fetch(new URL(`/playground/${action}`, url), {
        method: 'POST',
        headers: { cookie },
        body: new URLSearchParams({ csrf, ...fields }),
        redirect: 'manual',
      }),
    page: async () => (await get('/playground')).text(),
  }
}
