/** The floor of any HTTP answer in Node: the same bytes from memory. Arguments: the body in base64, its content type. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const [encoded = '', type = 'application/json'] = process.argv.slice(2)
const body = Buffer.from(encoded, 'base64')
const server = createServer((_request, response) => {
  response.writeHead(200, {
    'Content-Type': type,
    'Content-Length': body.length,
  })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(
    `${JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })}\n`,
  )
})
