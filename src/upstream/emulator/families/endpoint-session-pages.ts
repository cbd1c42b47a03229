import type { Answerers } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import type { JsonObject } from '../json.ts'
import { notFound } from '../refusals.ts'
import { spread } from './endpoint-grid.ts'
import { harOf } from './endpoint-har.ts'
import { loadOf, systemMetrics } from './endpoint-machine-profile.ts'
import { type SessionRows, searchSessions } from './endpoint-session-search.ts'
import { type Session, sessionNamed } from './endpoint-sessions.ts'
import { pagesOf, type SessionPage } from './endpoint-visited-pages.ts'

const showPage = ({
  pageId,
  title,
  url,
  loadedAt,
  responseCode,
  onContentLoad,
  onLoad,
}: SessionPage): JsonObject => ({
  pageId,
  pageTitle: title,
  pageUrl: url,
  loadDate: isoDate(loadedAt * 1000),
  responseCode,
  pageTimings: { onContentLoad, onLoad },
})

export const pagesShown = (session: Session): readonly JsonObject[] => pagesOf(session).map(showPage)

interface PageRow {
  readonly session: Session
  /** Of the page in its session. */
  readonly index: number
}

function showRow({ session, index }: PageRow): JsonObject {
  const { agent, id, round } = session
  const page = pagesOf(session)[index] as SessionPage
  return {
    ...showPage(page),
    agentId: agent.id,
    id,
    roundId: round,
    responseTime: page.responseTime,
    systemMetrics: systemMetrics(loadOf(agent, page.draw), page.loadedAt),
  }
}

const asPages: SessionRows<PageRow> = {
  rowsOf: (sessions) =>
    spread(sessions, (session) =>
      Array.from({ length: session.numberOfPages }, (_, index): PageRow => ({ session, index })),
    ),
  sessionOf: ({ session }) => session,
  show: showRow,
}

/** The pages of sessions, searched for, and one of them with all that it loaded. */
export const endpointSessionPages = (): Answerers => ({
  filterRealUserTestsVisitedPagesResults: (call) => searchSessions(call, asPages),
  getRealUserTestPageResults(call) {
    const { id = '', pageId = '' } = call.parameters
    const session = sessionNamed(id, call)
    if (!session) return notFound
    const page = pagesOf(session).find((one) => one.pageId === pageId)
    if (!page) return notFound
    const self = { href: call.href(`/endpoint/test-results/real-user-tests/${id}/pages/${pageId}`) }
    return { status: 200, varies: true, body: { har: harOf(session, page), _links: { self } } }
  },
})
