import type { Json, JsonObject } from '../json.ts'
import type { PageNumbers, PageObject } from '../measurements/page.ts'
import type { Target } from '../measurements/target.ts'
import { reasonOf } from './http-sample.ts'

/** A page that was visited. */
export interface VisitedPage {
  readonly target: Target
  readonly title: string
  readonly page: PageNumbers
  /** Epoch ms. */
  readonly startedAt: number
}

const httpVersion = 'HTTP/2.0'

const headers = (all: Readonly<Record<string, string>>): readonly JsonObject[] =>
  Object.entries(all).map(([name, value]) => ({ name, value }))

function requestOf({ path }: PageObject, { target }: VisitedPage): JsonObject {
  const scheme = target.isTls ? 'https' : 'http'
  return {
    method: 'GET',
    url: `${scheme}://${target.host}${path}`,
    httpVersion,
    headers: headers({ ':authority': target.host, ':method': 'GET', ':path': path, ':scheme': scheme }),
    queryString: [],
    cookies: [],
    headersSize: -1,
    bodySize: 0,
  }
}

const responseOf = ({ status, size, mimeType }: PageObject, date: string): JsonObject => ({
  status,
  statusText: reasonOf(status),
  httpVersion,
  headers: status === 0 ? [] : headers({ 'content-length': `${size}`, 'content-type': mimeType, date }),
  cookies: [],
  content: { size, mimeType },
  redirectURL: '',
  headersSize: -1,
  bodySize: size,
})

/** The time of a TLS handshake is a part of that of connecting (HAR 1.2, `timings`). */
function entryOf(object: PageObject, visited: VisitedPage): JsonObject {
  const { blocked, dns, connect, ssl, wait, receive, time, startedAt } = object
  const at = new Date(visited.startedAt + startedAt)
  return {
    pageref: 'page_0',
    startedDateTime: at.toISOString(),
    time,
    request: requestOf(object, visited),
    response: responseOf(object, at.toUTCString()),
    cache: {},
    timings: { blocked, dns, connect: connect + ssl, ssl, send: 0, wait, receive },
    serverIPAddress: visited.target.ipAddress,
  }
}

/** The page as an HTTP archive (HAR 1.2, which the document refers to). */
export function harOf(visited: VisitedPage): JsonObject {
  const { page, title, startedAt } = visited
  const pages: readonly Json[] = [
    {
      id: 'page_0',
      title,
      startedDateTime: new Date(startedAt).toISOString(),
      pageTimings: { onContentLoad: page.domLoadTime, onLoad: page.pageLoadTime },
    },
  ]
  return {
    log: {
      version: '1.2',
      creator: { name: 'Panoptes', version: '1' },
      pages,
      entries: page.objects.map((object) => entryOf(object, visited)),
    },
  }
}
