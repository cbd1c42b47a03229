import type { Answerers } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import type { JsonObject } from '../json.ts'
import { notFound } from '../refusals.ts'
import { spread } from './endpoint-grid.ts'
import { harOf } from './endpoint-har.ts'
import { loadOf, systemMetrics } from './endpoint-machine.ts'
import { type SessionRows, searchSessions } from './endpoint-session-search.ts'
import { type Session, type SessionPage, sessionNamed } from './endpoint-sessions.ts'

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

export const pagesShown = ({ pages }: Session): readonly JsonObject[] => pages.map(showPage)

interface PageRow {
  readonly session: Session
  readonly page: SessionPage
}

const asPages: SessionRows<PageRow> = {
  rowsOf: (sessions) =>
    spread(sessions, (session) => session.pages.map((page): PageRow => ({ session, page }))),
  sessionOf: ({ session }) => session,
  show: ({ session: { agent, id, round }, page }) => ({
    ...showPage(page),
    agentId: agent.id,
    id,
    roundId: round,
    responseTime: page.responseTime,
    systemMetrics: systemMetrics(loadOf(agent, page.draw), page.loadedAt),
  }),
}

/** The pages of sessions, searched for, and one of them with all that it loaded. */
export const endpointSessionPages = (): Answerers => ({
  filterRealUserTestsVisitedPagesResults: (call) => searchSessions(call, asPages),
  getRealUserTestPageResults(call) {
    const { id = '', pageId = '' } = call.parameters
    const session = sessionNamed(id, call)
    const page = session?.pages.find((one) => one.pageId === pageId)
    if (!session || !page) return notFound
    const self = { href: call.href(`/endpoint/test-results/real-user-tests/${id}/pages/${pageId}`) }
    return { status: 200, varies: true, body: { har: harOf(session, page), _links: { self } } }
  },
})
