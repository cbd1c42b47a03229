import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface SlowPost {
  /** Sends the rest. @returns the answer */
  finish(): Promise<{ readonly status: number; readonly location: string | undefined; readonly body: string }>
}

/**
 * A form whose head is sent and read and whose body waits, so that a test decides when several of them meet.
 * @param cookie as the browser would send it
 */
export async function slowPost(
  url: string,
  fields: Readonly<Record<string, string>>,
  cookie: string,
): Promise<SlowPost> {
  const body = String(new URLSearchParams(fields))
  const sent = request(url, {
    method: 'POST',
    agent: false,
    headers: {
      cookie,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': body.length,
    },
    timeout: 10_000,
  })
  const answered = once(sent, 'response')
  sent.write(body.slice(0, 1))
  await once(sent, 'socket')
  // The server reads in the order of arrival: it knows the head of this one when it has answered that one.
  await fetch(new URL('/style.css', url)).then((answer) => answer.arrayBuffer())
  await fetch(new URL('/style.css', url)).then((answer) => answer.arrayBuffer())
  return {
    async finish() {
      sent.end(body.slice(1))
      const [answer] = await answered
      return { status: answer.statusCode, location: answer.headers.location, body: await text(answer) }
    },
  }
}
