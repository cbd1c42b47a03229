import { exec } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import type { LookupFunction } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificateNames, localCertificate } from '../../src/certificate.ts'
import { startPanoptes } from '../support/panoptes.ts'

const dayMs = 86_400_000

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A client that verifies: it trusts the certificate it was given, and none when it was given none. */
function get(url: string, ca?: string, servername?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      ...(ca ? { ca } : {}),
      ...(servername ? { servername } : {}),
      agent: false,
      timeout: 5_000,
    }
    const sent = request(url, options, (answer) => resolve(text(answer)))
    sent.on('error', reject).end()
  })
}

/** The certificate that a server shows, verified or not. */
function shownBy(url: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      const certificate = socket.getPeerX509Certificate()
      socket.destroy()
      if (certificate) resolve(certificate)
      else reject(new Error('no certificate'))
    })
    socket.on('error', reject)
  })
}

describe('--tls', () => {
  test('serves https with a certificate that a client verifies when it is given it', async () => {
    const directory = freshFolder()
    await using service = await startPanoptes(['--tls', '--data', directory])
    const ca = readFileSync(join(directory, 'tls-certificate.pem'), 'utf8')
    expect(service.url).toMatch(/^https:\/\/localhost:\d+$/)
    const metadata = JSON.parse(
      await get(`${service.url}/.well-known/oauth-authorization-server`, ca),
    ) as object
    expect(metadata).toMatchObject({ issuer: service.url, token_endpoint: `${service.url}/v7/oauth2/token` })
    const byAddress = service.url.replace('localhost', '127.0.0.1')
    expect(await get(`${byAddress}/.well-known/oauth-authorization-server`, ca)).toContain(service.url)
    await expect(get(service.url)).rejects.toThrow(/self-signed/)
    await expect(get(service.url, ca, 'evil.example')).rejects.toThrow(/altnames/)
    await expect(fetch(service.url.replace('https:', 'http:'))).rejects.toThrow()
  })

  test('shows a certificate of this machine’s names, for a year, that signs no others', async () => {
    await using service = await startPanoptes(['--tls'])
    const certificate = await shownBy(service.url)
    expect(certificate.subjectAltName).toMatch(
      /DNS:localhost, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1/,
    )
    expect(certificate.ca).toBe(false)
    const days = (Date.parse(certificate.validTo) - Date.now()) / dayMs
    expect(days).toBeGreaterThan(364)
    expect(days).toBeLessThan(398)
    expect(certificate.publicKey.asymmetricKeyType).toBe('ec')
  })

  test('is known to the commands of the landing page', async () => {
    const directory = freshFolder()
    await using service = await startPanoptes(['--tls', '--data', directory])
    const page = await get(service.url, readFileSync(join(directory, 'tls-certificate.pem'), 'utf8'))
    const [command = ''] = /curl [^<]+/.exec(page.replaceAll('&quot;', '"')) ?? []
    expect(command).toContain(`--cacert "${directory}/tls-certificate.pem" https://localhost:`)
    const { stdout } = await promisify(exec)(command, { timeout: 10_000 })
    expect(JSON.parse(stdout)).toHaveProperty('tests')
    await using passing = await startPanoptes(['--tls'])
    const ca = (await shownBy(passing.url)).toString()
    expect(await get(passing.url, ca)).toContain('curl --insecure https://localhost:')
  })

  test('keeps certificate and key over a restart, the key for its owner alone', async () => {
    const directory = freshFolder()
    const first = await startPanoptes(['--tls', '--data', directory])
    const shown = await shownBy(first.url)
    await first.stop()
    expect(statSync(join(directory, 'tls-key.pem')).mode & 0o777).toBe(0o600)
    await using second = await startPanoptes(['--tls', '--data', directory])
    expect((await shownBy(second.url)).fingerprint256).toBe(shown.fingerprint256)
  })

  test('puts the name of the origin into the certificate', async () => {
    const directory = freshFolder()
    await using service = await startPanoptes([
      '--tls',
      '--data',
      directory,
      '--origin',
      'https://panoptes.example',
    ])
    expect(service.url).toBe('https://panoptes.example')
    const certificate = new X509Certificate(readFileSync(join(directory, 'tls-certificate.pem')))
    expect(certificate.checkHost('panoptes.example')).toBe('panoptes.example')
    expect(certificate.checkHost('localhost')).toBe('localhost')
  })
})

