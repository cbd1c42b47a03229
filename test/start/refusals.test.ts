import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startPanoptes } from '../support/panoptes.ts'
import { startProgram } from './program.ts'

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-refusals-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A port that another program holds. */
async function takenPort(): Promise<number> {
  const other: Server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  return (other.address() as AddressInfo).port
}

/** Why it does not start: one line. */
async function problemOf(args: readonly string[]): Promise<string> {
  const started = startPanoptes(args).then(
    (service) => service.stop().then(() => 'it started'),
    (error: unknown) => (error as Error).message,
  )
  const problem = await started
  expect(problem).not.toMatch(/\n|node_modules|\bat .+:\d+/)
  return problem
}

/** A data directory of an earlier start. */
async function usedDirectory(): Promise<string> {
  const directory = freshFolder()
  const service = await startPanoptes(['--data', directory])
  await service.stop()
  return directory
}

describe('the program ends with one line on standard error and exit code 1', () => {
  test.each<[string, () => Promise<readonly string[]>, RegExp]>([
    [
      'when the port is in use',
      async () => ['--port', String(await takenPort())],
      /^panoptes: cannot listen on 127\.0\.0\.1:\d+: the port is in use; choose another one with --port/,
    ],
    [
      'when the configuration is wrong',
      async () => {
        const path = join(freshFolder(), 'settings.yaml')
        writeFileSync(path, 'limits: sometimes')
        return ['--config', path]
      },
      /^panoptes: \S+settings\.yaml: limits: found "sometimes"; allowed are on and off$/m,
    ],
    [
      'when an option is unknown',
      async () => ['--verbose'],
      /^panoptes: Unknown option '--verbose'.*allowed are --host/,
    ],
    [
      'when the database is none',
      async () => {
        const directory = freshFolder()
        writeFileSync(join(directory, 'panoptes.db'), 'no database at all, '.repeat(400))
        return ['--data', directory]
      },
      /^panoptes: .*panoptes\.db/,
    ],
  ])('%s', async (_, argumentsOf, line) => {
    const { stdout, stderr, code } = await startProgram([...(await argumentsOf()), '--json']).ended
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 })
    expect(stderr).toMatch(line)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })
})

describe('start is refused', () => {
  test('when the operator port is in use, and the public one is free again', async () => {
    const port = await takenPort()
    expect(await problemOf(['--operator-port', String(port)])).toBe(
      `cannot listen on 127.0.0.1:${port}: the port is in use; choose another one with --port or --operator-port, 0 picks a free one`,
    )
  })

  test('when the machine has no such address', async () => {
    expect(await problemOf(['--host', '203.0.113.1'])).toMatch(
      /^cannot listen on 203\.0\.113\.1:0: this machine has no such address/,
    )
  })

  test.each([0, 1, 2])(
    'when page %i of a database of an earlier start is damaged, which stays as it is',
    async (page) => {
      const directory = await usedDirectory()
      const path = join(directory, 'panoptes.db')
      const bytes = readFileSync(path)
      bytes.fill(0xa5, page * 4_096, (page + 1) * 4_096)
      writeFileSync(path, bytes)
      expect(await problemOf(['--data', directory])).toMatch(/panoptes\.db|malformed|store/)
      expect(readFileSync(path).equals(bytes)).toBe(true)
    },
  )

  test('when the database has a newer schema, which stays as it is', async () => {
    const directory = await usedDirectory()
    const path = join(directory, 'panoptes.db')
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(await problemOf(['--data', directory])).toMatch(
      /panoptes\.db.*schema version is 99, this Panoptes supports \d+/,
    )
    const after = new DatabaseSync(path, { readOnly: true })
    expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: 99 })
    after.close()
  })

  test('when the database belongs to another program', async () => {
    const directory = freshFolder()
    const database = new DatabaseSync(join(directory, 'panoptes.db'))
    database.exec('CREATE TABLE notes (text TEXT)')
    database.close()
    expect(await problemOf(['--data', directory])).toMatch(/panoptes\.db.*another program/)
  })

  test.each([0o644, 0o640, 0o604])('when others can read the keys, mode %o', async (mode) => {
    const directory = await usedDirectory()
    chmodSync(join(directory, 'keys.json'), mode)
    expect(await problemOf(['--data', directory])).toMatch(
      /keys\.json can be read by others; allowed is mode 600/,
    )
  })

  test.each([
    ['no JSON', '{', /keys\.json is not readable JSON/],
    ['of another schema', '{"schema":2}', /keys\.json is not a key file of this version: schema/],
    ['cut short', '{"schema":1,"hash":"abc"}', /keys\.json is not a key file of this version: hash/],
  ])('when the keys are %s, and they are not replaced', async (_, content, words) => {
    const directory = await usedDirectory()
    const path = join(directory, 'keys.json')
    writeFileSync(path, content)
    expect(await problemOf(['--data', directory])).toMatch(words)
    expect(readFileSync(path, 'utf8')).toBe(content)
  })

  test.each([
    ['no YAML', 'a: b: c'],
    ['a list', '- a'],
    ['of unknown keys', 'organisations: []'],
    [
      'of a user without an e-mail',
      "organizations: [{ id: '1', name: A, region: us1, accountGroups: [], users: [{ uid: '1' }] }]",
    ],
  ])('when the seed is %s', async (_, content) => {
    const path = join(freshFolder(), 'seed.yaml')
    writeFileSync(path, content)
    expect(await problemOf(['--seed', path])).toContain(path)
  })

  test.each([
    ['no YAML', 'a: b: c'],
    ['of unknown keys', 'integration: []'],
    ['of an integration without an id', 'integrations: [{ name: A }]'],
    [
      'with a redirect over http',
      'integrations: [{ clientId: a, name: A, placement: cloud, clientSecret: abcdefgh, grantTypes: [authorization_code], redirectUris: [http://app.example/cb], scopes: [openid], lifetimes: { access: 5m, idle: 1h, absolute: 1d } }]',
    ],
  ])('when the integrations are %s', async (_, content) => {
    const folder = freshFolder()
    writeFileSync(join(folder, 'own.yaml'), content)
    writeFileSync(join(folder, 'settings.yaml'), 'integrations: own.yaml')
    expect(await problemOf(['--config', join(folder, 'settings.yaml')])).toContain('own.yaml')
  })
})
