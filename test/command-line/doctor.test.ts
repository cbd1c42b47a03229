import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Answer, Question } from '../../src/command-line/doctor/examination.ts'
import { thisMachine } from '../../src/command-line/doctor/machine.ts'
import { startPanoptes as startLibrary } from '../../src/testing.ts'
import { startPanoptes } from '../support/panoptes.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { examined, freshFolder, machineWith, on, today } from './machine.ts'

/** What a Panoptes says of itself. */
const metadata = (at: number | undefined): Answer => ({
  status: 200,
  at,
  body: JSON.stringify({
    device_authorization_endpoint: 'http://localhost:7070/v7/oauth2/device/authorization',
  }),
})

const failing = (findings: Awaited<ReturnType<typeof examined>>): readonly string[] =>
  findings.filter(({ verdict }) => verdict === 'fail').map(({ about }) => about)

describe('the doctor finds a machine in order', () => {
  test('when nothing is configured', async () => {
    const findings = await examined([])
    expect(findings.filter(({ verdict }) => verdict !== 'ok')).toEqual([])
    expect(findings.map(({ about }) => about)).toEqual([
      'Node',
      'configuration',
      'seed',
      'integrations',
      'redirect URIs of meraki',
      'public port',
      'operator port',
      'data directory',
      'certificate',
      'host names',
      'single sign-on of sso.example',
      'clock',
    ])
  })
})

describe('the doctor on Node', () => {
  test.each([
    ['24.0.0', 'ok 24.0.0'],
    ['26.10.0', 'ok 26.10.0'],
    ['22.9.0', 'fail found 22.9.0; allowed is 24 or newer'],
  ])('%s', async (nodeVersion, words) => {
    expect(on('Node', await examined([], { nodeVersion }))).toBe(words)
  })
})

describe('the doctor on what is configured', () => {
  test('reads the seed and the integrations as a start would', async () => {
    const folder = freshFolder()
    writeFileSync(join(folder, 'seed.yaml'), 'organisations: []')
    writeFileSync(join(folder, 'integrations.yaml'), 'integrations: [{ name: A }]')
    writeFileSync(join(folder, 'own.yaml'), 'integrations: integrations.yaml\nallowedHosts: []')
    const findings = await examined([
      '--config',
      join(folder, 'own.yaml'),
      '--seed',
      join(folder, 'seed.yaml'),
    ])
    expect(failing(findings)).toEqual(['seed', 'integrations'])
    expect(on('seed', findings)).toContain('seed.yaml is invalid: ')
    expect(on('integrations', findings)).toContain('integrations.yaml: integrations.0.clientId')
  })
})

describe('the doctor on ports', () => {
  const taken = (port: number) => async (_host: string, asked: number) =>
    asked === port ? 'EADDRINUSE' : undefined

  test('fails for one that is taken, and says how to choose another', async () => {
    const findings = await examined(['--port', '8080'], { bind: taken(8080) })
    expect(on('public port', findings)).toBe(
      'fail 127.0.0.1:8080 is taken by another program; choose another one with --port, 0 picks a free one',
    )
    expect(on('operator port', findings)).toBe('ok 127.0.0.1:7071 is free')
  })

  test('warns when a Panoptes is there already', async () => {
    const findings = await examined([], { bind: taken(7071), ask: async () => metadata(today) })
    expect(on('operator port', findings)).toMatch(
      /^warn .* a Panoptes answers .* choose another one with --operator-port/,
    )
  })

  test.each([
    ['EACCES', /may not bind/],
    ['EADDRNOTAVAIL', /no such address/],
    ['EMFILE', /EMFILE/],
  ])('fails for %s', async (code, words) => {
    expect(on('public port', await examined([], { bind: async () => code }))).toMatch(words)
  })

  test('fails when both listeners have one', async () => {
    const findings = await examined(['--port', '9000', '--operator-port', '9000'])
    expect(on('ports', findings)).toMatch(/^fail both listeners are given port 9000; choose another/)
  })

  test('binds real ones and lets them go again', async () => {
    const { bind } = thisMachine({ now: Date.now, randomBytes: machineWith().randomBytes })
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((listening) => server.once('listening', listening))
    const { port } = server.address() as AddressInfo
    expect(await bind('127.0.0.1', port)).toBe('EADDRINUSE')
    await new Promise((closed) => server.close(closed))
    expect(await bind('127.0.0.1', port)).toBeUndefined()
    expect(await bind('127.0.0.1', port)).toBeUndefined()
    expect(await bind('203.0.113.1', 0)).toBe('EADDRNOTAVAIL')
  })
})

