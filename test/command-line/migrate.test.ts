import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openStore, type StoreSettings } from '#store/open-store.ts'
import { carry, migrate } from '../../src/command-line/migrate.ts'
import { connect, integrations } from '../flow/integrations.ts'
import { callV7 } from '../flow/v7.ts'
import { machineSurroundings } from '../support/machine-surroundings.ts'
import { startPanoptes } from '../support/panoptes.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedisServer()
})
afterAll(() => redis?.[Symbol.asyncDispose]())

async function run(...args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const texts: string[] = []
  const code = await migrate(args, {
    surroundings: machineSurroundings,
    print: (text) => void texts.push(text),
  })
  return { code, text: texts.join('\n') }
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-migrate-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function withStore(
  settings: StoreSettings,
  work: (opened: Awaited<ReturnType<typeof openStore>>) => Promise<void>,
): Promise<void> {
  const opened = await openStore(settings, { clock: machineSurroundings.clock, random: randomBytes })
  try {
    await work(opened)
  } finally {
    await opened.store.close()
  }
}

const fileOf = (folder: string): StoreSettings => ({ kind: 'sqlite', path: join(folder, 'panoptes.db') })

/** A database with some records of two kinds, one of which has expired. */
async function newSource(): Promise<string> {
  const folder = newFolder()
  const expiresAt = Date.now() + 60_000
  await withStore(fileOf(folder), async ({ store }) => {
    const put = { kind: 'put', expected: 'any', value: 'zo\u00eb\n"1"', expiresAt } as const
    await store.commit([
      { ...put, key: 'grant:a', indexes: ['grants', 'grants-of-user:us1.1'] },
      { ...put, key: 'grant:b', indexes: ['grants'] },
      { ...put, key: 'user:us1.1' },
      { ...put, key: 'limits:gone', expiresAt: Date.now() - 1 },
    ])
  })
  return folder
}

describe('panoptes migrate', () => {
  test('carries connections, users and v7 objects from a data directory to Redis and back', async () => {
    const [integration] = integrations
    if (!integration) throw new Error('no integration')
    const data = newFolder()
    const first = await startPanoptes(['--data', data])
    const tokens = await connect(first, integration)
    await first.stop()

    const there = await run('--from', `sqlite:${data}`, '--to', redis.url.href, '--json')
    const told = JSON.parse(there.text) as { records: number; counts: Record<string, number> }
    expect(told.counts).toMatchObject({ grant: 1, user: expect.any(Number), v7: expect.any(Number) })
    const sum = Object.values(told.counts).reduce((all, one) => all + one, 0)
    expect(told.records).toBe(sum)

    const second = await startPanoptes(['--data', data], { PANOPTES_STORE: redis.url.href })
    expect((await callV7(second, tokens.access_token, '/v7/account-groups')).status).toBe(200)
    const refreshed = await integration.refresh(second, tokens.refresh_token)
    await second.stop()

    const back = join(data, 'back.db')
    expect((await run('--from', redis.url.href, '--to', `sqlite:${back}`)).text).toMatch(/^grant +1$/m)
    rmSync(join(data, 'panoptes.db'))
    for (const end of ['-wal', '-shm']) rmSync(join(data, `panoptes.db${end}`), { force: true })
    const renamed = join(data, 'panoptes.db')
    await run('--from', `sqlite:${back}`, '--to', `sqlite:${renamed}`)
    const third = await startPanoptes(['--data', data])
    expect((await callV7(third, refreshed.access_token, '/v7/account-groups')).status).toBe(200)
    await third.stop()
  })

  test('compares records, indexes included, leaves what has expired, and counts by kind', async () => {
    const source = await newSource()
    const target = newFolder()
    const { code, text } = await run('--from', `sqlite:${source}`, '--to', `sqlite:${target}`)
    expect(code).toBe(0)
    expect(text.split('\n').slice(0, 3)).toEqual([
      `grant${' '.repeat(24)}2`,
      `user${' '.repeat(25)}1`,
      `all, compared${' '.repeat(16)}3`,
    ])
    await withStore(fileOf(target), async ({ store }) => {
      expect((await store.list('grants')).map(({ key }) => key)).toEqual(['grant:a', 'grant:b'])
      expect(await store.list('grants-of-user:us1.1')).toMatchObject([{ value: 'zo\u00eb\n"1"' }])
      expect(await store.read(['limits:gone'])).toEqual([undefined])
    })
  })

  test('begins a checkpoint at the target, leaves that of the source, and refuses an older copy', async () => {
    const checkpointIn = (folder: string): string =>
      readFileSync(join(folder, 'panoptes.db-checkpoint'), 'utf8').trim()
    const source = await newSource()
    const copy = readFileSync(join(source, 'panoptes.db'))
    await withStore(fileOf(source), async ({ store }) => {
      await store.commit([{ kind: 'delete', key: 'grant:a' }])
    })
    const before = checkpointIn(source)
    const target = newFolder()
    await run('--from', `sqlite:${source}`, '--to', `sqlite:${target}`)
    expect(checkpointIn(source)).toBe(before)
    expect(Number(checkpointIn(target))).toBeGreaterThan(0)
    await withStore(fileOf(target), async ({ store }) => {
      expect(await store.read(['grant:a', 'grant:b'])).toMatchObject([undefined, { key: 'grant:b' }])
    })
    writeFileSync(join(source, 'panoptes.db'), copy)
    await expect(run('--from', `sqlite:${source}`, '--to', `sqlite:${newFolder()}`)).rejects.toThrow(
      'its records are older than',
    )
    expect(checkpointIn(source)).toBe(before)
  })

  test('carries records of schema version 1 over within their Redis, which no start uses before', async () => {
    await using own = await startRedisServer()
    const plain = new Redis(own.url.href)
    onTestFinished(() => plain.disconnect())
    const ends = Date.now() + 60_000
    const [older, expired] = [`old.1 ${ends} ["grants"]\nzo\u00eb`, `old.2 ${Date.now() - 1} []\ngone`]
    await plain.mset(
      'panoptes:schema',
      '1',
      'panoptes:record:grant:a',
      older,
      'panoptes:record:limits:b',
      expired,
    )
    await plain.zadd('panoptes:expiry', ends, 'grant:a', 1, 'limits:b')
    const settings = { kind: 'redis', address: own.address, replicas: 0 } as const
    await expect(startPanoptes(['--data', newFolder()], { PANOPTES_STORE: own.url.href })).rejects.toThrow(
      `Redis at ${own.url.host} cannot be used: its records are of schema version 1; stop all nodes and carry them over with panoptes migrate`,
    )
    const { text } = await run('--from', own.url.href, '--to', own.url.href)
    expect(text).toMatch(/^all, compared +1$/m)
    expect(text).toContain('stays there under panoptes:*')
    await withStore(settings, async ({ store }) => {
      expect(await store.read(['grant:a', 'limits:b'])).toMatchObject([
        { value: 'zo\u00eb', expiresAt: ends },
        undefined,
      ])
      expect((await store.list('grants')).map(({ key }) => key)).toEqual(['grant:a'])
    })
    await expect(run('--from', own.url.href, '--to', own.url.href)).rejects.toThrow(
      'found a store with 1 records',
    )
  })

  test('refuses a target that holds something, and changes nothing there', async () => {
    const source = await newSource()
    const target = await newSource()
    await expect(run('--from', `sqlite:${source}`, '--to', `sqlite:${target}`)).rejects.toThrow(
      '--to: found a store with 3 records; allowed is an empty one',
    )
  })

  test.each<[string, readonly string[], string]>([
    ['no source', ['--to', 'sqlite:x'], '--from: found nothing; allowed are sqlite:DIR'],
    [
      'an unknown kind',
      ['--from', 'mysql://db', '--to', 'sqlite:x'],
      '--from: found "mysql://db"; allowed are',
    ],
    ['an unknown option', ['--form', 'x'], "Unknown option '--form'; allowed are --from --to --json"],
    ['one store twice', ['--from', 'sqlite:x', '--to', 'sqlite:x/panoptes.db'], 'found the same store'],
    [
      'no database',
      ['--from', 'sqlite:/nowhere', '--to', 'redis://h'],
      'no database at /nowhere/panoptes.db',
    ],
  ])('refuses %s in one line', async (_, args, words) => {
    await expect(run(...args)).rejects.toThrow(words)
  })

  test('shows no password of a place that it refuses', async () => {
    const refused = await run('--from', 'http://me:secret@host', '--to', 'sqlite:x').catch(String)
    expect(refused).toContain('a value that is not shown here')
    expect(refused).not.toContain('secret')
  })

  test('leaves an empty target when the source changed meanwhile', async () => {
    const parts = { clock: machineSurroundings.clock, random: randomBytes }
    const from = await openStore({ kind: 'memory' }, parts)
    const to = await openStore({ kind: 'memory' }, parts)
    const put = { kind: 'put', expected: 'any', value: '', expiresAt: Date.now() + 60_000 } as const
    await from.store.commit([{ ...put, key: 'grant:a' }])
    // Somebody who still uses the source writes right after it was read.
    const images = {
      ...from.images,
      async take() {
        const image = await from.images.take()
        await from.store.commit([{ ...put, key: 'grant:b' }])
        return image
      },
    }
    await expect(carry({ ...from, images }, to, Date.now)).rejects.toThrow(
      'grant:b changed meanwhile: stop what uses the store, and migrate again',
    )
    expect(await to.images.take()).toEqual([])
  })

  test('creates no database where it finds none to read, nor one from a damaged one', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'panoptes.db'), 'this is no database')
    const target = newFolder()
    const failure = await run('--from', `sqlite:${folder}`, '--to', `sqlite:${target}`).catch(String)
    expect(failure).toContain('cannot use the database')
    expect(existsSync(join(target, 'panoptes.db'))).toBe(false)
  })
})
