/** The page at `GET /inspector`: the newest exchanges first, filtered by surface, name and status. */
import type { Views } from '#http/page.ts'
import type { Exchange } from '#traffic/traffic.ts'
import { type Filter, surfaces } from './filter.ts'
import { rowOf, surfaceLabels } from './words.ts'

export interface ListPage {
  /** In ascending order. */
  readonly exchanges: readonly Exchange[]
  readonly filter: Filter
  readonly lastId: number
}

const addressOf = ({ surface, status, name }: Filter, path: string): string => {
  const query = new URLSearchParams({ surface, name, status: status === undefined ? '' : String(status) })
  for (const [key, value] of [...query]) if (value === '') query.delete(key)
  return query.size === 0 ? path : `${path}?${query}`
}

/** Fields Surface, Name and Status; button Show; links Refresh and Sequence of the current flow. */
export function listPage(views: Views, { exchanges, filter, lastId }: ListPage): string {
  const isFiltered = addressOf(filter, '') !== ''
  return views.render('inspector', {
    rows: exchanges.toReversed().map(rowOf),
    filter: { ...filter, status: filter.status === undefined ? '' : String(filter.status) },
    isFiltered,
    surfaces: surfaces.map((value) => ({
      value,
      label: surfaceLabels[value],
      isSelected: value === filter.surface,
    })),
    refreshHref: addressOf(filter, '/inspector'),
    eventsHref: `${addressOf(filter, '/inspector/events')}${isFiltered ? '&' : '?'}after=${lastId}`,
  })
}
