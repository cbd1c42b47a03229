import { expect } from 'vitest'
import { type CallOptions, type Calls, type Came, origin } from './emulator-calls.ts'

type Asked = CallOptions & { readonly method?: string }

/** Follows a `next` link as a client does: by its address alone, and with the same body when it was asked with one. */
export function follow(calls: Calls, { href }: { href: string }, options: Asked = {}): Promise<Came> {
  const { origin: from, pathname, searchParams } = new URL(href)
  expect(from).toBe(origin)
  expect(href).toContain('cursor=')
  const { aid: _, method = 'GET', ...rest } = options
  const aid = searchParams.get('aid')
  const path = decodeURIComponent(pathname.replace(/^\/v7/, ''))
  return calls.call(method, path, { ...rest, query: searchParams.toString(), ...(aid !== null && { aid }) })
}

/** All pages of a list, the first one included, each with its rows under the key. */
export async function pagesOf(
  calls: Calls,
  first: Came,
  ...[key, options = {}]: readonly [key: string, options?: Asked]
): Promise<readonly (readonly unknown[])[]> {
  const pages = [first.body[key]]
  let { next } = first.body._links
  while (next) {
    const { status, body } = await follow(calls, next, options)
    expect(status).toBe(200)
    pages.push(body[key])
    next = body._links.next
    expect(pages.length).toBeLessThan(100)
  }
  return pages
}
