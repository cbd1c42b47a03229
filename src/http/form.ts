import type { IncomingMessage } from 'node:http'
import { gathered } from '#domain/gathered.ts'
import { cutUnreadBody } from './unread-body.ts'

/** Larger than any form of ours; the engine's own bound for its endpoints is the same. */
const maxBytes = 56 * 1024

/** A request body that is no form; `status` is what the boundary answers. */
export class MalformedForm extends Error {
  readonly status: 400 | 413 | 415
  constructor(status: 400 | 413 | 415, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * Reads an `application/x-www-form-urlencoded` body. Of a name that stands twice nothing is believed.
 * @returns the values by name @throws MalformedForm on another content type, more than 56 kB, or a duplicated name
 */
export async function readForm(request: IncomingMessage): Promise<ReadonlyMap<string, string>> {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type))
    throw new MalformedForm(415, 'a form is application/x-www-form-urlencoded')
  // To leave off early must not close the connection, or the refusal would be lost.
  const bytes = await gathered(request.iterator({ destroyOnReturn: false }), maxBytes)
  if (!bytes) {
    cutUnreadBody(request)
    throw new MalformedForm(413, 'the form is too large')
  }
  const form = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(bytes.toString('utf8'))) {
    if (form.has(name)) throw new MalformedForm(400, `${name} stands twice in the form`)
    form.set(name, value)
  }
  return form
}
