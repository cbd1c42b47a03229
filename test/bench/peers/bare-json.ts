/**
 * The floor of any JSON answer in Node: objects from memory, serialized for each request. A request with a body changes the first
 * of them. Arguments: a file with `{ key: [objects] }`, its content type.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

const [file = '', type = 'application/json'] = process.argv.slice(2)
const whole = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
const first = Object.values(whole).find((value): value is object[] => Array.isArray(value))?.[0] ?? {}
const server = createServer((request, response) => {
  const answer = (value: object): void => {
    const body = JSON.stringify(value)
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
    response.end(body)
  }
  if (request.method === 'GET') answer(whole)
  else void json(request).then((given) => answer(Object.assign(first, given)))
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(
    `${JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })}\n`,
  )
})
