import { lookup } from 'node:dns/promises'
import { type RequestOptions, request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { createServer, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { text } from 'node:stream/consumers'
import type { Answer, Machine, Question } from './examination.ts'

const patienceMs = 2_000

function bind(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

const resolve = (name: string): Promise<readonly string[]> =>
  lookup(name, { all: true }).then(
    (found) => found.map(({ address }) => address),
    () => [],
  )

function ask({ protocol, address, port, host, path, ca }: Question): Promise<Answer | undefined> {
  const hostname = URL.parse(`http://${host}`)?.hostname ?? ''
  const options: RequestOptions & { readonly ca?: string; readonly servername?: string } = {
    host: address,
    port,
    path,
    headers: { host },
    agent: false,
    signal: AbortSignal.timeout(patienceMs),
    ...(ca === undefined ? {} : { ca }),
    ...(isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { servername: hostname } : {}),
  }
  const request = protocol === 'https:' ? requestTls : requestPlain
  return new Promise((settle) => {
    const nobody = (): void => settle(undefined)
    request(options, (answer) => {
      const at = Date.parse(answer.headers.date ?? '')
      text(answer).then(
        (body) => settle({ status: answer.statusCode ?? 0, at: Number.isNaN(at) ? undefined : at, body }),
        nobody,
      )
    })
      .on('error', nobody)
      .end()
  })
}

const addresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))

/** The machine that this process runs on. @param given what is an argument everywhere: time, in epoch ms, and chance */
export const thisMachine = (given: Pick<Machine, 'now' | 'randomBytes'>): Machine => ({
  nodeVersion: process.versions.node,
  platform: process.platform,
  bind,
  resolve,
  ask,
  addresses,
  ...given,
})
