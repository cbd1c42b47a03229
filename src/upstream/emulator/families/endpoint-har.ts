/** A page of a session as an HTTP Archive 1.2, with `systemMetrics` beside the log's own keys as in the document's example. */
import { type Json, type JsonObject, textOf } from '../json.ts'
import type { Draw } from '../measurements/draw.ts'
import { loadOf, systemMetrics } from './endpoint-machine-profile.ts'
import { browserOf, type Session } from './endpoint-sessions.ts'
import type { SessionPage } from './endpoint-visited-pages.ts'

const pageRef = 'page_1'

/** HAR dates have milliseconds and a zone. @param at epoch ms */
const harDate = (at: number): string => new Date(at).toISOString()

/** One object that the page loaded. Times in ms since the page began. */
interface Loaded {
  readonly url: string
  readonly mimeType: string
  readonly status: number
  readonly size: number
  readonly begin: number
  readonly wait: number
  readonly receive: number
}

const kinds = [
  ['style', 'css', 'text/css'],
  ['script', 'js', 'text/javascript'],
  ['picture', 'png', 'image/png'],
] as const

function partOf(draw: Draw, { site, page }: { site: string; page: SessionPage }, index: number): Loaded {
  const [name, ending, mimeType] = kinds[index % kinds.length] ?? kinds[0]
  const begin = draw.whole('begin', [page.responseTime, page.onContentLoad])
  const wait = draw.whole('wait', [5, Math.max(6, page.onContentLoad - begin)])
  return {
    url: `https://${site}/assets/${name}-${draw.hex('name', 6)}.${ending}`,
    mimeType,
    status: 200,
    size: draw.whole('size', [900, 240_000]),
    begin,
    wait,
    receive: draw.whole('receive', [1, 60]),
  }
}

/** The page itself, then what it is made of: nothing where the server failed. */
function loadedBy({ site }: Session, page: SessionPage): readonly Loaded[] {
  const document: Loaded = {
    url: page.url,
    mimeType: 'text/html;charset=UTF-8',
    status: page.responseCode,
    size: page.draw.whole('size', [2_000, 60_000]),
    begin: 0,
    wait: page.responseTime,
    receive: page.draw.whole('receive', [2, 40]),
  }
  const parts = page.responseCode === 200 ? page.draw.whole('parts', [3, 8]) : 0
  return [
    document,
    ...Array.from({ length: parts }, (_, index) =>
      partOf(page.draw.of(`part ${index}`), { site, page }, index),
    ),
  ]
}

const statusTexts: Readonly<Record<number, string>> = { 200: 'OK', 503: 'Service Unavailable' }

const header = (name: string, value: string): JsonObject => ({ name, value })

const entryOf =
  ({ site, target }: Session, { loadedAt }: SessionPage) =>
  ({ url, mimeType, status, size, begin, wait, receive }: Loaded): Json => ({
    pageref: pageRef,
    startedDateTime: harDate(loadedAt * 1000 + begin),
    time: wait + receive,
    request: {
      method: 'GET',
      url,
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: [header('Host', site), header('Accept', '*/*')],
      queryString: [],
      headersSize: -1,
      bodySize: 0,
    },
    response: {
      status,
      statusText: statusTexts[status] ?? '',
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: [header('Content-Type', mimeType), header('Content-Length', String(size))],
      content: { size, mimeType },
      redirectURL: '',
      headersSize: -1,
      bodySize: size,
    },
    cache: {},
    timings: { blocked: -1, dns: -1, connect: -1, ssl: -1, send: 0, wait, receive },
    serverIPAddress: target.ipAddress,
  })

export function harOf(session: Session, page: SessionPage): JsonObject {
  const { agent } = session
  return {
    log: {
      version: '1.2',
      creator: { name: 'Endpoint Agent', version: textOf(agent.fields['version']) ?? '' },
      browser: browserOf(session),
      pages: [
        {
          id: pageRef,
          title: page.title,
          startedDateTime: harDate(page.loadedAt * 1000),
          pageTimings: { onContentLoad: page.onContentLoad, onLoad: page.onLoad },
          responseCode: page.responseCode,
        },
      ],
      entries: loadedBy(session, page).map(entryOf(session, page)),
      systemMetrics: systemMetrics(loadOf(agent, page.draw), page.loadedAt),
    },
  }
}
