import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { load } from 'js-yaml'
import { afterAll, describe, expect, test } from 'vitest'
import { readSettings } from '../../src/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'panoptes-settings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
/** A configuration file of its own. @returns its path */
function file(content: string): string {
  files += 1
  const path = join(folder, `settings-${files}.yaml`)
  writeFileSync(path, content)
  return path
}

describe('config/emulator.yaml tells the truth', () => {
  const shipped = readFileSync('config/emulator.yaml', 'utf8')

  test('its values are the defaults', () => {
    expect(readSettings(['--config', file('')], {})).toEqual(readSettings([], {}))
  })

  test('a file may leave out every key and repeat every key', () => {
    const all = load(shipped) as Record<string, unknown>
    for (const [key, value] of Object.entries(all)) {
      expect(readSettings(['--config', file(JSON.stringify({ [key]: value }))], {})).toEqual(
        readSettings([], {}),
      )
      const { [key]: left, ...rest } = all
      expect(left).toBeDefined()
      expect(readSettings(['--config', file(JSON.stringify(rest))], {})).toEqual(readSettings([], {}))
    }
  })

  test('what it shows as a comment is taken as well', () => {
    const shown = [...shipped.matchAll(/^# (\w+: \S+)/gm)].map(([, line = '']) => line)
    const names = shown.map((line) => line.split(':')[0])
    expect(names).toEqual(['origin', 'data', 'store', 'checkpoint', 'operatorToken', 'integrations'])
    const values = shown.map((line) =>
      line
        .replace('operatorToken: ...', 'operatorToken: a-token-of-the-operator')
        .replace('integrations.yaml', resolve('config/integrations.yaml')),
    )
    // A checkpoint is SQLite's alone.
    const taken = (other: string) =>
      readSettings(['--config', file(values.filter((line) => !line.startsWith(other)).join('\n'))], {})
    expect(taken('checkpoint:')).toMatchObject({
      origin: new URL('http://localhost:7070'),
      store: { kind: 'redis' },
    })
    expect(taken('store:').store).toEqual({
      kind: 'sqlite',
      path: resolve('data/panoptes.db'),
      checkpoint: resolve('../panoptes-checkpoint'),
    })
  })
})

describe('the command line stands over the environment, that over the file, that over the default', () => {
  const config = file('port: 1111\nseed: default\nlimits: off\nhost: 127.0.0.3')

  test.each([
    [['--port', '3333'], { PANOPTES_PORT: '2222' }, 3333],
    [[], { PANOPTES_PORT: '2222' }, 2222],
    [[], {}, 1111],
    [[], { PANOPTES_PORT: '' }, 1111],
  ])('%j and %j give the port %i', (args, environment, port) => {
    expect(readSettings(['--config', config, ...args], environment)).toMatchObject({
      port,
      operatorPort: 7071,
    })
  })

  test('every option is read', () => {
    const args = [
      '--host',
      '::1',
      '--port',
      '0',
      '--operator-port',
      '1',
      '--origin',
      'https://a.example',
      '--data',
      'here',
    ]
    const more = [
      '--config',
      config,
      '--seed',
      'config/seeds/default.yaml',
      '--limits',
      'on',
      '--tls',
      '--json',
    ]
    expect(readSettings([...args, ...more], {})).toMatchObject({
      host: '::1',
      port: 0,
      operatorPort: 1,
      origin: new URL('https://a.example'),
      data: resolve('here'),
      store: { kind: 'sqlite', path: resolve('here/panoptes.db') },
      seed: resolve('config/seeds/default.yaml'),
      limits: 'on',
      tls: true,
      json: true,
    })
  })

  test('names of the command line stand beside those of the file', () => {
    const path = file('allowedHosts: [a.example]')
    const args = [
      '--hostname',
      'api.thousandeyes.com',
      '--hostname',
      'b.example:8443',
      '--hostname',
      '[::1]:1',
    ]
    expect(readSettings(['--config', path, ...args], {}).allowedHosts).toEqual([
      'a.example',
      'api.thousandeyes.com',
      'b.example:8443',
      '[::1]:1',
    ])
  })

  test('every variable is read', () => {
    const environment = {
      PANOPTES_HOST: '127.0.0.9',
      PANOPTES_PORT: '1',
      PANOPTES_OPERATOR_HOST: '127.0.0.8',
      PANOPTES_OPERATOR_PORT: '2',
      PANOPTES_ORIGIN: 'https://a.example:8443/',
      PANOPTES_DATA: folder,
      PANOPTES_REPLICAS: '2',
      PANOPTES_STORE: 'redis://user:secret@127.0.0.1:6379/1',
      PANOPTES_SEED: 'default',
      PANOPTES_LIMITS: 'off',
      PANOPTES_TLS: 'true',
      PANOPTES_OPERATOR_TOKEN: 'a-token-of-the-operator',
    }
    expect(readSettings([], environment)).toMatchObject({
      host: '127.0.0.9',
      operatorHost: '127.0.0.8',
      port: 1,
      operatorPort: 2,
      origin: new URL('https://a.example:8443'),
      data: folder,
      store: {
        kind: 'redis',
        address: {
          shape: 'single',
          name: '127.0.0.1:6379',
          servers: [{ host: '127.0.0.1', port: 6379 }],
          tls: false,
          username: 'user',
          password: 'secret',
          database: 1,
        },
        replicas: 2,
      },
      limits: 'off',
      tls: true,
      operatorToken: 'a-token-of-the-operator',
    })
  })

  test('a checkpoint stands where it is named, and a new epoch is begun by the command line alone', () => {
    const args = ['--data', folder, '--config', file('checkpoint: here/of-the-file')]
    expect(readSettings(args, {}).store).toMatchObject({ checkpoint: resolve('here/of-the-file') })
    expect(readSettings(args, { PANOPTES_CHECKPOINT: '/elsewhere' }).store).toMatchObject({
      checkpoint: '/elsewhere',
    })
    expect(readSettings(args, { PANOPTES_BUMP_EPOCH: 'true' }).store).not.toHaveProperty('isEpochBumped')
    expect(readSettings([...args, '--bump-epoch'], {}).store).toMatchObject({ isEpochBumped: true })
  })

  test('without a data directory all is in memory', () => {
    expect(readSettings([], {})).toMatchObject({
      store: { kind: 'memory' },
      data: undefined,
    })
  })

  test('an integrations file stands beside the configuration that names it, else beside ours', () => {
    expect(readSettings(['--config', file('')], {}).integrations).toBe(resolve('config/integrations.yaml'))
    writeFileSync(join(folder, 'own.yaml'), 'integrations: []')
    expect(readSettings(['--config', file('integrations: own.yaml')], {}).integrations).toBe(
      join(folder, 'own.yaml'),
    )
  })
})
