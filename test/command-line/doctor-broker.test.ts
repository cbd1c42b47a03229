import { randomBytes } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { localKeyLine, newLocalKey } from '#broker/local-keys.ts'
import { examineBroker } from '../../src/command-line/doctor/doctor.ts'
import type { Finding } from '../../src/command-line/doctor/finding.ts'
import { readBrokerSettings } from '../../src/settings.ts'
import { addUser, atAccount, linkAt, startBrokerBefore } from '../broker/linked-broker.ts'
import { startHostileUpstream } from '../live/hostile-upstream.ts'
import { freePort } from '../support/free-port.ts'
import { startPanoptes } from '../support/panoptes.ts'
import { freshFolder, machineWith, on } from './machine.ts'

interface Written {
  readonly folder: string
  readonly examined: () => Promise<readonly Finding[]>
}

const nowhere =
  'upstream: { allowPlaintextLoopback: true, regions: { us1: http://127.0.0.1:1, us2: http://127.0.0.1:1, eu1: http://127.0.0.1:1 } }'

function written(configuration: string, folder = freshFolder()): Written {
  const path = join(folder, 'broker.yaml')
  writeFileSync(path, `data: ${join(folder, 'data')}\n${configuration}`, { mode: 0o600 })
  return {
    folder,
    examined: () => examineBroker(() => readBrokerSettings(['--config', path], {}), machineWith()),
  }
}

const regions = (origin: string): string =>
  `upstream: { allowPlaintextLoopback: true, regions: { us1: '${origin}', us2: '${origin}', eu1: http://127.0.0.1:1 } }`

