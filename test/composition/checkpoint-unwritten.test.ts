import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connectMeraki } from '../steps/requests.ts'
import { startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { scrape } from '../support/scrape.ts'

function numberIn(data: string): number {
  const database = new DatabaseSync(join(data, 'panoptes.db'), { readOnly: true })
  try {
    return Number(database.prepare('SELECT number FROM checkpoint').get()?.['number'])
  } finally {
    database.close()
  }
}

test('a checkpoint that cannot be written is told once in the log and shown by a metric, and so is its end', async () => {
  const data = mkdtempSync(join(tmpdir(), 'panoptes-unwritten-'))
  onTestFinished(() => rmSync(data, { recursive: true }))
  await using service = await startPanoptes(['--data', data, '--limits', 'off'])
  const file = join(data, 'panoptes.db-checkpoint')
  const told = (): readonly object[] =>
    service.log.filter((entry) => JSON.stringify(entry).includes('checkpoint-'))
  const isBehind = async (): Promise<number> =>
    (await scrape(service)).value('panoptes_checkpoint_behind', {})
  const change = (): Promise<unknown> => connectMeraki(service, new Person())
  await change()
  expect([told(), await isBehind()]).toEqual([[], 0])

  await vi.waitFor(() => {
    rmSync(file, { force: true })
    mkdirSync(file)
  })
  await change()
  await vi.waitFor(() => expect(told()).toHaveLength(1), { timeout: 10_000 })
  expect(told()).toEqual([
    {
      event: 'checkpoint-unwritten',
      error: expect.stringContaining(file),
      words: expect.stringContaining('tried again each second'),
    },
  ])
  expect(await isBehind()).toBe(1)
  // Tried again meanwhile, each time with another number, and told no more.
  const before = numberIn(data)
  await vi.waitFor(() => expect(numberIn(data)).toBeGreaterThan(before + 1), { timeout: 10_000 })
  expect(told()).toHaveLength(1)
  rmSync(file, { recursive: true })
  await vi.waitFor(() => expect(told()).toHaveLength(2), { timeout: 10_000 })
  expect(told()[1]).toEqual({ event: 'checkpoint-written' })
  expect(Number(readFileSync(file, 'utf8'))).toBeGreaterThan(1)
  expect(await isBehind()).toBe(0)
})
