import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'

/** A certificate with its private key, both PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** A certificate of ours. */
export interface LocalCertificate extends Certificate {
  /** Epoch ms. */
  readonly expiresAt: number
}

const dayMs = 86_400_000

/**
 * The names that a certificate of ours covers, beside those of this machine's loopback.
 * @param origin the canonical one @param allowedHosts as HOST or HOST:PORT
 * @returns names and addresses without ports and brackets, international names in their ASCII form (RFC 5890), each once
 */
export function certificateNames(origin: URL, allowedHosts: readonly string[]): readonly string[] {
  const hosts = allowedHosts.map((host) => URL.parse(`https://${host}`)?.hostname ?? host)
  return [...new Set([origin.hostname, ...hosts].map((name) => name.replace(/^\[|\]$/g, '')))]
}

/** Made when it is needed: the library is loaded for `--tls` only. */
async function selfSigned(
  hostnames: readonly string[],
  { from, until }: { readonly from: number; readonly until: number },
): Promise<LocalCertificate> {
  const { generate } = await import('selfsigned')
  const names = [...new Set(['localhost', '127.0.0.1', '::1', ...hostnames])]
  const made = await generate([{ name: 'commonName', value: hostnames[0] ?? 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(from),
    notAfterDate: new Date(until),
    extensions: [
      { name: 'basicConstraints', cA: false },
      {
        name: 'subjectAltName',
        altNames: names.map((name) =>
          isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name },
        ),
      },
    ],
  })
  return { cert: made.cert, key: made.private, expiresAt: until }
}

/** In the data directory; clients are given it to trust. */
export const certificateFile = 'tls-certificate.pem'
const keyFile = 'tls-key.pem'

const isFor = (certificate: X509Certificate, name: string): boolean =>
  (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined

export interface KeptCertificate extends LocalCertificate {
  /** Those of the wanted names that it is not for. */
  readonly missing: readonly string[]
}

/**
 * The certificate that a data directory holds, as it is.
 * @param hostnames the names that are wanted @returns undefined when there is none @throws when it is not ours to use
 */
export function readCertificate(
  directory: string,
  hostnames: readonly string[],
): KeptCertificate | undefined {
  const [certPath, keyPath] = [join(directory, certificateFile), join(directory, keyFile)]
  if (!existsSync(certPath) || !existsSync(keyPath)) return undefined
  if ((statSync(keyPath).mode & 0o077) !== 0)
    throw new Error(`${keyPath} can be read by others; allowed is mode 600 (chmod 600 ${keyPath})`)
  const [cert, key] = [readFileSync(certPath, 'utf8'), readFileSync(keyPath, 'utf8')]
  try {
    const parsed = new X509Certificate(cert)
    if (!parsed.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is another one’s')
    const missing = hostnames.filter((name) => !isFor(parsed, name))
    return { cert, key, expiresAt: parsed.validToDate.getTime(), missing }
  } catch (cause) {
    throw new Error(`${certPath} and ${keyPath} do not belong together; remove both and new ones are made`, {
      cause,
    })
  }
}

/**
 * The local certificate of `--tls`: kept in the data directory if there is one, so that clients can go on trusting it. One that
 * has expired or lacks a name is replaced.
 * @param options.now epoch ms; a new one is valid for a year from then
 * @param options.machineNow epoch ms on the clock of the machine, by which clients judge it: valid then too, if it is earlier
 */
export async function localCertificate(options: {
  readonly directory: string | undefined
  readonly hostnames: readonly string[]
  readonly now: number
  readonly machineNow: number
}): Promise<LocalCertificate> {
  const { directory, hostnames, now, machineNow } = options
  const validity = {
    from: Math.min(now, machineNow) - dayMs,
    until: Math.floor(now / 1000) * 1000 + 365 * dayMs,
  }
  if (directory === undefined) return selfSigned(hostnames, validity)
  const kept = readCertificate(directory, hostnames)
  if (kept && kept.expiresAt > now && kept.missing.length === 0)
    return { cert: kept.cert, key: kept.key, expiresAt: kept.expiresAt }
  const certificate = await selfSigned(hostnames, validity)
  writeFileSync(join(directory, keyFile), certificate.key, { mode: 0o600 })
  writeFileSync(join(directory, certificateFile), certificate.cert)
  return certificate
}
