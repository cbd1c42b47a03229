import { type Draw, round as rounded } from '../measurements/draw.ts'
import type { NetworkNumbers } from '../measurements/network.ts'
import { shortId } from '../measurements/short-id.ts'
import { networkOfSession, type Session } from './endpoint-sessions.ts'

/** One page of a session. Times in ms. */
export interface SessionPage {
  readonly pageId: string
  readonly url: string
  readonly title: string
  /** Epoch seconds. */
  readonly loadedAt: number
  readonly responseCode: number
  readonly responseTime: number
  readonly onContentLoad: number
  readonly onLoad: number
  readonly draw: Draw
}

const topics = ['Start', 'Orders', 'Reports', 'Calendar', 'Search', 'Settings']

function pageOf(session: Session, index: number, { avgLatency }: NetworkNumbers): SessionPage {
  const draw = session.draw.of(`page ${index}`)
  const topic = topics[draw.whole('topic', [0, topics.length - 1])] ?? 'Start'
  const fails = draw.fraction('fails') < 0.03
  const responseTime = Math.round(avgLatency * 2) + draw.whole('wait', fails ? [900, 4_000] : [20, 400])
  const onContentLoad = responseTime + draw.whole('content', [150, 1_200])
  return {
    pageId: shortId(draw, 'id'),
    url: `https://${session.site}/${topic.toLowerCase()}`,
    title: `${topic} - ${session.site}`,
    loadedAt: session.startedAt + index * 40,
    responseCode: fails ? 503 : 200,
    responseTime,
    onContentLoad,
    onLoad: onContentLoad + draw.whole('load', [200, 3_000]),
    draw,
  }
}

/** The pages of a session, in the order of the visit. */
export function pagesOf(session: Session): readonly SessionPage[] {
  const network = networkOfSession(session)
  return Array.from({ length: session.numberOfPages }, (_, index) => pageOf(session, index, network))
}

/** How well the pages loaded, from 0 to 1 (the scale is ours). */
export const experienceOf = (pages: readonly SessionPage[]): number => {
  const mean = pages.reduce((sum, { onLoad }) => sum + onLoad, 0) / pages.length
  return rounded(Math.max(0, 1 - mean / 10_000), 2)
}