describe('the doctor on a broker', () => {
  test('looks at what a start needs and makes nothing', async () => {
    const { folder, examined } = written(nowhere)
    const findings = await examined()
    expect(findings.map(({ about }) => about)).toEqual([
      ...['Node', 'configuration', 'secrets', 'integrations', 'public port', 'operator port'],
      ...['data directory', 'keys', 'store', 'key-encryption keys', 'ThousandEyes of us1, us2, eu1'],
      ...['host names', 'clock'],
    ])
    expect(on('key-encryption keys', findings)).toMatch(
      /^ok .*data\/key-encryption-keys is made by the first start$/,
    )
    expect(readdirSync(folder)).toEqual(['broker.yaml'])
  })

  test('says in one line what is wrong with the configuration', async () => {
    const findings = await written('upstream: { maxInFlight: 0 }').examined()
    expect(on('configuration', findings)).toMatch(/^fail .*upstream\.maxInFlight: found 0; allowed is/)
  })

  test('warns of secrets that others can read', async () => {
    const { folder, examined } = written(`operatorToken: ${'o'.repeat(40)}\n${nowhere}`)
    expect(on('secrets', await examined())).toMatch(/^ok /)
    chmodSync(join(folder, 'broker.yaml'), 0o644)
    expect(on('secrets', await examined())).toMatch(/^warn operatorToken: others can read .* chmod 600/)
  })

  test('warns of secrets of clients that others can read', async () => {
    const { folder, examined } = written(`integrations: own.yaml\n${nowhere}`)
    const own = join(folder, 'own.yaml')
    copyFileSync('config/integrations.yaml', own)
    chmodSync(own, 0o640)
    expect(on('secrets', await examined())).toBe(`warn clientSecret: others can read ${own}; chmod 600 it`)
    chmodSync(own, 0o600)
    expect(on('secrets', await examined())).toMatch(/^ok /)
  })

  test('fails for a key file that is not there, can be read by others, or has no keys', async () => {
    const { folder, examined } = written(`keyEncryptionKeyFile: own.keys\n${nowhere}`)
    const about = 'key-encryption keys'
    expect(on(about, await examined())).toMatch(/^fail .*own\.keys cannot be read$/)
    const key = newLocalKey(randomBytes)
    writeFileSync(join(folder, 'own.keys'), localKeyLine(key), { mode: 0o644 })
    expect(on(about, await examined())).toMatch(/^fail .*can be read by others; allowed is mode 600/)
    chmodSync(join(folder, 'own.keys'), 0o600)
    expect(on(about, await examined())).toBe(`ok ${key.id}, newest first, and no other is needed`)
    writeFileSync(join(folder, 'own.keys'), 'nothing')
    expect(on(about, await examined())).toMatch(/^fail .*entry 1 is no key/)
  })

  test('fails when records refer to a key that is not here any more', async () => {
    const upstream = await startPanoptes()
    onTestFinished(upstream.stop)
    const folder = freshFolder()
    const [first, second] = [newLocalKey(randomBytes), newLocalKey(randomBytes)]
    const keys = `keyEncryptionKeys: '${localKeyLine(first)}'`
    const broker = await startBrokerBefore(upstream, keys, ['--data', join(folder, 'data')])
    await addUser(broker)
    await linkAt(await atAccount(broker))
    await broker.stop()
    const about = 'key-encryption keys'
    expect(on(about, await written(`${keys}\n${nowhere}`, folder).examined())).toMatch(/^ok /)
    const without = written(`keyEncryptionKeys: '${localKeyLine(second)}'\n${nowhere}`, folder)
    expect(on(about, await without.examined())).toMatch(
      new RegExp(`^fail The key-encryption key ${first.id} is missing, and records refer to it`),
    )
  }, 60_000)

  test('connects to each origin of ThousandEyes once, and sends nothing', async () => {
    await using upstream = await startHostileUpstream((_request, response) => void response.end())
    const findings = await written(regions(upstream.origin)).examined()
    expect(on('ThousandEyes of us1, us2', findings)).toBe(`ok ${upstream.origin} takes connections`)
    expect(on('ThousandEyes of eu1', findings)).toMatch(
      /^fail http:\/\/127\.0\.0\.1:1 cannot be reached from here/,
    )
    expect(upstream.arrived).toEqual([])
  })

  test('trusts no certificate that nobody vouches for, and the one that is named', async () => {
    const data = freshFolder()
    const upstream = await startPanoptes(['--tls', '--data', data])
    onTestFinished(upstream.stop)
    const about = 'ThousandEyes of us1, us2, eu1'
    const all = `regions: { us1: '${upstream.url}', us2: '${upstream.url}', eu1: '${upstream.url}' }`
    expect(on(about, await written(`upstream: { ${all} }`).examined())).toMatch(/^fail .*name its authority/)
    const named = `upstream: { authorities: ${join(data, 'tls-certificate.pem')}, ${all} }`
    expect(on(about, await written(named).examined())).toBe(
      `ok ${upstream.url} takes connections with a certificate that we trust`,
    )
  })

  test('fails for a port that speaks no TLS, and for a proxy that opens no tunnel', async () => {
    const talking = createServer((socket) => void socket.on('error', () => undefined).end('220 mail\r\n'))
    talking.listen(0, '127.0.0.1')
    onTestFinished(() => void talking.close())
    await new Promise((listening) => talking.once('listening', listening))
    const { port } = talking.address() as { port: number }
    const all = (origin: string): string =>
      `regions: { us1: '${origin}', us2: '${origin}', eu1: '${origin}' }`
    const about = 'ThousandEyes of us1, us2, eu1'
    const plain = await written(`upstream: { ${all(`https://127.0.0.1:${port}`)} }`).examined()
    expect(on(about, plain)).toMatch(
      /^fail https:\/\/127\.0\.0\.1:\d+ (?:does not speak TLS|shows a certificate)/,
    )
    const proxy = `http://127.0.0.1:${await freePort()}`
    const tunnelled = `upstream: { proxy: '${proxy}', ${all('https://api.example')} }`
    expect(on(about, await written(tunnelled).examined())).toMatch(
      /^fail https:\/\/api\.example cannot be reached/,
    )
  })

  test('reads the store as a start would', async () => {
    const { folder, examined } = written(nowhere)
    mkdirSync(join(folder, 'data'), { mode: 0o700 })
    writeFileSync(join(folder, 'data', 'panoptes.db'), 'no database')
    expect(on('store', await examined())).toMatch(/^fail /)
  })
})
