/** What requests are to a process that has too many of them, and how each is told to come back later, in the form that its sender reads. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { routes } from '#authorization-server/configuration.ts'
import { isForPrograms } from '#authorization-server/edge.ts'
import {
  type Admission,
  type Door,
  openAdmission,
  type RequestKind,
  type Sheddable,
} from '#http/admission.ts'
import { errorPage } from '#http/error-page.ts'
import type { Views } from '#http/page.ts'
import { problemBody, problemType } from '#http/problem.ts'
import { requestIds } from '#http/request-id.ts'
import { pageHeadersOf } from '#http/security-headers.ts'
import { cutUnreadBody } from '#http/unread-body.ts'
import { isGatewayTarget } from './listener.ts'

/** Admission of this process, by the machine's own time. @param most requests at once */
export const openProcessAdmission = (most: number): Admission =>
  openAdmission({
    most,
    now: () => performance.now(),
    soon: setImmediate,
    timer(work, milliseconds) {
      const timeout = setTimeout(work, milliseconds).unref()
      return () => void timeout.refresh()
    },
  })

/** Forms by which people end something, beside the logout of the authorization server. */
const endingForms = /^\/account\/(?:[\w/-]+\/)?(?:disconnect|revoke|end|end-all|sign-out)$/

function isEnding(method: string | undefined, path: string): boolean {
  if (path === routes.end_session || path.startsWith(`${routes.end_session}/`)) return true
  return method === 'POST' && (path === routes.revocation || endingForms.test(path))
}

const pathOf = (target: string): string => target.split(/[?#]/, 1)[0] ?? ''

/** RFC 8628 §3.4, as forms encode it. Whoever writes it otherwise waits among the others. */
const pollForm = /(?:^|&)grant_type=urn[^&]*device_code(?:&|$)/

/** Looks at what has come of a body, and leaves it for its reader. */
function peek(request: IncomingMessage): string {
  if (request.readableFlowing !== null || request.readableLength === 0) return ''
  const bytes: unknown = request.read()
  if (!(bytes instanceof Buffer)) return ''
  request.unshift(bytes)
  return bytes.toString('latin1')
}

/** A short body ends by itself; to look after it would cost more than to refuse it. */
const isLong = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 65_536

export interface DoorParts {
  readonly origin: URL
  readonly views: Views
  readonly randomBytes: (size: number) => Buffer
  /** Whether a path is neither counted nor held up. */
  readonly isExempt: (path: string) => boolean
  /** Told of each that is turned away. */
  readonly shed: (kind: Sheddable) => void
}

const description = 'The server has more to do than it can. Try again in a moment.'
/** Where the id of a request stands in the page; no id is written so. */
const idMark = '(id)'
const forPrograms = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/** The door of one emulator or broker. */
export function doorOf({ origin, views, randomBytes, isExempt, shed }: DoorParts): Door {
  const requestId = requestIds(randomBytes)
  const pageHeaders = pageHeadersOf(origin)
  let refused = 0
  /** Made once, as all that is done for those who are turned away is taken from the others. */
  let page: string | undefined

  function kindOf({ method, url = '' }: IncomingMessage): RequestKind | undefined {
    if (isGatewayTarget(url)) return 'gateway'
    const path = pathOf(url)
    if (isExempt(path)) return undefined
    return isEnding(method, path) ? 'urgent' : 'authorization'
  }

  /** RFC 9457 for v7, RFC 6749 §5.2 for OAuth, and a page for people. */
  function answerFor(
    path: string,
    kind: Sheddable,
    id: string,
  ): [headers: Record<string, string>, body: string] {
    if (kind === 'gateway') {
      const problem = { status: 503, title: 'Service Unavailable', detail: description, code: 'overloaded' }
      const headers = { ...forPrograms, Vary: 'Authorization', 'Content-Type': problemType }
      return [headers, problemBody({ ...problem, instance: path })]
    }
    if (isForPrograms(path)) {
      const headers = { ...forPrograms, 'Content-Type': 'application/json; charset=utf-8' }
      return [headers, JSON.stringify({ error: 'temporarily_unavailable', error_description: description })]
    }
    page ??= errorPage(views, {
      ...{ status: 503, requestId: idMark, code: 'temporarily_unavailable', description },
    })
    return [{ ...pageHeaders, 'Content-Type': 'text/html; charset=utf-8' }, page.replaceAll(idMark, id)]
  }

  return {
    kindOf,
    isPoll: (request) =>
      request.method === 'POST' && pathOf(request.url ?? '') === routes.token && pollForm.test(peek(request)),
    refuse(request, response: ServerResponse, kind) {
      shed(kind)
      refused += 1
      const id = requestId()
      const [headers, body] = answerFor(pathOf(request.url ?? ''), kind, id)
      response.writeHead(503, {
        ...headers,
        'X-Request-Id': id,
        // RFC 9110 §10.2.3. Apart by a second or two, so that those who were turned away together do not come back together.
        'Retry-After': String(1 + (refused % 3)),
        'Content-Length': String(Buffer.byteLength(body)),
      })
      response.end(request.method === 'HEAD' ? undefined : body)
      if (isLong(request)) cutUnreadBody(request)
    },
  }
}
