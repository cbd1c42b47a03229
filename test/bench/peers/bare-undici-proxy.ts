/** The floor of any proxy in Node that streams: no checks, no links, headers as they come. Argument: the upstream's origin. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { Pool } from 'undici'

const pool = new Pool(process.argv[2] ?? '', { connections: 128, allowH2: false })
const server = createServer(async ({ method = 'GET', url: path = '/', headers }, response) => {
  const { host: _host, connection: _connection, ...passed } = headers
  const answer = await pool.request({ method, path, headers: passed })
  answer.body.on('error', () => undefined)
  if (response.destroyed) return void answer.body.destroy()
  response.writeHead(answer.statusCode, answer.headers)
  pipeline(answer.body, response, () => undefined)
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
