import { type Draw, drawOf } from './draw.ts'
import type { HttpNumbers } from './http.ts'
import type { Target } from './target.ts'

/** One fetch of a page: the document, or something that it needs. Times in ms, sizes in bytes. */
export interface PageObject {
  readonly path: string
  readonly mimeType: string
  readonly size: number
  /** 0 for a fetch that never came to an end. */
  readonly status: number
  /** From the start of the page on. */
  readonly startedAt: number
  readonly blocked: number
  readonly dns: number
  readonly connect: number
  readonly ssl: number
  readonly wait: number
  readonly receive: number
  /** The sum of the six. */
  readonly time: number
}

export interface PageNumbers {
  readonly objects: readonly PageObject[]
  /** To the first byte of the document. */
  readonly responseTime: number
  readonly domLoadTime: number
  readonly pageLoadTime: number
  readonly totalSize: number
  readonly numErrors: number
}

/** What one visit was like. */
export interface Visit {
  /** One round of an agent and a target. */
  readonly sample: Draw
  readonly target: Target
  /** Average, ms. */
  readonly latency: number
  /** The fetch of the document, which is the one that HTTP results tell of. */
  readonly document: HttpNumbers
  /** Ms, after which nothing more is fetched. */
  readonly limit: number
}

interface Part {
  readonly path: string
  readonly mimeType: string
  readonly size: number
  /** The page cannot be used before it is there. */
  readonly isBlocking: boolean
}

const sorts = [
  { folder: 'styles', ending: 'css', mimeType: 'text/css', size: [2_000, 60_000], isBlocking: true },
  { folder: 'scripts', ending: 'js', mimeType: 'text/javascript', size: [3_000, 220_000], isBlocking: true },
  { folder: 'images', ending: 'webp', mimeType: 'image/webp', size: [1_000, 180_000], isBlocking: false },
  { folder: 'fonts', ending: 'woff2', mimeType: 'font/woff2', size: [12_000, 48_000], isBlocking: false },
  { folder: 'data', ending: 'json', mimeType: 'application/json', size: [300, 9_000], isBlocking: false },
] as const

/** Targets of one call are the same objects in all of its rounds, so that their parts are drawn once. */
const drawnParts = new WeakMap<Target, readonly Part[]>()

/** What a page needs: the same for everybody who visits it. */
function partsOf(target: Target): readonly Part[] {
  const known = drawnParts.get(target)
  if (known) return known
  const made = drawParts(target)
  drawnParts.set(target, made)
  return made
}

/** What blocks the page comes first. */
function drawParts({ server, path }: Target): readonly Part[] {
  const draw = drawOf(`page ${server} ${path}`)
  const parts = Array.from({ length: draw.whole('objects', [9, 42]) }, (_, index): Part => {
    const sort = sorts[draw.whole(`sort ${index}`, [0, sorts.length - 1])] ?? sorts[0]
    const name = draw.hex(`name ${index}`, 8)
    return {
      path: `/${sort.folder}/${name}.${sort.ending}`,
      mimeType: sort.mimeType,
      size: draw.whole(`size ${index}`, sort.size),
      isBlocking: sort.isBlocking,
    }
  })
  return [...parts.filter(({ isBlocking }) => isBlocking), ...parts.filter(({ isBlocking }) => !isBlocking)]
}

const connections = 6

/** Now and then something that a page needs is not there. */
const missingShare = 0.004

interface Turn {
  readonly visit: Visit
  /** Which part it is, from 0 on. */
  readonly index: number
  /** When its connection is free. */
  readonly from: number
}

/** What the limit cuts off never got an answer. */
const cutOff = (
  { path, mimeType }: Pick<Part, 'path' | 'mimeType'>,
  from: number,
  limit: number,
): PageObject => ({
  path,
  mimeType,
  size: 0,
  status: 0,
  startedAt: from,
  blocked: 0,
  dns: 0,
  connect: 0,
  ssl: 0,
  wait: limit - from,
  receive: 0,
  time: limit - from,
})

function documentOf({ target: { path }, document: http, limit }: Visit): PageObject {
  const mimeType = 'text/html'
  if (http.totalTime > limit) return cutOff({ path, mimeType }, 0, limit)
  return {
    path,
    mimeType,
    size: http.wireSize,
    status: http.responseCode,
    startedAt: 0,
    blocked: 0,
    dns: http.dnsTime,
    connect: http.connectTime,
    ssl: http.sslTime,
    wait: http.waitTime,
    receive: http.receiveTime,
    time: http.totalTime,
  }
}

/** A fetch on a connection that is free by then; the first on each but that of the document opens it. */
function fetchOf(part: Part, { visit, index, from }: Turn): PageObject {
  const { sample, latency, document, limit } = visit
  const opens = index > 0 && index < connections
  const connect = opens ? document.connectTime : 0
  const ssl = opens ? document.sslTime : 0
  const isMissing = sample.fraction(`missing ${index}`) < missingShare
  const size = isMissing ? 0 : part.size
  const blocked = sample.whole(`blocked ${index}`, [0, 3])
  const wait = Math.max(1, Math.round(latency)) + sample.whole(`wait ${index}`, [1, 40])
  const receive = Math.max(1, Math.round((size / 250_000) * (latency + 20)))
  const time = blocked + connect + ssl + wait + receive
  if (from + time > limit) return cutOff(part, from, limit)
  const { path, mimeType } = part
  const status = isMissing ? 404 : 200
  return { path, mimeType, size, status, startedAt: from, blocked, dns: 0, connect, ssl, wait, receive, time }
}

/** Parts are fetched in their order, each on the connection that is free first; none begins after the limit. */
function fetchesOf(visit: Visit, parts: readonly Part[]): readonly PageObject[] {
  const parsed = visit.document.totalTime + visit.sample.whole('parse', [4, 30])
  const free = Array.from({ length: connections }, () => parsed)
  return parts.flatMap((part, index) => {
    const from = Math.min(...free)
    if (from >= visit.limit) return []
    const fetched = fetchOf(part, { visit, index, from })
    free[free.indexOf(from)] = from + fetched.time
    return [fetched]
  })
}

const endOf = ({ startedAt, time }: PageObject): number => startedAt + time

/** A page whose document is an error is that document alone. Its first fetch agrees with the HTTP results of the round. */
export function pageNumbers(visit: Visit): PageNumbers {
  const { document, target } = visit
  const parts = document.responseCode < 400 ? partsOf(target) : []
  const fetches = fetchesOf(visit, parts)
  const blocking = parts.filter(({ isBlocking }) => isBlocking).length
  const objects = [documentOf(visit), ...fetches]
  return {
    objects,
    responseTime: document.responseTime,
    domLoadTime: Math.max(...objects.slice(0, 1 + blocking).map(endOf)),
    pageLoadTime: Math.max(...objects.map(endOf)),
    totalSize: objects.reduce((sum, { size }) => sum + size, 0),
    numErrors: objects.filter(({ status }) => status === 0 || status >= 400).length,
  }
}
