import { request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import type { Fetch } from './call.ts'

/** The global fetch trusts only what the machine does. @returns one that trusts what is given */
export const trustingFetch =
  (trust: { readonly ca: string } | { readonly rejectUnauthorized: false }): Fetch =>
  (url, { method, headers, body }) =>
    new Promise((resolve, reject) => {
      const request = httpsRequest(url, { method, headers, ...trust }, (answer) =>
        resolve({ status: answer.statusCode ?? 0, text: () => text(answer) }),
      )
      request.once('error', reject)
      request.end(body)
    })

/** @param url an emulator of this process @returns the certificate that it shows, in PEM */
export function shownCertificate(url: string): Promise<string> {
  const { hostname: host, port } = new URL(url)
  return new Promise((resolve, reject) => {
    // What is asked is who that is; nothing is believed or told.
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
      const certificate = socket.getPeerX509Certificate()?.toString()
      socket.destroy()
      if (certificate === undefined) reject(new Error(`${url} shows no certificate`))
      else resolve(certificate)
    })
    socket.once('error', reject)
  })
}
