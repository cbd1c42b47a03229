import type { Answer, Call } from '../call.ts'
import { type JsonObject, objectOf } from '../json.ts'
import { askedPage, declaredPageLinks } from '../paging.ts'
import { invalid, isV7Refusal, type V7Refusal } from '../refusals.ts'
import { rangeEcho, timeRangeOf } from '../time-range.ts'
import { violationsOf } from '../validate.ts'
import { agentFacets, declaredFilters } from './endpoint-agent-facets.ts'
import { type Grid, searchedPage } from './endpoint-grid.ts'
import { exactly, type Facets, filterOf } from './endpoint-search.ts'
import { monitoredAgents, type Session, sessionsOf } from './endpoint-sessions.ts'

const facets: Facets<Session> = {
  destinationIp: exactly(({ target }) => [target.ipAddress]),
  domain: exactly(({ domain }) => [domain]),
  trigger: exactly(({ trigger }) => [trigger]),
  visitedSite: exactly(({ site }) => [site]),
}

/**
 * The document's schema has the filters of visited pages bare, its own examples for them below `searchFilters` as those of the
 * neighbours: both are taken.
 */
function filtersOf(call: Call): JsonObject | V7Refusal {
  const schema = call.model.schema('RealUserEndpointTestResultRequestFilter')
  const filters = { ...declaredFilters(call), ...objectOf(objectOf(call.body)['searchFilters']) }
  const wrong = violationsOf(call.model, schema, filters)
  return wrong.length > 0 ? invalid(wrong) : filters
}

/** Rows of sessions, all of them or some, in the order of their sessions. */
export interface SessionRows<Row> {
  readonly rowsOf: (sessions: Grid<Session>) => Grid<Row> | V7Refusal
  readonly sessionOf: (row: Row) => Session
  readonly show: (row: Row) => JsonObject
}

/** A page of what a search for sessions leaves in. */
export function searchSessions<Row>(
  call: Call,
  { rowsOf, sessionOf, show }: SessionRows<Row>,
): Answer | V7Refusal {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const range = timeRangeOf(call, asked.asOf)
  if (range && isV7Refusal(range)) return range
  const filters = filtersOf(call)
  if (isV7Refusal(filters)) return filters
  const keepsAgent = filterOf(filters, agentFacets(call.state)) ?? (() => true)
  const keeps = filterOf(filters, facets)
  const monitored = monitoredAgents(call).filter(({ agent }) => keepsAgent(agent))
  const rows = rowsOf(sessionsOf(monitored, call, { range, asOf: asked.asOf }))
  if (isV7Refusal(rows)) return rows
  const page = searchedPage(asked, rows, {
    keeps: keeps && ((row) => keeps(sessionOf(row))),
    order: undefined,
  })
  if (isV7Refusal(page)) return page
  return {
    status: 200,
    varies: true,
    body: {
      results: page.rows.map(show),
      ...rangeEcho(range),
      _links: declaredPageLinks(call, asked, page.left),
    },
  }
}
