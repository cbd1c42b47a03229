import { type Draw, drawOf } from './draw.ts'
import type { HttpNumbers } from './http.ts'
import { type PageNumbers, pageNumbers } from './page.ts'
import { type Target, targetOfUrl } from './target.ts'

/** What a script of a web transaction does, as far as its text tells. */
export interface Script {
  /** The addresses of its pages, in their order. */
  readonly urls: readonly string[]
  readonly markers: readonly string[]
}

const found = (script: string, pattern: RegExp): readonly string[] =>
  [...script.matchAll(pattern)].flatMap(({ 2: text }) => text ?? [])

/** The most pages of one transaction that are emulated. */
const mostPages = 20

/**
 * Reads the addresses that a script opens and the markers that it starts: the calls are those of ThousandEyes' published
 * examples. Nothing of it is run.
 * @param url the page of a script that opens none
 */
export function readScript(script: string, url: string): Script {
  const urls = found(script, /\.get\(\s*(['"`])(https?:\/\/[^'"`\s]+)\1/g)
  const markers = found(script, /markers\.start\(\s*(['"`])([^'"`]{1,200})\1/g)
  return { urls: urls.length > 0 ? urls.slice(0, mostPages) : [url], markers: [...new Set(markers)] }
}

/** One page of a transaction. */
export interface TransactionPage {
  readonly target: Target
  /** Ms from the start of the transaction on. */
  readonly startedAt: number
  readonly page: PageNumbers
}

export interface TransactionNumbers {
  readonly pages: readonly TransactionPage[]
  readonly markers: readonly { readonly name: string; readonly duration: number }[]
  /** Ms. */
  readonly time: number
  readonly componentErrors: number
  /** The limit came before the script's end. */
  readonly isTimeout: boolean
}

/** What one run of a script was like. */
export interface Run {
  /** One round of an agent and a target. */
  readonly sample: Draw
  readonly script: Script
  /** Average, ms. */
  readonly latency: number
  /** How the document of a page is fetched. */
  readonly documentOf: (target: Target, sample: Draw) => HttpNumbers
  /** Ms. */
  readonly limit: number
}

const isError = ({ objects: [document] }: PageNumbers): boolean =>
  document === undefined || document.status === 0 || document.status >= 400

/** Pages one after the other, with what the script does in between. It ends at a page that is an error, or at the limit. */
function pagesOf({ sample, script, latency, documentOf, limit }: Run): readonly TransactionPage[] {
  const pages: TransactionPage[] = []
  let startedAt = sample.whole('start', [20, 120])
  for (const [index, url] of script.urls.entries()) {
    if (startedAt >= limit) break
    const target = targetOfUrl(url)
    const own = sample.of(`page ${index}`)
    const document = documentOf(target, own)
    const page = pageNumbers({ sample: own, target, latency, document, limit: limit - startedAt })
    pages.push({ target, startedAt, page })
    if (isError(page)) break
    startedAt += page.pageLoadTime + own.whole('think', [30, 250])
  }
  return pages
}

/** Markers that had the time to end: each takes its part of the whole. */
const markersOf = ({ script }: Run, time: number): TransactionNumbers['markers'] =>
  script.markers.map((name) => ({
    name,
    duration: Math.round(time * drawOf(`marker ${name}`).number('share', [0.2, 0.9], 3)),
  }))

/** Sums and parts agree: errors are those of the pages, and no page or marker takes longer than the whole. */
export function transactionNumbers(run: Run): TransactionNumbers {
  const pages = pagesOf(run)
  const last = pages.at(-1)
  const end = last ? last.startedAt + last.page.pageLoadTime : 0
  const isWhole = pages.length === run.script.urls.length && last !== undefined && !isError(last.page)
  const isTimeout = end >= run.limit
  return {
    pages,
    markers: isWhole && !isTimeout ? markersOf(run, end) : [],
    time: Math.min(end, run.limit),
    componentErrors: pages.reduce((sum, { page }) => sum + page.numErrors, 0),
    isTimeout,
  }
}
