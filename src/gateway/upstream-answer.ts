import { Readable } from 'node:stream'
import { isJson, type UpstreamAnswer } from '#upstream/upstream.ts'
import type { Answer, Call } from './call.ts'
import { type LinkRewriter, ownLocation } from './links.ts'
import { problemAnswer } from './refusal-answer.ts'
import { unavailableAnswer } from './unavailable.ts'

/** What our caller learns of the answer beside `Location` (security-cases G17): no cookies, challenges, CORS or names of servers. */
const passedHeaders: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'retry-after',
])

/** The origins that links come with and go out with. */
export interface LinkOrigins {
  readonly upstreamOrigin: string
  readonly origin: string
  /** Undefined while both are the same. */
  readonly rewriter: LinkRewriter | undefined
}

export const badGateway = (call: Call, code: string, detail: string): Answer =>
  problemAnswer(call, { status: 502, title: 'Bad Gateway', detail, code })

/** Lets go of a body that nobody will read. */
export function discard(body: Answer['body']): void {
  if (!(body instanceof Readable)) return
  body.on('error', () => undefined)
  body.destroy()
}

const credentialRejected = { trouble: 'credential-rejected', retryAfterSeconds: undefined } as const
const unusable = { trouble: 'unusable', retryAfterSeconds: undefined } as const

/**
 * Answers that are not for the caller. A 401 speaks of the broker's credential: passed on, it would make clients refresh and
 * repeat for ever (security-cases G26). Redirects are neither followed nor passed on (G20).
 */
function refusalOf(call: Call, status: number): Answer | undefined {
  if (status === 401) return unavailableAnswer(call, credentialRejected)
  return (status >= 200 && status < 300) || (status >= 400 && status < 600)
    ? undefined
    : unavailableAnswer(call, unusable)
}

const organizationWindow = 'x-organization-rate-limit-'

/** A 429 about the organization's window tells of that window, not of the one that the client has here. */
function replaceRateHeaders({ rateHeaders }: Call, { status, headers }: UpstreamAnswer): void {
  if (status !== 429 || headers[`${organizationWindow}reset`] === undefined) return
  for (let index = 0; index < rateHeaders.length; index += 2) {
    const told = headers[rateHeaders[index]?.toLowerCase() ?? '']
    if (told !== undefined) rateHeaders[index + 1] = told
  }
}

function headersOf({ headers }: UpstreamAnswer, { upstreamOrigin, origin }: LinkOrigins): string[] {
  const passed: string[] = []
  for (const name in headers) {
    const value = headers[name] ?? ''
    if (passedHeaders.has(name)) passed.push(name, value)
    if (name !== 'location') continue
    const location = ownLocation(value, upstreamOrigin, origin)
    if (location !== undefined) passed.push(name, location)
  }
  return passed
}

function bodyOf(answer: UpstreamAnswer, { rewriter }: LinkOrigins): Answer['body'] {
  const { headers, body } = answer
  if (!rewriter || !isJson(answer) || headers['content-encoding']) return body
  if (typeof body === 'string') return rewriter.text(body)
  if (Buffer.isBuffer(body)) return rewriter.bytes(body)
  if (!body) return undefined
  const rewritten = rewriter.stream()
  // pipe alone carries neither failure nor the end of interest across (libraries: trap 1).
  body.on('error', (error) => rewritten.destroy(error))
  rewritten.on('close', () => body.destroy())
  return body.pipe(rewritten)
}

/** @returns what our caller gets to see of the upstream's answer */
export function callersAnswer(call: Call, answer: UpstreamAnswer, links: LinkOrigins): Answer {
  const refusal = refusalOf(call, answer.status)
  if (refusal) {
    discard(answer.body)
    return refusal
  }
  replaceRateHeaders(call, answer)
  return { status: answer.status, headers: headersOf(answer, links), body: bodyOf(answer, links) }
}
