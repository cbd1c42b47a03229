import type { Exchange, ExchangeQuery, Surface } from '#traffic/traffic.ts'

export const surfaces: readonly Surface[] = ['oauth', 'v7', 'pages']

/** What the page shows of all exchanges; empty where nothing is said. */
export interface Filter {
  readonly surface: Surface | ''
  readonly status: number | undefined
  readonly name: string
}

/** Reads the filter of the address; what is not understood filters nothing. */
export function parseFilter(query: URLSearchParams): Filter {
  const status = query.get('status') ?? ''
  return {
    surface: surfaces.find((surface) => surface === query.get('surface')) ?? '',
    status: /^[1-5]\d\d$/.test(status) ? Number(status) : undefined,
    name: (query.get('name') ?? '').trim().slice(0, 100),
  }
}

export const queryOf = ({ surface, status, name }: Filter): ExchangeQuery => ({
  ...(surface === '' ? {} : { surface }),
  ...(status === undefined ? {} : { status }),
  ...(name === '' ? {} : { name }),
})

/**
 * What the playground, this inspector and the look of pages ask for: no part of what is emulated. The redirect target of a seeded
 * integration is.
 */
export const isOwn = ({ path }: Pick<Exchange, 'path'>): boolean =>
  (/^\/(?:playground|inspector|script|assets)(?:\/|$)/.test(path) && !path.endsWith('/callback')) ||
  ['/', '/style.css', '/mark.svg', '/favicon.ico'].includes(path)
