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

export function refreshChains(target: {
  tokenEndpoint: string
  clientId: string
  refreshTokens: readonly string[]
}): RefreshChains {
  const url = new URL(target.tokenEndpoint)
  const agent = new Agent({ keepAlive: true, maxSockets: target.refreshTokens.length })
  const newest = [...target.refreshTokens]

  async function chain(index: number, endsAt: number): Promise<number> {
    let count = 0
    while (performance.now() < endsAt) {
      const form = `grant_type=refresh_token&client_id=${target.clientId}&refresh_token=${newest[index]}`
      const { status, body } = await post(agent, url, form)
      if (status !== 200) throw new Error(`a refresh was answered ${status}: ${body}`)
      newest[index] = String((JSON.parse(body) as Record<string, unknown>)['refresh_token'])
      count += 1
    }
    return count
  }

  return {
    async run(milliseconds) {
      const endsAt = performance.now() + milliseconds
      const counts = await Promise.all(newest.map((_, index) => chain(index, endsAt)))
      return counts.reduce((sum, count) => sum + count, 0)
    },
    close: () => agent.destroy(),
  }
}
