import type { Answer, Call } from '../call.ts'
import { type JsonObject, textsOf } from '../json.ts'
import { askedPage, declaredPageLinks } from '../paging.ts'
import { isV7Refusal, refused, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { rangeEcho, timeRangeOf } from '../time-range.ts'
import { agentFacets, declaredFilters } from './endpoint-agent-facets.ts'
import { joined, mapped, searchedPage } from './endpoint-grid.ts'
import { type EndpointSample, hasTotal, samplesOf, testOfResults } from './endpoint-samples.ts'
import { exactly, type Facets, filterOf, type Measures, searchOf } from './endpoint-search.ts'
import { isInstant } from './endpoint-tests.ts'
import { groupsAsked } from './groups-asked.ts'

/** What can be asked of the results of one kind, and how they are shown. */
export interface SearchedKind<Row> {
  readonly rowOf: (sample: EndpointSample) => Row
  readonly facets: Facets<Row>
  readonly measures: Measures<Row>
  readonly show: (row: Row, call: Call) => JsonObject
}

/** The tests whose results are searched. @param testSchema how the answer shows the one test of its path */
export interface SearchedTests {
  readonly tests: readonly Entry[]
  readonly testSchema?: string
}

const testFacets: Facets<Entry> = { testId: exactly(({ id }) => [id]) }

/** A page of the results that a search leaves in, with how many there are. */
export function searchResults<Row>(
  call: Call,
  { tests, testSchema }: SearchedTests,
  kind: SearchedKind<Row>,
): Answer | V7Refusal {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const range = timeRangeOf(call, asked.asOf)
  if (range && isV7Refusal(range)) return range
  const filters = declaredFilters(call)
  const search = searchOf(call.body, { filters, facets: kind.facets, measures: kind.measures })
  if (isV7Refusal(search)) return search
  const keepsAgent = filterOf(filters, agentFacets(call.state))
  const searched = tests.filter(filterOf(filters, testFacets) ?? (() => true))
  const samples = searched.map((test) =>
    samplesOf(test, call, { range, asOf: asked.asOf, ...(keepsAgent && { keepsAgent }) }),
  )
  const page = searchedPage(asked, mapped(joined(samples), kind.rowOf), search)
  if (isV7Refusal(page)) return page
  const [test] = tests
  return {
    status: 200,
    varies: true,
    body: {
      results: page.rows.map((row) => kind.show(row, call)),
      ...(testSchema !== undefined && test && { test: testOfResults(test, call, testSchema) }),
      ...rangeEcho(range),
      ...(hasTotal(call) && { totalHits: page.total }),
      _links: declaredPageLinks(call, asked, page.left),
    },
  }
}

/**
 * The scheduled tests of the account groups that are asked for: those that the search names, else all but instant ones. A test
 * of the organization in an account group that the caller is not in is refused: the document demands access to all of them.
 */
export function testsSearched(call: Call): readonly Entry[] | V7Refusal {
  const { state, caller } = call
  const groups = groupsAsked(call)
  const named = new Set(textsOf(declaredFilters(call)['testId']))
  const all = state.all('endpoint-tests').filter(({ orgId }) => orgId === caller.orgId)
  const strangers = all.filter(({ id, aid }) => named.has(id) && !caller.groups.includes(aid ?? ''))
  if (strangers.length > 0)
    return refused('forbidden', 'The user has no access to the account groups of all these tests.')
  return all.filter(
    (test) =>
      groups.includes(test.aid ?? '') &&
      test.fields['isDynamic'] !== true &&
      (named.size > 0 ? named.has(test.id) : !isInstant(test)),
  )
}
