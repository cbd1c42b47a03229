/** What the gateway, or whoever wraps the upstream, may want to know of an answer's head. The gateway has its own list for callers. */
const known: ReadonlySet<string> = new Set([
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'location',
  'retry-after',
])

/** `X-Organization-Rate-Limit-Remaining` and its like (thousandeyes-facts 6.3). */
const isRateLimit = (name: string): boolean => name.startsWith('x-') && name.includes('-rate-limit-')

export type HeadFields = Readonly<Record<string, string | string[] | undefined>>

/** @returns the known headers that stand there once; two of a kind have no common reading */
export function knownHeaders(fields: HeadFields): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name in fields) {
    const value = fields[name]
    if (typeof value === 'string' && (known.has(name) || isRateLimit(name))) headers[name] = value
  }
  return headers
}