/** Asks under a name that leads to this machine for this client alone, as a line of a hosts file would. */
function getAs(name: string, port: string, ca: string): Promise<{ status: number; body: string }> {
  const lookup: LookupFunction = (_name, options, done) =>
    options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)
  const headers = { host: name, authorization: 'Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60' }
  return new Promise((resolve, reject) => {
    const options = { host: name, port, path: '/v7/tests', headers, ca, lookup, agent: false, timeout: 5_000 }
    request(options, (answer) =>
      resolve(text(answer).then((body) => ({ status: answer.statusCode ?? 0, body }))),
    )
      .on('error', reject)
      .end()
  })
}

describe('--hostname', () => {
  test('lets clients whose hosts are written into them in, over a certificate that they can verify', async () => {
    const directory = freshFolder()
    const [api, app] = ['api.thousandeyes.com', 'app.thousandeyes.com']
    const names = ['--hostname', api, '--hostname', app]
    await using service = await startPanoptes(['--tls', '--data', directory, ...names])
    const ca = readFileSync(join(directory, 'tls-certificate.pem'), 'utf8')
    const { port } = new URL(service.url)
    for (const name of [api, app]) {
      const { status, body } = await getAs(name, port, ca)
      expect(status).toBe(200)
      expect(JSON.parse(body)).toHaveProperty('tests')
    }
    await expect(getAs('mcp.thousandeyes.com', port, ca)).rejects.toThrow(/altnames/)
  })

  test('is needed: no other name is answered', async () => {
    const directory = freshFolder()
    const config = join(directory, 'settings.yaml')
    writeFileSync(config, 'allowedHosts: [api.thousandeyes.com:8443]')
    await using service = await startPanoptes(['--tls', '--data', directory, '--config', config])
    const ca = readFileSync(join(directory, 'tls-certificate.pem'), 'utf8')
    // The certificate is for names alone; which of them we answer to is another question.
    expect((await getAs('api.thousandeyes.com', new URL(service.url).port, ca)).status).toBe(421)
  })
})

describe('the names of a certificate', () => {
  test.each([
    ['https://localhost:7070', [], ['localhost']],
    ['https://[::1]:7070', ['127.0.0.1:1', '[2001:db8::1]'], ['::1', '127.0.0.1', '2001:db8::1']],
    ['https://a.example', ['A.example:8443', 'b.example', 'b.example:1'], ['a.example', 'b.example']],
    ['https://a.example', ['bücher.example'], ['a.example', 'xn--bcher-kva.example']],
  ])('for %s and %j are %j', (origin, allowedHosts, names) => {
    expect(certificateNames(new URL(origin), allowedHosts)).toEqual(names)
  })
})

describe('the local certificate', () => {
  test('is replaced when it has expired, lacks a name or address, and not before', async () => {
    const directory = freshFolder()
    const now = Date.now()
    const made = (hostnames: readonly string[], at: number): ReturnType<typeof localCertificate> =>
      localCertificate({ directory, hostnames, now: at, machineNow: now })
    const first = await made(['localhost'], now)
    expect(await made(['localhost'], now + 364 * dayMs)).toEqual(first)
    const second = await made(['localhost'], now + 366 * dayMs)
    expect(second).not.toEqual(first)
    const named = await made(['a.example'], now)
    expect(named).not.toEqual(second)
    expect(await made(['localhost'], now)).toEqual(named)
    const addressed = await made(['192.0.2.7'], now)
    expect(new X509Certificate(addressed.cert).checkIP('192.0.2.7')).toBe('192.0.2.7')
    expect(await made(['192.0.2.7'], now)).toEqual(addressed)
    expect(readFileSync(join(directory, 'tls-certificate.pem'), 'utf8')).toBe(addressed.cert)
  })

  test('is refused when its key is another one’s, unreadable as one, or readable by others', async () => {
    const [directory, other] = [freshFolder(), freshFolder()]
    const made = (folder: string): ReturnType<typeof localCertificate> =>
      localCertificate({
        directory: folder,
        hostnames: ['localhost'],
        now: Date.now(),
        machineNow: Date.now(),
      })
    await made(directory)
    const { key } = await made(other)
    const path = join(directory, 'tls-key.pem')
    writeFileSync(path, key)
    await expect(made(directory)).rejects.toThrow(/do not belong together/)
    writeFileSync(path, 'no key')
    await expect(made(directory)).rejects.toThrow(/do not belong together/)
    chmodSync(path, 0o644)
    await expect(made(directory)).rejects.toThrow(/can be read by others; allowed is mode 600/)
  })
})