describe('the doctor on the data directory', () => {
  test('makes nothing where nothing is', async () => {
    const directory = join(freshFolder(), 'a/b')
    const findings = await examined(['--data', directory])
    expect(on('data directory', findings)).toBe(`ok ${directory} is made by the first start`)
    expect(on('keys', findings)).toMatch(/^ok .*keys\.json is made by the first start$/)
    expect(on('store', findings)).toMatch(/^ok .*panoptes\.db is made by the first start$/)
    expect(existsSync(directory)).toBe(false)
  })

  test('finds one of an earlier start in order', async () => {
    const directory = freshFolder()
    await (await startPanoptes(['--data', directory])).stop()
    const before = readdirSync(directory)
    const findings = await examined(['--data', directory])
    expect(findings.filter(({ verdict }) => verdict !== 'ok')).toEqual([])
    expect(on('store', findings)).toMatch(/panoptes\.db is whole, and of this version$/)
    expect(readdirSync(directory)).toEqual(before)
  })

  test('fails for an older copy of the records, changes nothing there, and knows what --bump-epoch makes of it', async () => {
    const directory = freshFolder()
    const file = join(directory, 'panoptes.db')
    await (await startPanoptes(['--data', directory])).stop()
    const copy = readFileSync(file)
    await (await startPanoptes(['--data', directory])).stop()
    writeFileSync(file, copy)
    const number = readFileSync(`${file}-checkpoint`, 'utf8')
    const findings = await examined(['--data', directory])
    expect(failing(findings)).toEqual(['store'])
    expect(on('store', findings)).toMatch(/its records are older than .+, or start with --bump-epoch/)
    expect(failing(await examined(['--data', directory, '--bump-epoch']))).toEqual([])
    expect(failing(await examined(['--data', directory]))).toEqual(['store'])
    expect(readFileSync(file).equals(copy)).toBe(true)
    expect(readFileSync(`${file}-checkpoint`, 'utf8')).toBe(number)
  })

  test('fails for keys that others can read and for a store that is none', async () => {
    const directory = freshFolder()
    await (await startPanoptes(['--data', directory])).stop()
    chmodSync(join(directory, 'keys.json'), 0o644)
    writeFileSync(join(directory, 'panoptes.db'), 'no database at all, '.repeat(400))
    const findings = await examined(['--data', directory])
    expect(failing(findings)).toEqual(['keys', 'store'])
    expect(on('keys', findings)).toContain('allowed is mode 600')
    expect(on('store', findings)).toContain('panoptes.db')
  })

  test('fails for a file in its place', async () => {
    const path = join(freshFolder(), 'file')
    writeFileSync(path, '')
    expect(on('data directory', await examined(['--data', path]))).toMatch(/^fail .* is no directory/)
    expect(on('data directory', await examined(['--data', join(path, 'below')]))).toMatch(/^fail /)
  })

  test('looks at an empty Redis, and leaves it empty', async () => {
    await using redis = await startRedisServer()
    const folder = freshFolder()
    mkdirSync(join(folder, 'data'))
    writeFileSync(join(folder, 'own.yaml'), `store: ${redis.url.href}`)
    const findings = await examined(['--config', join(folder, 'own.yaml'), '--data', join(folder, 'data')])
    expect(on('store', findings)).toBe(`ok ${redis.url.host} answers, with records of this version or none`)
    const plain = new Redis(redis.url.href)
    onTestFinished(() => plain.disconnect())
    expect(await plain.dbsize()).toBe(0)
  })

  test('fails for a Redis that does not answer', async () => {
    const folder = freshFolder()
    mkdirSync(join(folder, 'data'))
    writeFileSync(join(folder, 'own.yaml'), 'store: redis://127.0.0.1:1')
    const findings = await examined(['--config', join(folder, 'own.yaml'), '--data', join(folder, 'data')])
    expect(on('store', findings)).toMatch(/^fail .*127\.0\.0\.1:1/)
  })
})

const clockOf = (findings: Awaited<ReturnType<typeof examined>>): readonly string[] =>
  findings.filter(({ about }) => about === 'clock').map(({ verdict, words }) => `${verdict} ${words}`)

