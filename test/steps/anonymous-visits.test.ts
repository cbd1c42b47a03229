import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import { openStore } from '#store/open-store.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { askForCode, askForDevice } from './requests.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const rows = (path: string): number => {
  const database = new DatabaseSync(path, { readOnly: true })
  const found = database.prepare('SELECT count(*) AS rows FROM record').get() as { rows: number }
  database.close()
  return found.rows
}

/** Purges the file as the service would so many seconds later. */
async function purgeLater(path: string, seconds: number): Promise<void> {
  const { store } = await openStore(
    { kind: 'sqlite', path },
    { clock: { now: () => Date.now() + seconds * 1000 }, random: (size) => new Uint8Array(size) },
  )
  await store.purge(10_000)
  await store.close()
}

/** Starts on a file, lets strangers visit, and stops. @returns the path of the file, and how many rows stood there before */
async function visited(
  visit: (service: RunningPanoptes) => Promise<unknown>,
): Promise<{ path: string; before: number; after: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'panoptes-visits-'))
  folders.push(directory)
  const path = join(directory, 'panoptes.db')
  await using service = await startPanoptes(['--data', directory])
  const before = rows(path)
  for (let round = 0; round < 20; round += 1) await visit(service)
  const after = rows(path)
  await service.stop()
  return { path, before, after }
}

describe('visits of strangers leave no rows for long, security-cases L04', () => {
  test.each<[string, (service: RunningPanoptes) => Promise<unknown>, number]>([
    ['the device page', (service) => new Person().open(`${service.url}/oauth2/device`), 905],
    ['the sign-out page', (service) => new Person().open(`${service.url}/oauth2/logout`), 905],
    ['an authorization request', (service) => new Person().open(askForCode(service).href), 905],
    ['a device authorization', askForDevice, 905],
  ])('%s', async (_, visit, seconds) => {
    const { path, before, after } = await visited(visit)
    expect(after - before).toBeLessThanOrEqual(20 * 3)
    await purgeLater(path, seconds)
    expect(rows(path)).toBe(before)
  })

  test.each([
    ['the account page', '/account'],
    ['its sign-in page', '/account/sign-in'],
    ['the landing page', '/'],
    ['an address where nothing is', '/nothing-here'],
  ])('%s leaves none at all', async (_, path) => {
    const { before, after } = await visited((service) => new Person().open(`${service.url}${path}`))
    expect(after).toBe(before)
  })
})
