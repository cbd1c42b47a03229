import { type Agent, type IncomingMessage, request } from 'node:http'

export interface Answered {
  /** 0 when no whole answer came. */
  readonly status: number
  readonly body: string
  readonly hasRetryAfter: boolean
}

export interface Sent {
  readonly authorization?: string
  /** A form to post; without one it is a GET. */
  readonly form?: string
}

const timeoutMs = 15_000
const unanswered: Answered = { status: 0, body: '', hasRetryAfter: false }

function read(answer: IncomingMessage, resolve: (answered: Answered) => void): void {
  let body = ''
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    body += chunk
  })
  const hasRetryAfter = answer.headers['retry-after'] !== undefined
  answer.on('error', () => resolve(unanswered))
  answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body, hasRetryAfter }))
}

/** One request over a kept connection. Never rejects: that there was no answer is an outcome. */
export function send(agent: Agent, url: string, { authorization, form }: Sent): Promise<Answered> {
  return new Promise((resolve) => {
    const headers = {
      ...(authorization === undefined ? {} : { authorization }),
      ...(form === undefined
        ? {}
        : {
            'content-type': 'application/x-www-form-urlencoded',
            'content-length': Buffer.byteLength(form),
          }),
    }
    const method = form === undefined ? 'GET' : 'POST'
    const sent = request(url, { method, agent, headers, timeout: timeoutMs }, (answer) =>
      read(answer, resolve),
    )
    sent.on('timeout', () => sent.destroy()).on('error', () => resolve(unanswered))
    sent.end(form)
  })
}
