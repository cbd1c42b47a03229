import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate with its private key, both PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

const dayMs = 86_400_000

/** Made when it is needed: the library is loaded for `--tls` only. */
async function selfSigned(hostnames: readonly string[], now: number): Promise<Certificate> {
  const { generate } = await import('selfsigned')
  const names = [...new Set(['localhost', ...hostnames])]
  const made = await generate([{ name: 'commonName', value: names.at(-1) ?? 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - dayMs),
    notAfterDate: new Date(now + 365 * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: false },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          { type: 7 as const, ip: '127.0.0.1' },
          { type: 7 as const, ip: '::1' },
        ],
      },
    ],
  })
  return { cert: made.cert, key: made.private }
}

/**
 * The local certificate of `--tls`: kept in the data directory if there is one, so that clients can go on trusting it.
 * @param now epoch ms
 */
export async function localCertificate(options: {
  readonly directory: string | undefined
  readonly hostnames: readonly string[]
  readonly now: number
}): Promise<Certificate> {
  if (options.directory === undefined) return selfSigned(options.hostnames, options.now)
  const [certPath, keyPath] = ['tls-certificate.pem', 'tls-key.pem'].map((name) =>
    join(options.directory ?? '', name),
  ) as [string, string]
  if (existsSync(certPath) && existsSync(keyPath))
    return { cert: readFileSync(certPath, 'utf8'), key: readFileSync(keyPath, 'utf8') }
  const certificate = await selfSigned(options.hostnames, options.now)
  writeFileSync(keyPath, certificate.key, { mode: 0o600 })
  writeFileSync(certPath, certificate.cert)
  return certificate
}
