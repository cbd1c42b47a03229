import autocannon from 'autocannon'
import { pairedRounds } from './paired-rounds.ts'
import type { Row } from './row.ts'
import { type ServerProcess, startServer } from './server-process.ts'

const roundSeconds = 2

export interface GetLoad {
  readonly url: string
  readonly token: string
  readonly connections: number
}

/** GETs over kept connections for some seconds. @throws when an answer is no success */
export const getLoad =
  ({ url, token, connections }: GetLoad) =>
  async (): Promise<{ count: number; seconds: number }> => {
    const headers = { authorization: `Bearer ${token}` }
    const result = await autocannon({ url, connections, duration: roundSeconds, headers })
    if (result.non2xx > 0 || result.errors > 0)
      throw new Error(`${url}: ${result.non2xx} answers were no success, ${result.errors} failed`)
    return { count: result.requests.total, seconds: result.duration }
  }

/** One answer of the server, with its content type. @throws when it is no success */
export async function answerOf(url: string, token: string): Promise<{ body: Buffer; type: string }> {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  const body = Buffer.from(await answer.arrayBuffer())
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${body}`)
  return { body, type: answer.headers.get('content-type') ?? '' }
}

/** A GET of ours beside a bare server that has the bytes of its answer. */
export async function besideSameBytes(
  scenario: string,
  ours: ServerProcess,
  { path, token }: { readonly path: string; readonly token: string },
): Promise<readonly Row[]> {
  const connections = 32
  const url = `${String(ours.ready['url'])}${path}`
  const { body, type } = await answerOf(url, token)
  await using bare = await startServer(['test/bench/peers/bare-http.ts', body.toString('base64'), type])
  // Awaited here: the peer ends with this scope.
  return await pairedRounds(
    {
      scenario,
      subject: `Panoptes, GET ${path} with an access token, all checks, ${body.length} bytes`,
      peer: 'node:http, the same bytes',
      unit: 'answers',
    },
    { server: ours, load: getLoad({ url, token, connections }) },
    { server: bare, load: getLoad({ url: `${String(bare.ready['url'])}${path}`, token, connections }) },
  )
}
