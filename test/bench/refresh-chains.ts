import { Agent, request } from 'node:http'

/** Parallel clients, each refreshing its own connection with the newest refresh token, over keep-alive connections. */
export interface RefreshChains {
  /** Refreshes for so long. @returns how many were answered, all of them with new tokens */
  run(milliseconds: number): Promise<number>
  close(): void
}

function post(agent: Agent, url: URL, form: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(form),
    }
    const sent = request(url, { method: 'POST', agent, headers, timeout: 10_000 }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    sent.on('error', reject)
    sent.end(form)
  })
}

interface RefreshTarget {
  readonly tokenEndpoint: string
  readonly clientId: string
}

interface Tokens {
  /** The refresh token of the next request. */
  next(): string
  /** Told the one that came for it. */
  issued(refreshToken: string): void
}

/** Sends one refresh after the other. */
async function refreshUntil(
  endsAt: number,
  { agent, target, tokens }: { agent: Agent; target: RefreshTarget; tokens: Tokens },
): Promise<number> {
  const url = new URL(target.tokenEndpoint)
  let count = 0
  for (; performance.now() < endsAt; count += 1) {
    const form = `grant_type=refresh_token&client_id=${target.clientId}&refresh_token=${tokens.next()}`
    const { status, body } = await post(agent, url, form)
    if (status !== 200) throw new Error(`a refresh was answered ${status}: ${body}`)
    tokens.issued(String((JSON.parse(body) as Record<string, unknown>)['refresh_token']))
  }
  return count
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

export function refreshChains(
  target: RefreshTarget & { readonly refreshTokens: readonly string[] },
): RefreshChains {
  const agent = new Agent({ keepAlive: true, maxSockets: target.refreshTokens.length })
  const newest = [...target.refreshTokens]

  const chain = (index: number, endsAt: number): Promise<number> =>
    refreshUntil(endsAt, {
      agent,
      target,
      tokens: {
        next: () => newest[index] ?? '',
        issued(refreshToken) {
          newest[index] = refreshToken
        },
      },
    })

  return {
    async run(milliseconds) {
      const endsAt = performance.now() + milliseconds
      return sum(await Promise.all(newest.map((_, index) => chain(index, endsAt))))
    },
    close: () => agent.destroy(),
  }
}

/** Parallel clients that refresh another connection with each request. @param target.next a refresh token nobody has used */
export function scatteredRefreshes(
  target: RefreshTarget & { readonly parallel: number; readonly next: () => string },
): RefreshChains {
  const agent = new Agent({ keepAlive: true, maxSockets: target.parallel })
  return {
    async run(milliseconds) {
      const endsAt = performance.now() + milliseconds
      const tokens = { next: target.next, issued: () => undefined }
      const one = (): Promise<number> => refreshUntil(endsAt, { agent, target, tokens })
      return sum(await Promise.all(Array.from({ length: target.parallel }, one)))
    },
    close: () => agent.destroy(),
  }
}