describe('the doctor on the clock', () => {
  test('fails when the machine believes in a day before this program was written', async () => {
    const findings = await examined([], { now: () => Date.UTC(2020, 0, 1) })
    expect(on('clock', findings)).toMatch(
      /^fail it is 2020-01-01T00:00:00\.000Z here, before .* set the clock/,
    )
  })

  test.each([
    [0, 'ok', "the machine of the Panoptes that runs has this machine's time"],
    [-4_000, 'ok', "the machine of the Panoptes that runs has this machine's time"],
    [90_000, 'warn', "the Panoptes that runs has a clock 90 s ahead of this machine's; set both"],
    [-3_600_000, 'warn', "the Panoptes that runs has a clock 3600 s behind this machine's; set both"],
  ])('compares it with that of a Panoptes whose machine is %i ms ahead', async (aheadMs, verdict, words) => {
    const findings = await examined([], { ask: async () => metadata(today + aheadMs) })
    const [, second] = findings.filter(({ about }) => about === 'clock')
    expect(second).toMatchObject({ verdict, words: expect.stringContaining(words) })
  })

  test.each<[string, Answer]>([
    ['says no time', metadata(undefined)],
    ['is another program', { status: 200, at: 0, body: '<h1>It works!</h1>' }],
    ['says something else', { status: 200, at: 0, body: 'null' }],
    ['refuses', { ...metadata(0), status: 421 }],
  ])('does not compare it with what %s', async (_, answer) => {
    const findings = await examined([], { ask: async () => answer })
    expect(findings.filter(({ about }) => about === 'clock')).toHaveLength(1)
  })

  test('asks where this one would listen, by the name of the origin', async () => {
    const questions: Question[] = []
    const ask = async (question: Question): Promise<undefined> => void questions.push(question)
    await examined(['--host', '0.0.0.0', '--port', '8443', '--origin', 'https://panoptes.example'], { ask })
    await examined(['--port', '0'], { ask })
    expect(questions).toEqual([
      {
        protocol: 'http:',
        address: '127.0.0.1',
        port: 8443,
        host: 'panoptes.example',
        path: '/.well-known/oauth-authorization-server',
        ca: undefined,
      },
    ])
  })

  test('asks a Panoptes that runs, over TLS with the certificate that it keeps', async () => {
    const directory = freshFolder()
    await using service = await startPanoptes(['--tls', '--data', directory])
    const { port } = new URL(service.url)
    const real = thisMachine({ now: Date.now, randomBytes: machineWith().randomBytes })
    const findings = await examined(['--tls', '--data', directory, '--port', port], {
      ...real,
      addresses: () => [],
    })
    expect(failing(findings)).toEqual([])
    expect(on('public port', findings)).toMatch(/^warn .* a Panoptes answers/)
    expect(clockOf(findings)).toEqual([
      expect.stringMatching(/^ok it is /),
      "ok the machine of the Panoptes that runs has this machine's time",
    ])
    expect(on('certificate', findings)).toMatch(
      /^ok .* is for localhost, until \d{4}-\d\d-\d\d: 36[45] days left$/,
    )
  })

  test('knows of a clock that was moved on purpose', async () => {
    await using panoptes = await startLibrary()
    const { port } = new URL(panoptes.url)
    const { ask } = thisMachine({ now: Date.now, randomBytes: machineWith().randomBytes })
    const examine = () => examined(['--port', port], { ask, now: Date.now })
    expect(clockOf(await examine())).toHaveLength(2)
    await panoptes.clock.freeze()
    await panoptes.clock.advance('1h')
    expect(clockOf(await examine()).at(-1)).toMatch(
      /^warn .* has a clock of its own, 3[56]\d\d s ahead of this machine's and frozen; POST \/emulator\/clock\/reset/,
    )
  })

  test('is not held up by a server that never answers', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    onTestFinished(() => silent.closeAllConnections())
    onTestFinished(() => void silent.close())
    await new Promise((listening) => silent.once('listening', listening))
    const { port } = silent.address() as AddressInfo
    const { bind, ask } = thisMachine({ now: Date.now, randomBytes: machineWith().randomBytes })
    const findings = await examined(['--port', String(port)], { bind, ask })
    expect(on('public port', findings)).toMatch(/^fail .* is taken by another program/)
  })
})
