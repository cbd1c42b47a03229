import { expect } from 'vitest'
import { type CallOptions, type Calls, type Came, origin } from './emulator-calls.ts'

/** Follows a `next` link as a client does: by its address alone. */
export function follow(calls: Calls, { href }: { href: string }, options: CallOptions = {}): Promise<Came> {
  const { origin: from, pathname, searchParams } = new URL(href)
  expect(from).toBe(origin)
  expect(href).toContain('cursor=')
  const { aid: _, ...rest } = options
  const aid = searchParams.get('aid')
  const path = decodeURIComponent(pathname.replace(/^\/v7/, ''))
  return calls.call('GET', path, { ...rest, query: searchParams.toString(), ...(aid !== null && { aid }) })
}

/** All pages of a list, the first one included, each with its rows under the key. */
export async function pagesOf(
  calls: Calls,
  first: Came,
  key: string,
): Promise<readonly (readonly unknown[])[]> {
  const pages = [first.body[key]]
  let { next } = first.body._links
  while (next) {
    const { status, body } = await follow(calls, next)
    expect(status).toBe(200)
    pages.push(body[key])
    next = body._links.next
    expect(pages.length).toBeLessThan(100)
  }
  return pages
}
