/** What stands behind a broker that is measured: answers of a v7 list, of account groups, and of a gigabyte, from memory. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline, Readable } from 'node:stream'

const server = createServer((request, response) => {
  const origin = `http://${request.headers.host}`
  const link = (id: number): string =>
    `{"testId":"28147497671${id}","testName":"Test number ${id}","type":"http-server","interval":300,"enabled":true,"url":"https://www.company.example/${id}","_links":{"self":{"href":"${origin}/v7/tests/http-server/28147497671${id}"},"testResults":[{"href":"${origin}/v7/test-results/28147497671${id}/network"}]}}`
  const tests = `{"tests":[${[10, 11, 12, 13, 14].map(link).join(',')}],"_links":{"self":{"href":"${origin}/v7/tests?aid=1101"}}}`
  const path = request.url ?? ''
  if (path.startsWith('/v7/agents')) {
    const piece = Buffer.from(`${tests}\n`.repeat(40))
    const pieces = function* (): Generator<Buffer> {
      for (let sent = 0; sent < 1024 ** 3; sent += piece.length) yield piece
    }
    response.writeHead(200, { 'content-type': 'application/hal+json' })
    pipeline(Readable.from(pieces()), response, () => undefined)
    return
  }
  const body = path.startsWith('/v7/account-groups')
    ? '{"accountGroups":[{"aid":"1101","accountGroupName":"HQ","isDefaultAccountGroup":true}]}'
    : tests
  response.writeHead(200, {
    'content-type': 'application/hal+json',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
